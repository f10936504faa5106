"""Two processes keep states, break off, lag behind, live through restored backups: no start is ever wrong."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
from derived_world import Busy, Keeping, keeping, lost, start
from hypothesis import given
from hypothesis import strategies as st

from hunt.game import commands as cmd
from hunt.game.refusals import Refused
from playing import quick
from servers import RedisServer
from stores import Process, execute, process

FEWEST = 3
"""Entries that no restored backup is without: the registrations of the first teams."""


pytestmark = pytest.mark.usefixtures("step_by_step")


class World:
    """Two processes beside one log and one Redis."""

    def __init__(self, url: str, redis: RedisServer, sides: list[tuple[Process, Keeping]]) -> None:
        self.url = url
        self.redis = redis
        self.sides = sides
        self.amounts = itertools.count(1)
        self.team_ids = itertools.count(FEWEST + 1)

    async def act(self, side: int, team_id: int | None) -> None:
        """An amount that was never given before, so that two histories differ in it."""
        teams = None if team_id is None else (team_id,)
        with suppress(Refused):
            await self.sides[side][0].submit(cmd.Grant(teams=teams, keys=next(self.amounts)))

    async def make_pass(self, side: int, during: list[tuple[int, int | None]], breaks_off: bool) -> None:
        """A pass; something happens before each of its slices, and perhaps it loses the lease then."""
        happens: list[Callable[[], Awaitable[object]]] = [partial(self.act, *act) for act in during]
        kept = self.sides[side][1]
        kept.derived._writer._lease = Busy(*happens, *([lost] if breaks_off else []))
        await kept.write()

    async def register(self, side: int) -> None:
        await self.sides[side][0].register(next(self.team_ids))

    async def read(self, side: int) -> None:
        await self.sides[side][0].read_on()

    async def sample(self, side: int, team_id: int) -> None:
        """Nothing here is damaged, so it finds nothing, or only what no start would take."""
        if team_id in self.sides[side][0].tail.board.teams:
            await self.sides[side][1].sample(team_id)

    async def restore(self, lost_entries: int) -> None:
        head = max(one.tail.head for one, _ in self.sides)
        await execute(self.url, "DELETE FROM activity_log WHERE id > :after", after=max(head - lost_entries, FEWEST))

    async def flush(self) -> None:
        self.redis.flush()

    async def begin(self) -> None:
        """A third process starts; its board is proven there."""
        await start(self.url, self.redis.url)


sides = st.integers(0, 1)
teams = st.sampled_from((1, 1, 2, 3, 4, None))
acts = st.builds(partial, st.just(World.act), side=sides, team_id=teams)
passes = st.builds(
    partial,
    st.just(World.make_pass),
    side=sides,
    during=st.lists(st.tuples(sides, teams), max_size=3),
    breaks_off=st.booleans(),
)
others = st.one_of(
    st.builds(partial, st.just(World.register), side=sides),
    st.builds(partial, st.just(World.read), side=sides),
    st.builds(partial, st.just(World.sample), side=sides, team_id=st.integers(1, 4)),
    st.builds(partial, st.just(World.restore), lost_entries=st.integers(1, 5)),
    st.just(World.flush),
    st.just(World.begin),
)
steps: st.SearchStrategy[list[Callable[[World], Awaitable[None]]]] = st.lists(
    st.one_of(acts, acts, passes, passes, others, others), min_size=6, max_size=24
)
files = itertools.count()


async def play(url: str, redis: RedisServer, played: list[Callable[[World], Awaitable[None]]]) -> None:
    async with AsyncExitStack() as stack:
        found: list[tuple[Process, Keeping]] = []
        for _ in range(2):
            one = await stack.enter_async_context(process(url))
            found.append((one, await stack.enter_async_context(keeping(one, redis.url))))
        await found[0][0].register(*range(1, FEWEST + 1))
        world = World(url, redis, found)
        for step in played:
            await step(world)
        await world.begin()
        for side in (0, 1):
            await world.read(side)
        await found[0][1].sample(1)
        await world.make_pass(0, [], breaks_off=False)
        await world.act(1, None)
        await world.begin()


@given(steps)
@quick(40)
def test_no_start_is_ever_wrong(
    migrated_file: Path,
    tmp_path: Path,
    redis_server: RedisServer,
    played: list[Callable[[World], Awaitable[None]]],
) -> None:
    path = tmp_path / f"{next(files)}.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    redis_server.flush()
    asyncio.run(play(f"sqlite+aiosqlite:///{path}", redis_server, played))
