"""Compares the replica with the log, again and again, and mends what differs."""

import asyncio
from collections.abc import Callable
from random import SystemRandom

import structlog

from hunt.log.source import Source
from hunt.replica.diagnosis import Finding, diagnose
from hunt.replica.errors import PASSING
from hunt.replica.filler import Filler
from hunt.replica.lease import Lease
from hunt.replica.rebuild import Builder
from hunt.replica.rivals import Rivals
from hunt.replica.scripts import Scripts, Verdict
from hunt.replica.status import Health

JITTER = 0.2
"""Share of the interval by which it varies, so that processes do not check in step."""
RETRY_SECONDS = 0.5
"""After a repair or an error: look again soon."""
SPACING_SECONDS = 0.1
"""Between two checks, however often somebody asks for one."""

logger = structlog.get_logger()
_random = SystemRandom()


class Reconciler:
    """Reads Redis first and the log second, so that in one history the log is never behind what was read from Redis."""

    def __init__(
        self,
        scripts: Scripts,
        source: Source,
        health: Health,
        *,
        filler: Filler,
        builder: Builder,
        lease: Lease,
        interval: float,
        on_other_gen: Callable[[], None],
    ) -> None:
        self._scripts = scripts
        self._source = source
        self._health = health
        self._filler = filler
        self._builder = builder
        self._lease = lease
        self._interval = interval
        self._on_other_gen = on_other_gen
        self._rivals = Rivals(source)
        self._gen = ""
        self._log_end = (0, "")
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Somebody met with a damaged replica: check at once, whoever holds the lease."""
        self._asked.set()

    async def run(self) -> None:
        while True:
            asked = self._asked.is_set()
            self._asked.clear()
            settled = await self._check(asked=asked)
            await asyncio.sleep(SPACING_SECONDS)
            await self._pause(self._interval if settled else min(RETRY_SECONDS, self._interval))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds * _random.uniform(1 - JITTER, 1 + JITTER)):
                await self._asked.wait()
        except TimeoutError:
            return

    async def _check(self, *, asked: bool) -> bool:
        """One check and at most one repair; True when nothing is left to do for this process."""
        try:
            finding = await self.examine()
            if finding is None or not (asked or await self._lease.hold()):
                return True
            await self._mend(finding)
        except PASSING as error:
            self._health.failed(error)
        return False

    async def examine(self) -> Finding | None:
        """What is wrong with the replica now. Raises RedisError and LogAway."""
        replica = await self._scripts.inspect()
        head, digest = await self._source.head()
        there = digest if replica.head == head else await self._source.digest_at(replica.head)
        if replica.gen != self._gen:
            self._gen = replica.gen
            self._on_other_gen()
        self._health.checked()
        self._log_end = head, digest
        finding = diagnose(replica, head, there)
        if finding is None or finding.action == "fill":
            self._rivals.ours(replica.gen, head, digest)
        return finding

    async def _mend(self, finding: Finding) -> None:
        if finding.action == "rebuild":
            if not finding.foreign or await self._rivals.allow(finding.gen):
                await self._rebuild(finding)
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        replica = await self._scripts.inspect()
        if await self._filler.fill(replica.head) is Verdict.OK:
            self._health.repaired(f"Filled up from the log. {finding.reason}")
            logger.info("replica_filled", seconds=round(loop.time() - begun, 2), reason=finding.reason)

    async def _rebuild(self, finding: Finding) -> None:
        self._on_other_gen()
        end = self._log_end
        if await self._builder.rebuild(finding.reason, finding.gen):
            self._rivals.ours(self._builder.gen, *end)
