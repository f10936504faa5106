"""Processes that keep the states of their teams in a real Redis, and starts from there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from hunt.content.model import Hunt
from hunt.game.board import Board
from hunt.log.database import connect as connect_database
from hunt.log.history import catch_up
from hunt.log.reader import LogReader
from hunt.log.tail import Tail
from hunt.replica import connect
from hunt.replica.derived import Derived
from hunt.replica.derived.form import Form
from hunt.replica.lease import Lease
from hunt.replica.scripts import Scripts
from hunt.replica.status import Health
from stores import HUNT, Process, execute

SECRET = "a secret of tests"
FORM = Form(HUNT, SECRET)
TEAMS = (1, 2, 3)


class Busy(Lease):
    """A lease that is always held; each time that it is asked for, something happens first."""

    def __init__(self, *happens: Callable[[], Awaitable[object]]) -> None:
        self._happens = list(happens)

    async def hold(self) -> bool:
        if self._happens:
            return await self._happens.pop(0)() is not False
        return True


async def lost() -> bool:
    """What happens when somebody else holds the lease."""
    return False


class Keeping:
    """What a process has of the derived state. `health` counts what it does."""

    def __init__(self, derived: Derived, health: Health) -> None:
        self.derived = derived
        self.health = health
        self.write = derived.write
        self.sample = derived.sample

    @property
    def written(self) -> int:
        return self.health.counters.derived_written


@asynccontextmanager
async def keeping(one: Process, redis_url: str, lease: Lease | None = None) -> AsyncIterator[Keeping]:
    redis, health = connect(redis_url), Health()
    try:
        lease = lease or Busy()
        source = LogReader(one.engine)
        yield Keeping(Derived(redis, source, one.tail, SECRET, lease=lease, health=health), health)
    finally:
        await redis.aclose()


async def start(url: str, redis_url: str, hunt: Hunt = HUNT, secret: str = SECRET) -> tuple[bool, Tail]:
    """Whether a process that starts could use what is kept, and its view of the log, proven to be the right one."""
    redis, engine, tail = connect(redis_url), connect_database(url), Tail(hunt)
    try:
        reader = LogReader(engine)
        derived = Derived(redis, reader, tail, secret, lease=Lease(Scripts(redis, secret)), health=Health())
        used = await derived.load()
        assert used or tail.head == 0
        await catch_up(reader.entries, tail)
        rows = await reader.entries(0, 1_000_000)
        assert list(tail.ring) == rows[len(rows) - len(tail.ring) :]
    finally:
        await engine.dispose()
        await redis.aclose()
    folded = Board(hunt)
    for entry in rows:
        folded.apply(entry)
    assert tail.board.teams == folded.teams
    assert tail.board.everyone == folded.everyone
    assert (tail.head, tail.digest) == (folded.head, folded.digest)
    return used, tail


async def some_guesses(one: Process, *team_ids: int, text: str = "wrong") -> None:
    for team_id in team_ids:
        await one.guess(f"{text} {one.tail.head}", team_id, "a" if one.tail.head % 2 else "b")
        one.clock.wait(hours=1)


async def lose(url: str, after: int) -> None:
    """What restoring a backup does: the newest entries are gone."""
    await execute(url, "DELETE FROM activity_log WHERE id > :after", after=after)
