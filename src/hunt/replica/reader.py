"""Waiting for new entries at the global stream, for the feed."""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.game.entries import Entry
from hunt.log.database import reason_of
from hunt.replica import keys
from hunt.replica.connection import leave
from hunt.replica.errors import Away, Behind, Gone, TooFar
from hunt.replica.messages import BadMessage, decode_dense, parse
from hunt.replica.scripts import Inspection, Scripts

LONGEST_BLOCK_MILLISECONDS = 1_000
"""A replica that was flushed is noticed when a read has ended: ask for longer, and the list is empty sooner."""
GRACE_SECONDS = 1.0
"""How much longer than asked for a blocked read may take before Redis counts as away."""
PUBLISH_MILLISECONDS = 50
"""What this process has committed itself may take so long to arrive; a replica that stays behind is told."""


class Reader:
    """Reads with an explicit cursor, and looks whether the stream is still the one that the cursor belongs to.

    A blocked read waits in silence at a stream that became shorter or disappeared, and returns whatever somebody adds.
    So it only wakes: what is read then comes in one step with what the replica says of itself, and ends at its sealed
    head.
    """

    def __init__(self, redis: Redis, scripts: Scripts, ask_repair: Callable[[], None]) -> None:
        self._redis = redis
        self._scripts = scripts
        self._ask_repair = ask_repair
        self._position: int | None = None

    async def read(self, after: int, block_ms: int, count: int) -> list[Entry]:
        """The entries after + 1, after + 2, …, at most `count`; an empty list when none came within `block_ms`,
        or within `LONGEST_BLOCK_MILLISECONDS`.

        Ids are checked; the digest chain is for the caller to check, who knows the digest at `after`. Unreadable
        means: read the log; where it is Gone or Behind, a repair is asked for. One reader at a time.
        """
        block_ms = min(block_ms, LONGEST_BLOCK_MILLISECONDS)
        try:
            async with asyncio.timeout(block_ms / 1000 + GRACE_SECONDS):
                return await self._read(after, block_ms, count)
        except (RedisError, TimeoutError) as error:
            self._position = None
            raise Away(f"Redis does not answer: {reason_of(error)}") from error
        except (Gone, Behind):
            self._position = None
            self._ask_repair()
            raise

    async def _read(self, after: int, block_ms: int, count: int) -> list[Entry]:
        if after != self._position and _head_of(await self._scripts.inspect()) < after:
            block_ms = min(block_ms, PUBLISH_MILLISECONDS)
        woken = await self._redis.xread({keys.STREAM: keys.message_id(after)}, count=1, block=block_ms)
        replica, raw = await self._scripts.read(after, count)
        head = _head_of(replica)
        try:
            entries = decode_dense(after, parse(raw))
        except BadMessage as error:
            raise Gone(reason_of(error)) from error
        if head < after:
            raise Behind(head, after)
        if head - after > count:
            raise TooFar(head, after)
        if entries and entries[-1].digest != replica.digest:
            raise Gone(f"The stream holds another entry {head} than the replica says.")
        if entries and not woken:  # this connection may lead to a server that was left for another one
            await leave(self._redis)
        self._position = head
        return entries


def _head_of(replica: Inspection) -> int:
    """The replica's head; Gone where it is damaged."""
    if replica.damage:
        raise Gone(replica.damage)
    return replica.head
