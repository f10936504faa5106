"""How many files a process may have open: each connection is one."""

import errno
import os

import structlog

logger = structlog.get_logger()

MANY_FILES = 20_000
"""More than a process can use."""


def open_files() -> int:
    """How many files this process may have open."""
    try:
        import resource  # noqa: PLC0415 - only where there is POSIX
    except ImportError:
        return MANY_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MANY_FILES if soft == resource.RLIM_INFINITY else soft


def raise_open_files() -> None:
    """Allow this process as many open files as the system lets it have, up to what it can use."""
    try:
        import resource  # noqa: PLC0415 - only where there is POSIX
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class FileWatch:
    """Says once per outage that no more files can be opened: the event loop drops connections then without a word."""

    def __init__(self) -> None:
        self._is_out = False

    async def __call__(self) -> None:
        """Try; uvicorn calls this each second."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE}:
                raise
            if not self._is_out:
                logger.warning("out_of_files", error=error.strerror, limit=open_files())
            self._is_out = True
        else:
            self._is_out = False
