"""What the commands share: failing with a sentence, and the services of a process that is no server."""

import asyncio
import csv
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from hunt.accounts.errors import BadAccount
from hunt.content import HuntUnreadable, Loaded, load
from hunt.game.entries import BrokenChain
from hunt.game.refusals import Refused
from hunt.headless import Headless, headless
from hunt.log import transfer, writer
from hunt.log.database import DatabaseAway, reason_of
from hunt.log.migrations import SchemaMismatch
from hunt.log.source import LogAway
from hunt.settings import BadSetting, Settings

T = TypeVar("T")

EXPECTED = (
    BadSetting,
    BadAccount,
    Refused,
    SchemaMismatch,
    writer.Unavailable,
    BrokenChain,
    transfer.NotEmpty,
    transfer.BadLine,
    LogAway,
    OSError,
    UnicodeDecodeError,
    csv.Error,
)
"""What a person can get wrong, or a machine; told in a sentence."""


class Failure(click.ClickException):
    """Ends a command with exit status 1 and a sentence."""

    def show(self, file: TextIO | None = None) -> None:  # type: ignore[override] # click says IO[Any]
        click.echo(self.message, file=file or sys.stderr)


@contextmanager
def plainly() -> Iterator[None]:
    """Turns what can be expected to fail into a sentence."""
    try:
        yield
    except HuntUnreadable as error:
        raise Failure("\n".join(map(str, error.problems))) from None
    except DatabaseAway as error:
        raise Failure(f"{error} See HUNT_DATABASE_URL.") from None
    except SQLAlchemyError as error:
        raise Failure(f"The database did not do this: {reason_of(error)}.") from None
    except writer.CommandFailed as failure:
        if not isinstance(failure.error, SQLAlchemyError):
            raise
        raise Failure(f"The database did not do this: {reason_of(failure.error)}.") from None
    except BrokenPipeError:  # whoever reads has seen enough; click ends quietly
        raise
    except EXPECTED as error:
        raise Failure(str(error) or type(error).__name__) from None


class PlainGroup(click.Group):
    """Commands that fail with a sentence, also where there is no room for what they print."""

    def invoke(self, ctx: click.Context) -> Any:
        with plainly():
            try:
                return super().invoke(ctx)
            finally:
                _finish_output()


def _finish_output() -> None:
    try:
        if sys.stdout is not None:  # it was closed by whoever started this
            sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            sys.stdout.close()  # else Python tries again as it ends, and complains in its own words
        raise


def hunt_of(settings: Settings) -> Loaded:
    """The hunt in HUNT_CONTENT; BadSetting where there is none."""
    try:
        return load(settings.content)
    except HuntUnreadable as error:
        raise BadSetting(f"HUNT_CONTENT is {settings.content}, which holds no hunt: {error.problems[0]}.") from None


def with_data(work: Callable[[Headless], Awaitable[T]]) -> T:
    """Do something with the log and its writer, beside a server that may be running."""

    async def inside() -> T:
        settings = Settings.from_environment(os.environ)
        async with headless(settings, hunt_of(settings).hunt) as data:
            return await work(data)

    return asyncio.run(inside())


def plural(count: int, noun: str) -> str:
    """`1 team`, `2 teams`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
