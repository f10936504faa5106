"""Takes what this process has committed to Redis, in the background."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from msgspec import Struct

from hunt.game.entries import Entry
from hunt.log.lines import line_of
from hunt.replica.errors import PASSING
from hunt.replica.filler import Filler
from hunt.replica.pace import Pace
from hunt.replica.scripts import Verdict
from hunt.replica.status import Health

BUFFER_ENTRIES = 10_000
"""More than this waiting is dropped whole: the log has it, and the next append finds the gap."""
GAP_TRIES = 3
BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0)
"""Between tries while Redis does not answer; the last one repeats."""

logger = structlog.get_logger()


class Run(Struct, frozen=True):
    """Entries in a row, and the log's digest before the first."""

    previous_digest: str
    entries: Sequence[Entry]

    @property
    def previous(self) -> int:
        return self.entries[0].id - 1


class Publisher:
    """The pump. It owns everything after the replica's head, not just what this process wrote: a gap is filled."""

    def __init__(self, filler: Filler, health: Health, pace: Pace, ask_repair: Callable[[], None]) -> None:
        self._filler = filler
        self._health = health
        self._pace = pace
        self._ask_repair = ask_repair
        self._runs: deque[Run] = deque()
        self._wake = asyncio.Event()
        self.buffered = 0

    def publish(self, entries: Sequence[Entry], previous_digest: str) -> None:
        """Puts committed entries into the buffer; never waits, never fails. Their ids follow each other."""
        if not entries:
            return
        if self.buffered + len(entries) > BUFFER_ENTRIES:
            self._overflow()
            return
        self._runs.append(Run(previous_digest, entries))
        self.buffered += len(entries)
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._pace.collect_seconds)
            self._wake.clear()
            await self._drain()

    def _overflow(self) -> None:
        logger.warning("publish_buffer_dropped", entries=self.buffered)
        self._runs.clear()
        self.buffered = 0
        self._health.counters.overflows += 1
        self._ask_repair()

    async def _drain(self) -> None:
        failures = 0
        while self._runs:
            run = self._take()
            try:
                await self._push(run)
            except PASSING as error:
                self._health.failed(error)
                self._put_back(run)
                await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                failures += 1
            else:
                failures = 0
                if self._runs:
                    await asyncio.sleep(self._pace.rest_seconds)

    def _take(self) -> Run:
        """The first run, with those that continue it, cut to one batch."""
        first = self._runs.popleft()
        entries = list(first.entries)
        while self._runs and len(entries) < self._pace.batch and _continues(entries[-1], self._runs[0]):
            entries += self._runs.popleft().entries
        rest = entries[self._pace.batch :]
        entries = entries[: self._pace.batch]
        if rest:
            self._runs.appendleft(Run(entries[-1].digest, rest))
        self.buffered -= len(entries)
        return Run(first.previous_digest, entries)

    def _put_back(self, run: Run) -> None:
        if self.buffered + len(run.entries) > BUFFER_ENTRIES:
            self._overflow()
            return
        self._runs.appendleft(run)
        self.buffered += len(run.entries)

    async def _push(self, run: Run) -> None:
        lines = list(map(line_of, run.entries))
        for _ in range(GAP_TRIES):
            answer = await self._filler.append(run.previous, run.previous_digest, lines)
            verdict = answer.verdict
            if verdict is Verdict.GAP:
                verdict = await self._filler.fill(answer.head)
            if verdict in (Verdict.OK, Verdict.DUP):
                return
            if verdict is not Verdict.GAP:
                break
        self._ask_repair()


def _continues(last: Entry, run: Run) -> bool:
    return run.previous == last.id and run.previous_digest == last.digest
