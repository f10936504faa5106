"""Another log in the same Redis: two hunts that share one would rebuild it in turn without end."""

import asyncio

import structlog

from hunt.log.source import Source

WAIT_SECONDS = (0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Before what others have put in the place of this log's replica is replaced, each time; the last one repeats."""
TOLD_AT = 3
"""So many times are no accident."""
PEACE_SECONDS = 600.0
"""After so long without them all is as at first."""
ADVICE = "Somebody keeps another log in this Redis. Give each hunt a Redis or a database number of its own."

logger = structlog.get_logger()


class Rivals:
    """Says when a replica that others keep for another log may be replaced: at once at first, then ever more rarely."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._ours = ""
        self._stood: tuple[int, str] | None = None
        self._theirs = ""
        self._times = 0
        self._until = 0.0

    def ours(self, gen: str, head: int, digest: str) -> None:
        """The replica `gen` was one of this log, which ended then at `head` with `digest`."""
        self._ours, self._stood = gen, (head, digest)

    async def allow(self, gen: str) -> bool:
        """Whether the replica `gen`, which is none of this log, may be replaced now. Raises LogAway."""
        if gen in ("", self._ours) or not await self._log_went_on():
            return True
        now = asyncio.get_running_loop().time()
        if gen != self._theirs:
            self._meet(gen, now)
        return now >= self._until

    async def _log_went_on(self) -> bool:
        """Whether the log still holds what it did; where it was restored, the others may be of the same hunt."""
        if self._stood is None:
            return False
        head, digest = self._stood
        if await self._source.digest_at(head) == digest:
            return True
        self._times = 0
        return False

    def _meet(self, gen: str, now: float) -> None:
        times = 0 if now > self._until + PEACE_SECONDS else self._times
        self._theirs, self._times = gen, times + 1
        self._until = now + WAIT_SECONDS[min(times, len(WAIT_SECONDS) - 1)]
        if self._times == TOLD_AT:
            logger.error("redis_shared", reason=ADVICE)
