"""What the server says while it runs: lines on standard error, for people at a terminal and JSON for machines."""

import asyncio
import logging
import sys

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer


def configure() -> None:
    """Send every log line to standard error; standard output belongs to what a command prints."""
    is_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if is_terminal else [_TRACEBACKS]),
            _FOR_PEOPLE if is_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)
    logging.captureWarnings(True)
    logging.getLogger().handlers[:] = [_FromLibraries(logging.WARNING)]


class _FromLibraries(logging.Handler):
    """Passes on what libraries log, so that every line has one form."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(logging.WARNING, min(record.levelno, logging.ERROR))
        structlog.get_logger().log(
            level, "library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info
        )


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Not what a client did (a refused or broken handshake, bytes that are no text), nor what was ended by a stop."""
    is_cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not is_cancelled and not any(words in record.getMessage() for words in _OF_CLIENTS)


_OF_CLIENTS = ("returned without completing handshake", "Invalid UTF-8 sequence")


# Without the values of variables: among them are passwords, cookies and tokens.
_TRACEBACKS = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
_FOR_PEOPLE = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
