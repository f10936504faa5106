"""Builds the global stream anew, aside, and puts it in place in one step."""

import asyncio
import secrets
from typing import Final

from redis.asyncio import Redis

from hunt.game.entries import GENESIS
from hunt.log.source import LogAway, Source
from hunt.replica import keys
from hunt.replica.pace import Pace
from hunt.replica.scripts import PROGRESS_SECONDS, Scripts, Swap
from hunt.replica.source import Forked, page_after
from hunt.replica.status import Health

SWAP_TRIES: Final = 4
"""Each failed try means that entries were appended to the old stream in between. Before the last one it is closed."""
_TOKEN_BYTES: Final = 8


class Builder:
    """Only one builder works at a time; another may take over when it has made no progress for a while, not earlier.

    The token of the build becomes the replica's gen.
    """

    def __init__(self, redis: Redis, scripts: Scripts, source: Source, health: Health, pace: Pace) -> None:
        self._redis = redis
        self._scripts = scripts
        self._source = source
        self._health = health
        self._pace = pace

    async def rebuild(self, reason: str) -> bool:
        """Builds and swaps; False when somebody else is building, has taken over, or the log itself changed course.

        Raises RedisError and LogAway. Readers go on with the old stream, or with the log, until the swap.
        """
        token = secrets.token_hex(_TOKEN_BYTES)
        if not await self._redis.set(keys.BUILDER, token, nx=True, px=int(PROGRESS_SECONDS * 1000)):
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
        self._health.counters.rebuilds += 1
        self._health.repaired(f"Rebuilt up to entry {head}. {reason}")
        return True

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
        while True:
            page = await page_after(self._source, head, digest, self._pace.batch)
            if page:
                if not await self._scripts.add_chunk(token, head, page):
                    return None
                head, digest = page[-1].id, page[-1].digest
            if len(page) < self._pace.batch:
                return head, digest
            await asyncio.sleep(self._pace.rest)

    async def _close(self) -> None:
        """Stops appends to the old stream. What is refused is filled in after the swap."""
        await self._scripts.mark_bad((await self._scripts.inspect()).gen, "another one is about to take its place")

    async def _denied(self) -> str:
        """The replica's digest when the log, asked after the replica, does not have it there; else an empty string."""
        live = await self._scripts.inspect()
        return "" if await self._source.digest_at(live.head) == live.digest else live.digest
