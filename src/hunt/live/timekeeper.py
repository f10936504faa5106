"""Lets time conditions fire by themselves, on time, with nobody looking."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from hunt.clock import Clock
from hunt.game.commands import CatchUp
from hunt.game.conditions import moments
from hunt.log.tail import Tail
from hunt.log.writer import CommandFailed, Overloaded, Unavailable, Writer

TICK_SECONDS = 5.0
"""The longest that a moment may be slept towards at once, so that a clock that jumps is noticed."""

CATCH_UP_TEAMS = 25
"""Teams in one command, so that guesses get their turn in between."""

RETRY_SECONDS = 60.0
"""Until everything is tried again where something was found to be broken."""

logger = structlog.get_logger()


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
            failed = await self._catch_up_all(self.writer) if self.writer else []
            self.on_moment()
            moment = self._next_moment(now)
            await self._sleep_until(min(moment, now + timedelta(seconds=RETRY_SECONDS)) if failed else moment)

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

    async def _catch_up_all(self, writer: Writer) -> list[int]:
        """The teams that could not be caught up. Nobody else goes without on their account."""
        teams = sorted(self.tail.board.teams)
        chunks = [tuple(teams[start : start + CATCH_UP_TEAMS]) for start in range(0, len(teams), CATCH_UP_TEAMS)]
        doubtful = [team for chunk in chunks if not await _catch_up(writer, chunk) for team in chunk]
        failed = [team for team in doubtful if not await _catch_up(writer, (team,))]
        if failed:
            logger.error("catch_up_failed", teams=failed)
        return failed


async def _catch_up(writer: Writer, teams: tuple[int, ...]) -> bool:
    """Whether it could be done; the writer tells why not."""
    while True:
        try:
            await writer.submit(CatchUp(teams=teams))
        except (Overloaded, Unavailable) as refusal:
            await asyncio.sleep(refusal.retry_after)
        except CommandFailed:
            return False
        else:
            return True
