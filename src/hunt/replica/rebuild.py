"""Builds the global stream anew, aside, and puts it in place in one step."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

from hunt.game.entries import GENESIS
from hunt.log.lines import Line
from hunt.log.source import LogAway, Source
from hunt.replica.pace import Pace
from hunt.replica.scripts import Scripts, Swap
from hunt.replica.source import Forked, lines_after
from hunt.replica.status import Health

SWAP_TRIES = 4
"""Each failed try means that entries were appended to the old stream in between. Before the last one it is closed."""
PAGE_BATCHES = 8
"""Batches that are read from the log at once, while those before are on their way to Redis."""
LONG_BUILD_SECONDS = 60.0
"""Another builder that has refused this one for so long, with one and the same token, is worth a word."""
_TOKEN_BYTES = 8

T = TypeVar("T")

logger = structlog.get_logger()


class Builder:
    """Only one builder works at a time; another may take over when it has made no progress for a while, not earlier.

    The token of the build becomes the replica's gen.
    """

    def __init__(self, scripts: Scripts, source: Source, health: Health, pace: Pace) -> None:
        self._scripts = scripts
        self._source = source
        self._health = health
        self._pace = pace
        self.gen = ""
        """Of the replica that this process has built last."""
        self._holder = ""
        self._refused_at = 0.0
        self._told = False

    async def rebuild(self, reason: str, gen: str | None = None) -> bool:
        """Builds and swaps; False when somebody else is building, has taken over, or the log itself changed course.

        `gen` is the replica's for which there is a reason: False, too, when somebody has replaced that one. Raises
        RedisError and LogAway. Readers go on with the old stream, or with the log, until the swap.
        """
        loop = asyncio.get_running_loop()
        token, begun = secrets.token_hex(_TOKEN_BYTES), loop.time()
        if not await self._take(token, gen):
            return False
        try:
            head = await self._build(token)
        except Forked as error:
            self._health.failed(error)
            head = None
        except LogAway:
            await self._scripts.release(token)
            raise
        if head is None:
            await self._scripts.release(token)
            return False
        self.gen = token
        self._health.counters.rebuilds += 1
        self._health.repaired(f"Rebuilt up to entry {head}. {reason}")
        seconds = round(loop.time() - begun, 2)
        logger.info("replica_rebuilt", entries=head, seconds=seconds, gen=token, reason=reason)
        return True

    async def _take(self, token: str, gen: str | None) -> bool:
        """Whether the build is for this process to do; that another has had it for long is told once."""
        holder, now = await self._scripts.take_build(token, gen), asyncio.get_running_loop().time()
        if holder != self._holder:
            self._holder, self._refused_at, self._told = holder, now, False
        if holder != token and now - self._refused_at >= LONG_BUILD_SECONDS and not self._told:
            self._told = True
            logger.warning("rebuild_refused", builder=holder, seconds=round(now - self._refused_at))
        return holder == token

    async def _build(self, token: str) -> int | None:
        """The head that was swapped in, or None when another builder has taken over."""
        head, digest, denied = 0, GENESIS, ""
        for tries_left in reversed(range(SWAP_TRIES)):
            filled = await self._fill(token, head, digest)
            if filled is None:
                return None
            head, digest = filled
            answer = await self._scripts.swap(token, head, digest, denied)
            if answer is not Swap.BEHIND:
                return head if answer is Swap.OK else None
            denied = await self._denied()
            if tries_left == 1:
                await self._close()
        return None

    async def _fill(self, token: str, head: int, digest: str) -> tuple[int, str] | None:
        limit = PAGE_BATCHES * self._pace.batch
        page = await lines_after(self._source, head, digest, limit)
        while len(page) == limit:
            head, digest = page[-1].id, page[-1].digest
            async with _meanwhile(lines_after(self._source, head, digest, limit)) as following:
                if not await self._send(token, page):
                    return None
                page = await following
        if page:
            head, digest = page[-1].id, page[-1].digest
        return (head, digest) if await self._send(token, page) else None

    async def _send(self, token: str, page: Sequence[Line]) -> bool:
        for start in range(0, len(page), self._pace.batch):
            chunk = page[start : start + self._pace.batch]
            if not await self._scripts.add_chunk(token, chunk[0].id - 1, chunk):
                return False
            await asyncio.sleep(self._pace.rest_seconds)
        return True

    async def _close(self) -> None:
        """Stops appends to the old stream. What is refused is filled in after the swap."""
        await self._scripts.mark_bad((await self._scripts.inspect()).gen, "another one is about to take its place")

    async def _denied(self) -> str:
        """The replica's digest when the log, asked after the replica, does not have it there; else an empty string."""
        live = await self._scripts.inspect()
        return "" if await self._source.digest_at(live.head) == live.digest else live.digest


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """The work, under way; given up where the block ends without it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
