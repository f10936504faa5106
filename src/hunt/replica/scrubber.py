"""Walks the stream a slice at a time and proves every entry by the digest chain."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from redis.asyncio import Redis

from hunt.game.entries import GENESIS, BrokenChain, Entry, check_chain, encode_entry
from hunt.log.source import Source
from hunt.replica import keys
from hunt.replica.commands import stream_range
from hunt.replica.errors import PASSING
from hunt.replica.keeper import TeamKeeper
from hunt.replica.lease import Lease
from hunt.replica.messages import BadMessage, Message, RawMessages, decode_dense, parse
from hunt.replica.scripts import Scripts
from hunt.replica.status import Health

PAUSE_SECONDS: Final = 0.25
WINDOW_ENTRIES: Final = 200
"""At most so many are proven in one go: about 10 ms during which nothing else runs."""


class Scrubber:
    """The process with the lease scrubs: the global stream at a fixed rate, and one team's stream at each step."""

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        source: Source,
        health: Health,
        *,
        keeper: TeamKeeper,
        lease: Lease,
        entries_per_second: float,
        interval: float,
        ask_repair: Callable[[], None],
    ) -> None:
        self._redis = redis
        self._scripts = scripts
        self._source = source
        self._health = health
        self._keeper = keeper
        self._lease = lease
        self._rate = entries_per_second
        self._interval = interval
        self._ask_repair = ask_repair
        self._next_pass = 0.0
        self._start("")

    def _start(self, gen: str) -> None:
        self._gen, self._position, self._digest = gen, 0, GENESIS

    async def run(self) -> None:
        while self._rate > 0:
            await asyncio.sleep(PAUSE_SECONDS)
            try:
                if await self._lease.hold():
                    await self._step(int(self._rate * PAUSE_SECONDS) or 1)
                    await self._keeper.audit_next()
            except PASSING as error:
                self._health.failed(error)

    async def _step(self, budget: int) -> None:
        """Proves the next `budget` entries; a pass begins at most once in an interval."""
        now = asyncio.get_running_loop().time()
        if self._position == 0:
            if now < self._next_pass:
                return
            self._next_pass = now + self._interval
        replica = await self._scripts.inspect()
        if replica.damage or replica.gen != self._gen:
            self._start(replica.gen)
        while budget > 0 and not replica.damage:
            proven = await self._window(min(budget, WINDOW_ENTRIES))
            budget -= proven
            if not proven:
                self._start(self._gen)
                return
            await asyncio.sleep(0)

    async def _window(self, count: int) -> int:
        """How many entries of the next `count` are there and as the log has them; 0 at the end, or when one is not."""
        after = self._position
        raw = await stream_range(self._redis, keys.STREAM, after, None, count)
        if not raw:
            return 0
        try:
            entries = prove(after, self._digest, parse(raw))
        except (BadMessage, BrokenChain) as error:
            return await self._suspect(after, raw, error)
        if await self._source.digest_at(entries[-1].id) != entries[-1].digest:
            return await self._suspect(after, raw, BadMessage("The chain ends in another digest than the log's."))
        return self._advance(entries)

    def _advance(self, entries: Sequence[Entry]) -> int:
        self._position, self._digest = entries[-1].id, entries[-1].digest
        self._health.counters.scrubbed += len(entries)
        return len(entries)

    async def _suspect(self, after: int, raw: RawMessages, error: Exception) -> int:
        """Asks the log. Where it holds the same, its own chain is broken, which no rebuild can mend: say so, go on."""
        rows = await self._source.entries(after, len(raw))
        if await self._source.digest_at(after) != self._digest:
            return 0
        if [encode_entry(row).encode() for row in rows] == [(fields or {}).get(keys.FIELD) for _, fields in raw]:
            self._health.last_error = f"The log's own chain does not hold after entry {after}: {error}"
            return self._advance(rows)
        if await self._scripts.mark_bad(self._gen, f"the scrub found another content after entry {after} ({error})"):
            self._health.counters.scrub_mismatches += 1
            self._ask_repair()
        return 0


def prove(after: int, digest: str, messages: Sequence[Message]) -> list[Entry]:
    """The entries in `messages`, which follow (`after`, `digest`); BadMessage or BrokenChain where that is not so."""
    entries = decode_dense(after, messages)
    check_chain(after, digest, entries)
    for entry, (id, body) in zip(entries, messages, strict=True):
        if encode_entry(entry).encode() != body:
            raise BadMessage(f"Message 0-{id} holds more than the entry, or the entry in another form.")
    return entries
