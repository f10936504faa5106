"""An event loop in which time is a number: when nothing is ready, the clock jumps to the next timer.

Callbacks run in the order in which asyncio would run them. What is left to chance is how long each simulated
command, query and frame takes, so whatever order comes about is one that a real loop could have had.
"""

import asyncio
from asyncio import events
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

START_SECONDS = 1_000.0
"""What the loop's clock shows at first: not 0, which some code takes for never."""

KICKOFF = datetime(2026, 1, 16, 17, tzinfo=UTC)
"""What a clock on the wall shows at `START_SECONDS`."""

MAX_TURNS = 300_000
"""Of the loop in one run; more means that something asks again and again without ever waiting."""

T = TypeVar("T")


class Stuck(Exception):
    """Nothing is left that could ever happen, or something happens without end."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without sockets, threads and waiting. One run of it."""

    def __init__(self) -> None:
        super().__init__()
        self._now = START_SECONDS
        self._turns = 0
        self._selector = self
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._now

    def wall(self) -> float:
        """Seconds since 1970, for those who ask the operating system."""
        return KICKOFF.timestamp() + self.elapsed()

    def elapsed(self) -> float:
        """Seconds since the loop was made."""
        return self._now - START_SECONDS

    def select(self, timeout: float | None) -> list[Any]:
        """Called by the base class where it would wait for sockets."""
        self._turns += 1
        if timeout is None or self._turns > MAX_TURNS:
            raise Stuck("Nothing is left to wait for." if timeout is None else "The run does not end.")
        self._now += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none: nothing here has a file descriptor."""

    def _write_to_self(self) -> None:
        """Nobody needs to be woken: there is one thread."""

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """The result of `main`. What still runs then is cancelled, and may not come back."""
        self.set_exception_handler(lambda _loop, _context: None)
        events.set_event_loop(self)
        try:
            return self.run_until_complete(main)
        finally:
            self._cancel_rest()
            events.set_event_loop(None)
            self.close()

    def _cancel_rest(self) -> None:
        rest = asyncio.all_tasks(self)
        for task in rest:
            task.cancel()
        if rest:
            self.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        self.run_until_complete(self.shutdown_asyncgens())
