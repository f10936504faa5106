"""Walks the stream a step at a time and proves every entry by the digest chain."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from redis.asyncio import Redis

from hunt.game.entries import GENESIS, BrokenChain, check_chain, encode_entry
from hunt.log.lines import digest_in
from hunt.log.source import Source
from hunt.replica import keys
from hunt.replica.commands import stream_range
from hunt.replica.errors import PASSING
from hunt.replica.keeper import TeamKeeper
from hunt.replica.lease import Lease
from hunt.replica.messages import BadMessage, Message, RawMessages, decode, parse
from hunt.replica.notes import Notes, ScrubPlace
from hunt.replica.scripts import Inspection, Scripts
from hunt.replica.status import Health

STEP_SECONDS = 1.0
"""Between two steps: each costs some ten round trips, however many entries it proves."""
LATE_STEPS = 2
"""A step that comes late makes up for what was missed, up to so many times its own share."""
WINDOW_ENTRIES = 1_000
"""Read at once."""
SLICE_ENTRIES = 250
"""Proven in one go: about half a millisecond during which nothing else runs."""

logger = structlog.get_logger()


class Scrubber:
    """The process with the lease scrubs: the global stream at a fixed rate, and in each step a page of some team's."""

    def __init__(
        self,
        redis: Redis,
        scripts: Scripts,
        source: Source,
        health: Health,
        *,
        keeper: TeamKeeper,
        lease: Lease,
        notes: Notes,
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
        self._notes = notes
        self._rate = entries_per_second
        self._interval = interval
        self._ask_repair = ask_repair
        self._next_pass = 0.0
        self._told = ""
        self._start("")

    def _start(self, gen: str) -> None:
        self._gen, self._position, self._digest = gen, 0, GENESIS

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while self._rate > 0:
            await asyncio.sleep(STEP_SECONDS)
            now = loop.time()
            passed, last = min(now - last, LATE_STEPS * STEP_SECONDS), now
            try:
                if await self._lease.hold():
                    await self._step(int(self._rate * passed) or 1)
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
        if replica.damage:
            return
        while budget > 0:
            proven = await self._window(min(budget, WINDOW_ENTRIES))
            budget -= proven
            if not proven:
                self._start(self._gen)
                break
        await self._notes.place(ScrubPlace(self._position or replica.head, self._seconds(replica)))

    def _seconds(self, replica: Inspection) -> float:
        """How long a pass over the replica takes."""
        return max(self._interval, STEP_SECONDS, replica.head / self._rate)

    async def _window(self, count: int) -> int:
        """How many entries of the next `count` are there and as the log has them; 0 at the end, or when one is not."""
        after = self._position
        raw = await stream_range(self._redis, keys.STREAM, after, None, count)
        if not raw:
            return 0
        try:
            digest = await self._proven(after, parse(raw))
        except (BadMessage, BrokenChain) as error:
            return await self._suspect(after, raw, error)
        if await self._source.digest_at(after + len(raw)) != digest:
            return await self._suspect(after, raw, BadMessage("The chain ends in another digest than the log's."))
        return self._advance(len(raw), digest)

    async def _proven(self, after: int, messages: Sequence[Message]) -> str:
        digest = self._digest
        for start in range(0, len(messages), SLICE_ENTRIES):
            digest = prove(after + start, digest, messages[start : start + SLICE_ENTRIES])
            await asyncio.sleep(0)
        return digest

    def _advance(self, count: int, digest: str) -> int:
        self._position, self._digest = self._position + count, digest
        self._health.counters.scrubbed += count
        return count

    async def _suspect(self, after: int, raw: RawMessages, error: Exception) -> int:
        """Asks the log. Where it holds the same, its own chain is broken, which no rebuild can mend: say so, go on."""
        rows = await self._source.lines(after, len(raw))
        if await self._source.digest_at(after) != self._digest:
            return 0
        if [(keys.message_id(row.id).encode(), {keys.FIELD: row.body}) for row in rows] == list(raw):
            self._tell(f"The log's own chain does not hold after entry {after}: {error}")
            return self._advance(len(rows), rows[-1].digest)
        replica = await self._scripts.inspect()
        if await self._source.digest_at(replica.head) != replica.digest:  # all of it is another log's
            self._ask_repair()
            return 0
        if await self._scripts.mark_bad(self._gen, f"the scrub found another content after entry {after} ({error})"):
            self._health.counters.scrub_mismatches += 1
            logger.error("scrub_mismatch", after=after, reason=str(error))
            self._ask_repair()
        return 0

    def _tell(self, trouble: str) -> None:
        """Every pass meets with it again; the log output has it once."""
        self._health.last_error = trouble
        if trouble != self._told:
            self._told = trouble
            logger.error("log_chain_broken", reason=trouble)


def prove(after: int, digest: str, messages: Sequence[Message]) -> str:
    """The digest after `messages`, which follow (`after`, `digest`); BadMessage or BrokenChain where that is not so."""
    for expected, message in enumerate(messages, after + 1):
        id, body = message
        if id != expected:
            raise BadMessage(f"Message 0-{id} stands where 0-{expected} belongs.")
        digest = digest_in(digest, id, body) or _digest_of(digest, message)
    return digest


def _digest_of(previous: str, message: Message) -> str:
    """The same through the entry, whatever its text is like."""
    id, body = message
    entry = decode(message)
    check_chain(id - 1, previous, [entry])
    if encode_entry(entry).encode() != body:
        raise BadMessage(f"Message 0-{id} holds more than the entry, or the entry in another form.")
    return entry.digest
