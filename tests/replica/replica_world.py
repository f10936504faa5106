"""What the tests of the replica stand on: a log in memory, ways to damage Redis, and a replica that runs."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from redis.asyncio import Redis

from hunt.game.entries import GENESIS, Draft, Entry, PuzzleUnlocked, decode_entry, encode_entry, sealed
from hunt.log.lines import Line, line_of
from hunt.log.source import LogAway
from hunt.replica import Replica, connect, keys, pace_of
from hunt.replica.auditor import Auditor
from hunt.replica.filler import Filler
from hunt.replica.keeper import TeamKeeper
from hunt.replica.ledger import Ledgers
from hunt.replica.pace import SERVER, Pace
from hunt.replica.rebuild import Builder
from hunt.replica.scripts import Scripts
from hunt.replica.status import Health

SECRET = "what the processes share"
KICKOFF = datetime(2026, 1, 16, 17, tzinfo=UTC)
_fakes = itertools.count()


class MemoryLog:
    """A log that can go away, and can lose its last entries as a restored backup does. Every history is remembered."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.committed: dict[str, Entry] = {}
        self.away = False
        self.calls = 0
        self.leaves_after: int | None = None
        """After so many more questions it goes away."""
        self.pauses: Random | None = None

    @property
    def digest(self) -> str:
        return self.rows[-1].digest if self.rows else GENESIS

    def append(self, *teams: int | None, slug: str = "a-puzzle") -> tuple[list[Entry], str]:
        """One entry for each of `teams`; with the digest before them, as `publish` wants them."""
        previous, first = self.digest, len(self.rows)
        for team_id in teams:
            id = len(self.rows) + 1
            entry = sealed(
                Draft(team_id=team_id, event=PuzzleUnlocked(slug=slug)),
                id=id,
                timestamp=KICKOFF + timedelta(seconds=id),
                previous=self.digest,
                internal_data={"say": "ünïcode"} if id % 7 == 0 else None,
            )
            self.rows.append(entry)
            self.committed[entry.digest] = entry
        return self.rows[first:], previous

    def grow(self, count: int) -> tuple[list[Entry], str]:
        """`count` entries, of teams 1 to 3 and now and then of all."""
        first = len(self.rows)
        return self.append(*((id % 4) or None for id in range(first + 1, first + count + 1)))

    def lose(self, count: int) -> None:
        """Forgets the last `count` entries."""
        del self.rows[len(self.rows) - count :]

    def of_team(self, team_id: int, after: int = 0, upto: int = 1 << 40) -> list[Entry]:
        return [row for row in self.rows if after < row.id <= upto and row.team_id in (None, team_id)]

    async def head(self) -> tuple[int, str]:
        await self._answer()
        return len(self.rows), self.digest

    async def digest_at(self, id: int) -> str | None:
        await self._answer()
        if id == 0:
            return GENESIS
        return self.rows[id - 1].digest if 1 <= id <= len(self.rows) else None

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        await self._answer()
        rows = self.rows[after:] if team_id is None else self.of_team(team_id, after)
        return rows[:limit]

    async def lines(self, after: int, limit: int) -> Sequence[Line]:
        return lines(await self.entries(after, limit))

    async def newest(self, team_id: int, limit: int, before: int | None = None) -> Sequence[Entry]:
        await self._answer()
        return self.of_team(team_id, upto=(1 << 40) if before is None else before - 1)[-limit:]

    async def _answer(self) -> None:
        self.calls += 1
        if self.leaves_after is not None:
            self.leaves_after -= 1
            self.away = self.away or self.leaves_after < 0
        if self.away:
            raise LogAway("The database is away.")
        await pause(self.pauses)


async def pause(random: Random | None) -> None:
    """Lets others run, for a random number of turns."""
    for _ in range(random.randrange(3) if random else 1):
        await asyncio.sleep(0)


class Parts:
    """The parts of a replica that do nothing by themselves, for tests that go step by step."""

    def __init__(self, redis: Redis, log: MemoryLog, *, pace: Pace = SERVER) -> None:
        self.redis = redis
        self.log = log
        self.health = Health()
        self.scripts = Scripts(redis, SECRET)
        self.ledgers = Ledgers()
        self.filler = Filler(self.scripts, log, self.health, pace)
        self.builder = Builder(self.scripts, log, self.health, pace)
        auditor = Auditor(redis, self.scripts, log, self.health, ledgers=self.ledgers)
        self.keeper = TeamKeeper(self.scripts, auditor, self.health, ledgers=self.ledgers)

    async def stream(self) -> list[Entry]:
        """What the global stream holds."""
        return [decode_entry(fields[keys.FIELD]) for _, fields in await self.redis.xrange(keys.STREAM)]

    async def team_stream(self, team_id: int) -> list[Entry]:
        return [decode_entry(fields[keys.FIELD]) for _, fields in await self.redis.xrange(keys.team_stream(team_id))]


def lines(entries: Iterable[Entry]) -> list[Line]:
    return list(map(line_of, entries))


def new_fake_url() -> str:
    return f"fake://replica{next(_fakes)}"


@contextlib.asynccontextmanager
async def replica_at(url: str, log: MemoryLog, *, reconcile: float = 0.2, scrub: float = 0.0) -> AsyncIterator[Replica]:
    """A replica with its own connections, at rest."""
    redis = connect(url)
    replica = Replica(
        redis,
        log,
        SECRET,
        pace=pace_of(url),
        reconcile_seconds=reconcile,
        scrub_entries_per_second=scrub,
        now=lambda: KICKOFF,
    )
    try:
        yield replica
    finally:
        await replica.aclose()
        await redis.aclose()


@contextlib.asynccontextmanager
async def running(*replicas: Replica) -> AsyncIterator[None]:
    """The replicas at work. An error in one of their tasks fails the test."""
    tasks = [asyncio.create_task(replica.run()) for replica in replicas]
    try:
        yield
        failed = [task for task in tasks if task.done()]
        assert not failed, failed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def rewrite(redis: Redis, stream: str, id: int, **changes: object) -> None:
    """Edits one entry of a stream in place, as no honest program can."""
    messages = await redis.xrange(stream)
    async with redis.pipeline() as transaction:
        transaction.delete(stream)
        for message_id, fields in messages:
            forged = message_id == keys.message_id(id).encode()
            body = changed(fields[keys.FIELD], **changes) if forged else fields[keys.FIELD]
            transaction.xadd(stream, {keys.FIELD: body}, id=message_id)
        await transaction.execute()


def changed(body: bytes, **changes: object) -> str:
    entry = decode_entry(body)
    return encode_entry(type(entry)(**({name: getattr(entry, name) for name in entry.__struct_fields__} | changes)))
