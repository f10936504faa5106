"""The same state everywhere: built live, folded entry by entry, folded from SQL, and folded from what Redis holds."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hunt.content.model import Hunt
from hunt.game import commands as cmd
from hunt.game.board import Board
from hunt.game.entries import Entry, decode_entry
from hunt.game.refusals import Refused
from hunt.game.state import TeamState, apply
from hunt.log.reader import LogReader
from hunt.replica import Replica, connect, keys, pace_of
from playing import quick, slug_of
from random_hunts import commands, hunts
from stores import HUNT, Process, StandingClock, process
from waiting import eventually

steps = st.lists(commands | st.integers(0, 3).map(lambda hours: timedelta(hours=hours)), min_size=4, max_size=16)
fakes = itertools.count()
TEAMS = (1, 2)


@asynccontextmanager
async def replicated(one: Process, url: str) -> AsyncIterator[Replica]:
    """A replica that takes what the process publishes."""
    redis = connect(url)
    replica = Replica(
        redis,
        LogReader(one.engine),
        "what the processes share",
        pace=pace_of(url),
        reconcile_seconds=0.1,
        scrub_entries_per_second=0,
    )
    one.writer.publish = replica.publish
    task = asyncio.create_task(replica.run())
    try:
        yield replica
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await replica.aclose()
        await redis.aclose()


async def play(one: Process, clock: StandingClock, played: Sequence[cmd.Command | timedelta]) -> None:
    await one.register(*TEAMS)
    for step in played:
        if isinstance(step, timedelta):
            clock.now += step
            continue
        try:
            await one.submit(step)
        except Refused:
            continue


def board_of(hunt: Hunt, entries: Sequence[Entry]) -> Board:
    board = Board(hunt)
    for entry in entries:
        board.apply(entry)
    return board


def team_of(hunt: Hunt, team_id: int, entries: Sequence[Entry]) -> TeamState:
    """One team's state, folded from its own entries and those of all teams."""
    state = TeamState(team_id=team_id)
    for entry in entries:
        apply(hunt, state, entry)
    return state


async def check_everywhere(url: str, redis_url: str, hunt: Hunt, played: Sequence[cmd.Command | timedelta]) -> None:
    clock = StandingClock()
    async with process(url, hunt, clock) as one, replicated(one, redis_url) as replica:
        await play(one, clock, played)
        live = one.tail.board
        rows = await one.check()
        async with process(url, hunt, clock) as fresh:
            assert fresh.tail.board.teams == live.teams
            assert fresh.tail.board.everyone == live.everyone
        await eventually(lambda: published(replica, live), what="the replica at the head")
        assert board_of(hunt, await global_stream(redis_url)).teams == live.teams
        for team_id in TEAMS:
            mine = await replica.team_entries(team_id, 0, live.head, 10_000)
            assert mine == [row for row in rows if row.team_id in {None, team_id}]
            assert team_of(hunt, team_id, mine) == live.teams[team_id]
        await eventually(lambda: in_team_streams(redis_url, hunt, live), what="the teams' streams")


async def published(replica: Replica, board: Board) -> bool:
    status = await replica.status()
    return (status.head, status.digest) == (board.head, board.digest)


async def stream(redis_url: str, name: str) -> list[Entry]:
    redis: Any = connect(redis_url)
    try:
        return [decode_entry(fields[keys.FIELD]) for _, fields in await redis.xrange(name)]
    finally:
        await redis.aclose()


async def global_stream(redis_url: str) -> list[Entry]:
    return await stream(redis_url, keys.STREAM)


async def in_team_streams(redis_url: str, hunt: Hunt, board: Board) -> bool:
    """Whether the streams of the teams tell the same states."""
    return all(
        [
            team_of(hunt, team_id, await stream(redis_url, keys.team_stream(team_id))) == board.teams[team_id]
            for team_id in TEAMS
        ]
    )


@given(hunts(), steps)
@quick(12)
def test_a_state_is_the_same_live_from_sql_and_from_redis(
    migrated_file: Path, tmp_path: Path, hunt: Hunt, played: list[cmd.Command | timedelta]
) -> None:
    number = next(fakes)
    path = tmp_path / f"{number}.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    asyncio.run(check_everywhere(f"sqlite+aiosqlite:///{path}", f"fake://rules{number}", hunt, played))


EVERYTHING: list[cmd.Command | timedelta] = [
    cmd.SatisfyGate(teams=None, id="g"),
    cmd.Grant(teams=None, keys=3),
    cmd.Grant(teams=(2,), clues=2),
    cmd.SubmitGuess(team_id=1, slug=slug_of("a"), text="x1"),
    cmd.SubmitGuess(team_id=1, slug=slug_of("a"), text="canned"),
    timedelta(minutes=1),
    cmd.ResetRateLimit(teams=None, slug=slug_of("a")),
    cmd.SubmitGuess(team_id=1, slug=slug_of("a"), text="answer"),
    cmd.MoveInteraction(teams=(1,), id="i", to="running"),
    cmd.MoveInteraction(teams=None, id="i", to="completed", result="wön"),
    cmd.OpenHints(teams=None, slug=slug_of("b")),
    cmd.RequestHint(team_id=2, slug=slug_of("b"), question="Why?"),
    cmd.ExchangeCurrency(team_id=2),
    cmd.SolvePuzzle(teams=None, slug=slug_of("b")),
    cmd.OpenPuzzle(teams=(2,), slug=slug_of("c")),
    cmd.RenameTeam(team_id=2, name="Ünïcorns"),
    cmd.SetTeamActive(team_id=1, active=False),
    cmd.SetTeamActive(team_id=1, active=True),
]


async def test_so_it_is_in_either_store_with_a_real_redis(store: str, redis_url: str) -> None:
    await check_everywhere(store, redis_url, HUNT, EVERYTHING)
