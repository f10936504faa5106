"""Brings a replica that is behind up to the log."""

import asyncio
from collections.abc import Sequence

from hunt.log.lines import Line
from hunt.log.source import Source
from hunt.replica.pace import Pace
from hunt.replica.scripts import Appended, Scripts, Verdict
from hunt.replica.source import Forked, lines_after
from hunt.replica.status import Health


class Filler:
    """Appends with the log's own digests. Many may do so at once: an append is taken once or refused."""

    def __init__(self, scripts: Scripts, source: Source, health: Health, pace: Pace) -> None:
        self._scripts = scripts
        self._source = source
        self._health = health
        self._pace = pace

    async def append(self, previous: int, digest: str, lines: Sequence[Line]) -> Appended:
        """One call of the append script, counted. `digest` is the log's at `previous`, never what Redis said."""
        answer = await self._scripts.append(previous, digest, lines)
        counters = self._health.counters
        counters.met(answer.verdict)
        if answer.verdict is Verdict.OK:
            counters.published += len(lines)
        return answer

    async def fill(self, head: int) -> Verdict:
        """Appends what the log has after the replica's `head`; OK at its end, else the verdict that stopped it."""
        digest = await self._source.digest_at(head)
        if digest is None:
            return Verdict.FORK
        self._health.counters.fills += 1
        while True:
            try:
                page = await lines_after(self._source, head, digest, self._pace.batch)
            except Forked:
                return Verdict.FORK
            if page:
                answer = await self.append(head, digest, page)
                if answer.verdict not in (Verdict.OK, Verdict.DUP):
                    return answer.verdict
                head, digest = page[-1].id, page[-1].digest
            if len(page) < self._pace.batch:
                return Verdict.OK
            await asyncio.sleep(self._pace.rest_seconds)
