"""Lets time conditions fire by themselves, on time, with nobody looking."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from hunt.clock import Clock
from hunt.game.commands import CatchUp
from hunt.game.conditions import moments
from hunt.log.tail import Tail
from hunt.log.writer import Overloaded, Unavailable, Writer

TICK_SECONDS = 5.0
"""The longest that a moment may be slept towards at once, so that a clock that jumps is noticed."""

CATCH_UP_TEAMS = 25
"""Teams in one command, so that guesses get their turn in between."""


class Timekeeper:
    """Gives teams what they are entitled to. `on_moment` is called after each moment, for what else time changes.

    A process without a `writer` appends nothing: others do, and it hears of it.
    """

    def __init__(self, tail: Tail, writer: Writer | None, clock: Clock, on_moment: Callable[[], None]) -> None:
        self.tail = tail
        self.writer = writer
        self.clock = clock
        self.on_moment = on_moment
        self._changed = asyncio.Event()

    def look_again(self) -> None:
        """The hunt or the log is another one: other moments may have come, or come about again."""
        self._changed.set()

    async def run(self) -> None:
        """Catch up at the start, after a change of the hunt, and at every moment of it, until cancelled."""
        while True:
            now = self.clock()  # before: a moment that comes while teams catch up is waited for, and so not missed
            if self.writer is not None:
                await self._catch_up_all(self.writer)
            self.on_moment()
            await self._sleep_until(self._next_moment(now))

    def _next_moment(self, now: datetime) -> datetime:
        """The first moment after `now` at which something may come about by itself."""
        hunt = self.tail.board.hunt
        ends = [hunt.end] if hunt.end else []
        later = [moment for moment in (*moments(hunt), *ends) if moment > now]
        return min(later, default=datetime.max.replace(tzinfo=UTC))

    async def _sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self.clock()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(min(left, TICK_SECONDS)):
                    await self._changed.wait()
                self._changed.clear()
            except TimeoutError:
                continue
            else:
                return

    async def _catch_up_all(self, writer: Writer) -> None:
        teams = sorted(self.tail.board.teams)
        for start in range(0, len(teams), CATCH_UP_TEAMS):
            await _catch_up(writer, tuple(teams[start : start + CATCH_UP_TEAMS]))


async def _catch_up(writer: Writer, teams: tuple[int, ...]) -> None:
    while True:
        try:
            await writer.submit(CatchUp(teams=teams))
        except (Overloaded, Unavailable) as refusal:
            await asyncio.sleep(refusal.retry_after)
        else:
            return
