"""Keeps this process's view of the log moving, whoever wrote to it.

Own commits reach the tail at once. Those of other processes come by the replica's stream where there is one, and in
any case by reading the log again, which also heals a message that was never published.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hunt.game.board import Board
from hunt.game.entries import BrokenChain, Entry, check_chain
from hunt.log.history import catch_up
from hunt.log.source import LogAway, Source
from hunt.log.tail import Gap, Tail
from hunt.replica import Unreadable

POLL_SECONDS = 0.5
"""How often the log is asked for entries of others: what a page may be late when nothing else tells of them."""

BUSY_POLL_SECONDS = 0.05
"""The same without a stream, after a poll that brought something; it doubles with each that does not."""

MAX_LATE_SECONDS = 10.0
"""Without an answer from the log for so long this process is not ready, and takes no new sockets."""

REACH_SECONDS = 2.0
"""The longest that somebody waits for this process to be as new as they are."""

STREAM_BLOCK_MILLISECONDS = 2_000
STREAM_ENTRIES = 2_000
"""More than a batch of the publisher: what goes beyond is read from the log."""
STREAM_PAUSE_SECONDS = 1.0
"""Between attempts while the replica does not answer; the log is polled meanwhile."""

logger = structlog.get_logger()

ReadStream = Callable[[int, int, int], Awaitable[list[Entry]]]
"""(after, block milliseconds, count) → the replica's entries after that id, waiting for one."""


def _now() -> float:
    """Seconds of the loop's clock, which does not jump."""
    return asyncio.get_running_loop().time()


async def _nothing() -> None:
    """What there is to refresh until somebody says."""


class Feed:
    """Tasks that feed the tail. `refresh` is called with every poll, for what else others may have changed."""

    def __init__(self, source: Source, tail: Tail) -> None:
        self.source = source
        self.tail = tail
        self.refresh: Callable[[], Awaitable[None]] = _nothing
        self.follows_stream = False
        self._polling = asyncio.Lock()
        self._polls_begun = self._polls_done = 0
        self._proven: Board | None = None
        self._polled_at: float | None = None

    @property
    def is_current(self) -> bool:
        """Whether the log answered lately."""
        if self._polled_at is None:
            return False
        return _now() - self._polled_at < MAX_LATE_SECONDS

    async def poll(self) -> None:
        """Read on in the log, once for all who ask at the same time: a poll that began after one asked will do."""
        wanted = self._polls_begun + 1
        async with self._polling:
            if self._polls_done >= wanted:
                return
            self._polls_begun = number = self._polls_begun + 1
            await catch_up(self.source.entries, self.tail)
            await self.refresh()
            self._polls_done, self._polled_at = number, _now()

    async def reach(self, id: int) -> None:
        """Be at `id` or beyond it, if the log is: it is read when this process is behind.

        Raises LogAway, also after `REACH_SECONDS` without an answer, and where the log has a hole.
        """
        if self.tail.head < id:
            try:
                async with asyncio.timeout(REACH_SECONDS):
                    await self.poll()
            except (TimeoutError, Gap) as error:
                raise LogAway(str(error) or "The log does not answer in time.") from error

    async def run(self, read_stream: ReadStream | None) -> None:
        """Poll and follow the stream until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_polling())
            if read_stream:
                tasks.create_task(self._follow(read_stream))

    async def _keep_polling(self) -> None:
        pause, failing = POLL_SECONDS, False
        while True:
            head = self.tail.head
            try:
                await self.poll()
                if failing:
                    logger.info("poll_works_again")
                failing = False
            except (LogAway, Gap) as error:
                if not failing:
                    logger.warning("poll_failed", error=str(error))
                failing = True
            if self.follows_stream:
                pause = POLL_SECONDS
            else:
                pause = BUSY_POLL_SECONDS if self.tail.head != head else min(2 * pause, POLL_SECONDS)
            await asyncio.sleep(pause)

    async def _follow(self, read_stream: ReadStream) -> None:
        told = ""
        while True:
            head, digest = self.tail.head, self.tail.digest
            try:
                entries = await read_stream(head, STREAM_BLOCK_MILLISECONDS, STREAM_ENTRIES)
                check_chain(head, digest, entries)
                await self._prove(entries)
                self.tail.accept(entries, digest)
                self.follows_stream, told = True, ""
            except (BrokenChain, Gap, Unreadable, LogAway) as error:  # the polls read the log instead
                if told != type(error).__name__:
                    logger.info("stream_refused", error=str(error))
                self.follows_stream, told = False, type(error).__name__
                await asyncio.sleep(STREAM_PAUSE_SECONDS)

    async def _prove(self, entries: list[Entry]) -> None:
        """Have the log confirm the first entries that the stream has for a board, at a start and after another history.

        They may follow from our head and yet be lost: a stream goes on as it was when a backup of the log is restored.
        Once they are confirmed, whoever restores the log again is noticed by the polls. Raises Gap and LogAway.
        """
        board = self.tail.board
        if entries and self._proven is not board:
            last = entries[-1]
            if await self.source.digest_at(last.id) != last.digest:
                raise Gap(self.tail.head, last.id)
            self._proven = board
