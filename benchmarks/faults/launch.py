"""`hunt serve` as a process that can be told to fail: `python -m benchmarks.faults.launch --control DIR`.

A file in the control folder asks for something: `crash-before-commit`, `crash-after-commit` and `crash-after-publish`
once each, `suppress-publish` for as long as it is there, and `clock` holds the seconds by which this process's clock is
wrong. Settings come from the environment, as for `hunt serve`.
"""

import argparse
import importlib
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import click

from hunt import clock

CRASH_BEFORE_COMMIT = "crash-before-commit"
CRASH_AFTER_COMMIT = "crash-after-commit"
CRASH_AFTER_PUBLISH = "crash-after-publish"
SUPPRESS_PUBLISH = "suppress-publish"
CLOCK = "clock"

BUFFER_BYTES = 32 * 1024
"""That the kernel keeps for a client which does not read."""

LOOK_SECONDS = 0.05
"""How old what is known of the clock's file may be: the time is asked for very often."""


class Control:
    """The folder through which the harness speaks to this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._looked_at = float("-inf")
        self._offset = timedelta(0)

    def asks(self, name: str) -> bool:
        return (self.folder / name).exists()

    def takes(self, name: str) -> bool:
        """Whether this is asked for; the file is gone afterwards."""
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return False
        return True

    @property
    def offset(self) -> timedelta:
        """How wrong the clock is."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            try:
                self._offset = timedelta(seconds=float((self.folder / CLOCK).read_text()))
            except (FileNotFoundError, ValueError):
                self._offset = timedelta(0)
        return self._offset


def die() -> NoReturn:
    """End as a machine does that loses its power: nothing is told, nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit


def wrap(owner: Any, name: str, around: Callable[[Any], Any]) -> None:
    """Put `around(it)` in the place of the attribute; AttributeError where there is none of that name."""
    setattr(owner, name, around(getattr(owner, name)))


def spoil_clock(control: Control) -> None:
    """Before anything else of the server is imported, for its parts take the clock as a default."""
    true_now = clock.now

    def now() -> datetime:
        return true_now() + control.offset

    wrap(clock, "now", lambda _now: now)


def crash_points(control: Control) -> None:
    writer = importlib.import_module("hunt.log.writer")
    publisher = importlib.import_module("hunt.replica.publisher")

    def before_commit(insert: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def inserting(attempt: Any) -> None:
            await insert(attempt)
            if attempt.ahead.entries and control.takes(CRASH_BEFORE_COMMIT):
                die()

        return inserting

    def after_commit(answer: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def answering(self: Any, attempt: Any) -> None:
            if attempt.ahead.entries and control.takes(CRASH_AFTER_COMMIT):
                die()
            answer(self, attempt)

        return answering

    def after_publish(push: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
        async def pushing(self: Any, run: Any) -> None:
            await push(self, run)
            if control.takes(CRASH_AFTER_PUBLISH):
                die()

        return pushing

    def unless_suppressed(publish: Callable[[Any, Any, str], None]) -> Callable[[Any, Any, str], None]:
        def publishing(self: Any, entries: Any, previous_digest: str) -> None:
            if not control.asks(SUPPRESS_PUBLISH):
                publish(self, entries, previous_digest)

        return publishing

    wrap(writer._Attempt, "insert", before_commit)
    wrap(writer.Writer, "_answer", after_commit)
    wrap(publisher.Publisher, "_push", after_publish)
    wrap(publisher.Publisher, "publish", unless_suppressed)


def hurry(slow_seconds: float, head_seconds: float) -> None:
    """Lower what a run cannot wait for."""
    connection = importlib.import_module("hunt.live.connection")
    wrap(connection, "SLOW_SECONDS", lambda _: slow_seconds)
    wrap(connection, "HEAD_SECONDS", lambda _: head_seconds)


def keep_buffers_small() -> None:
    """So that a client that stops reading is felt after a second of traffic, not after megabytes."""
    uvicorn = importlib.import_module("uvicorn")

    def small(run: Callable[..., None]) -> Callable[..., None]:
        def running(server: Any, listeners: list[socket.socket]) -> None:
            for listener in listeners:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            run(server, listeners)

        return running

    wrap(uvicorn.Server, "run", small)


def migrate() -> None:
    """`hunt migrate`; where PostgreSQL is away this ends as that does, with a sentence, and is started again."""
    try:
        importlib.import_module("hunt.cli").main(["migrate"], standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=Path, required=True, metavar="DIR")
    parser.add_argument("--slow-seconds", type=float, required=True)
    parser.add_argument("--head-seconds", type=float, required=True)
    parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")
    parser.add_argument("--plant", metavar="NAME", help="a bug to put in")
    options = parser.parse_args()
    control = Control(options.control)
    spoil_clock(control)
    if options.migrate:
        migrate()
    crash_points(control)
    hurry(options.slow_seconds, options.head_seconds)
    keep_buffers_small()
    if options.plant:
        importlib.import_module("benchmarks.faults.planted").plant(options.plant)
    importlib.import_module("hunt.cli").main(["serve"])


if __name__ == "__main__":
    main()
