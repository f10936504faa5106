"""Keeps this process's view of the log moving, whoever wrote to it, and lets time conditions fire.

Own commits reach the tail at once. Those of other processes come by the replica's stream where there is one, and in
any case by reading SQL again every `POLL_SECONDS`, which also heals a message that was never published.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from hunt.clock import Clock
from hunt.content.model import Hunt
from hunt.game.commands import CatchUp
from hunt.game.conditions import moments
from hunt.game.entries import BrokenChain, Entry, check_chain
from hunt.log.database import append_transaction
from hunt.log.history import read_more, refold
from hunt.log.tail import Gap, Tail
from hunt.log.writer import Overloaded, Unavailable, Writer
from hunt.replica import Away, Unreadable

POLL_SECONDS = 0.5
"""How often SQL is asked for entries of others: what a page may be late when nothing else tells of them."""

MAX_LATE_SECONDS = 10.0
"""Without an answer from SQL for so long this process is not ready."""

REACH_SECONDS = 2.0
"""The longest that somebody waits for this process to be as new as they are."""

TICK_SECONDS = 5.0
"""The longest that a moment may be slept towards at once, so that a clock that jumps is noticed."""

CATCH_UP_TEAMS = 25
"""Teams in one command, so that guesses get their turn in between."""

STREAM_BLOCK_MILLISECONDS = 2_000
STREAM_ENTRIES = 500
STREAM_PAUSE_SECONDS = 1.0
"""Between attempts while the replica does not answer; SQL is polled meanwhile."""

logger = structlog.get_logger()

ReadStream = Callable[[int, int, int], Awaitable[list[Entry]]]
"""(after, block milliseconds, count) → the replica's entries after that id, waiting for one."""


async def _nothing() -> None:
    """What there is to refresh until somebody says."""


class Feed:
    """Tasks that feed the tail. `refresh` is called with every poll, for what else others may have changed."""

    def __init__(self, engine: AsyncEngine, tail: Tail, writer: Writer, clock: Clock) -> None:
        self.engine = engine
        self.tail = tail
        self.writer = writer
        self.clock = clock
        self.refresh: Callable[[], Awaitable[None]] = _nothing
        self.on_moment: Callable[[], None] = lambda: None
        self._polling = asyncio.Lock()
        self._polls_begun = self._polls_done = 0
        self._polled_at: datetime | None = None
        self._hunt_changed = asyncio.Event()

    @property
    def is_current(self) -> bool:
        """Whether SQL answered lately."""
        if self._polled_at is None:
            return False
        return (self.clock() - self._polled_at).total_seconds() < MAX_LATE_SECONDS

    async def poll(self) -> None:
        """Read on in SQL, once for all who ask at the same time: a poll that began after one asked will do."""
        wanted = self._polls_begun + 1
        async with self._polling:
            if self._polls_done >= wanted:
                return
            self._polls_begun = number = self._polls_begun + 1
            await read_more(self.engine, self.tail)
            await self.refresh()
            self._polls_done, self._polled_at = number, self.clock()

    async def reach(self, id: int) -> None:
        """Be at `id` or beyond it, if the log is: SQL is read when this process is behind.

        Raises what a database that does not answer raises, TimeoutError after `REACH_SECONDS`.
        """
        if self.tail.head < id:
            async with asyncio.timeout(REACH_SECONDS):
                await self.poll()

    async def change_hunt(self, hunt: Hunt) -> None:
        """Play by another version of the hunt from now on; everything is folded again under its rules."""
        async with self._polling, append_transaction(self.engine) as connection:  # nobody appends meanwhile
            await refold(connection, self.tail, hunt)
        self._hunt_changed.set()

    async def run(self, read_stream: ReadStream | None) -> None:
        """Poll, follow the stream and keep time until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_polling())
            tasks.create_task(self._keep_time())
            if read_stream:
                tasks.create_task(self._follow(read_stream))

    async def _keep_polling(self) -> None:
        while True:
            try:
                await self.poll()
            except (SQLAlchemyError, OSError, Gap) as error:
                logger.warning("poll_failed", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _follow(self, read_stream: ReadStream) -> None:
        while True:
            head, digest = self.tail.head, self.tail.digest
            try:
                entries = await read_stream(head, STREAM_BLOCK_MILLISECONDS, STREAM_ENTRIES)
                check_chain(head, digest, entries)
                self.tail.accept(entries)
            except Away:
                await asyncio.sleep(STREAM_PAUSE_SECONDS)
            except (BrokenChain, Gap, Unreadable) as error:  # the next poll reads SQL instead
                logger.info("stream_refused", error=str(error))
                await asyncio.sleep(STREAM_PAUSE_SECONDS)

    async def _keep_time(self) -> None:
        """Give teams what they are entitled to: at the start, after a change of the hunt, and at every moment of it."""
        while True:
            now = self.clock()  # before: a moment that comes while teams catch up is waited for, and so not missed
            await self._catch_up_all()
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
                    await self._hunt_changed.wait()
                self._hunt_changed.clear()
            except TimeoutError:
                continue
            else:
                return

    async def _catch_up_all(self) -> None:
        teams = sorted(self.tail.board.teams)
        for start in range(0, len(teams), CATCH_UP_TEAMS):
            await self._catch_up(tuple(teams[start : start + CATCH_UP_TEAMS]))

    async def _catch_up(self, teams: tuple[int, ...]) -> None:
        while True:
            try:
                await self.writer.submit(CatchUp(teams=teams))
            except (Overloaded, Unavailable) as refusal:
                await asyncio.sleep(refusal.retry_after)
            else:
                return
