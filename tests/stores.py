"""Databases that are migrated already, and processes that write to them: what tests of the log and of accounts stand on."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.content.model import CannedResponse, Gate, GateSatisfied, Hunt, Interaction, Puzzle
from hunt.game import commands as cmd
from hunt.game.board import Board
from hunt.game.entries import GENESIS, Entry, check_chain
from hunt.log.database import connect
from hunt.log.history import catch_up
from hunt.log.migrations import migrate
from hunt.log.reader import LogReader
from hunt.log.tables import TeamRow
from hunt.log.tail import Tail
from hunt.log.writer import Done, Writer
from playing import KICKOFF, a_hunt, a_round, open_slot, slot, slug_of
from servers import PostgresServer

HUNT = a_hunt(
    a_round(
        "r",
        open_slot("a"),
        open_slot("b", prize=2),
        slot("c", unlocked_if=GateSatisfied("g")),
        gates=[Gate(id="g")],
        interactions=[Interaction(id="i", title="I", unlock_if=GateSatisfied("g"))],
    ),
    puzzles=[
        Puzzle(
            slug=slug_of("a"),
            title="A",
            answers=("ANSWER",),
            canned_responses=(CannedResponse(guess=("CANNED",), response="Ünïcode 🙂"),),
        )
    ],
)


class StandingClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = KICKOFF

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


class Process:
    """What one server process has of the log."""

    def __init__(self, url: str, hunt: Hunt = HUNT, clock: StandingClock | None = None) -> None:
        self.clock = clock or StandingClock()
        self.engine = connect(url)
        self.tail = Tail(hunt)
        self.writer = Writer(self.engine, self.tail, self.clock)
        self.published: list[Entry] = []
        self.writer.publish = lambda entries, _previous: self.published.extend(entries)
        self.submit = self.writer.submit

    async def register(self, *team_ids: int) -> None:
        """Teams by id, as the accounts would register them."""
        await asyncio.gather(*(self._register(team_id) for team_id in team_ids))

    async def _register(self, team_id: int) -> None:
        async def add(connection: AsyncConnection) -> cmd.Command:
            values = {"id": team_id, "username": f"team{team_id}", "name": f"Team {team_id}"}
            await connection.execute(insert(TeamRow).values(values))
            return cmd.RegisterTeam(team_id=team_id, username=f"team{team_id}", name=f"Team {team_id}")

        await self.writer.submit(prepare=add)

    async def guess(self, text: str, team_id: int = 1, slot_id: str = "a") -> Done:
        return await self.writer.submit(cmd.SubmitGuess(team_id=team_id, slug=slug_of(slot_id), text=text))

    async def read_on(self) -> None:
        """Take in what others have committed."""
        await catch_up(LogReader(self.engine).entries, self.tail)

    async def rows(self) -> list[Entry]:
        """The whole log as SQL has it, proven dense and chained."""
        rows = await LogReader(self.engine).entries(0, 1_000_000)
        check_chain(0, GENESIS, rows)
        return rows

    async def check(self) -> list[Entry]:
        """The log, when what this process knows of it is what SQL says."""
        await self.read_on()
        rows = await self.rows()
        board = Board(self.tail.board.hunt)
        for entry in rows:
            board.apply(entry)
        known = self.tail.board
        assert (known.head, known.digest, known.teams) == (board.head, board.digest, board.teams)
        assert known.everyone == board.everyone
        return rows


@asynccontextmanager
async def process(url: str, hunt: Hunt = HUNT, clock: StandingClock | None = None) -> AsyncIterator[Process]:
    """A process that has read the log and writes."""
    made = Process(url, hunt, clock)
    await made.read_on()
    task = asyncio.create_task(made.writer.run())
    try:
        yield made
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.engine.dispose()


async def execute(url: str, statement: str, **values: object) -> None:
    """Do to the database what no honest program does."""
    engine = connect(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(statement), values)
    finally:
        await engine.dispose()


async def rows_of(url: str, query: str) -> list[tuple[object, ...]]:
    """What the database itself says."""
    engine = connect(url)
    try:
        async with engine.connect() as connection:
            return [tuple(row) for row in (await connection.execute(text(query))).all()]
    finally:
        await engine.dispose()


async def team_names(url: str) -> dict[int, tuple[str, str]]:
    """User name and name of every team in the accounts' table."""
    engine = connect(url)
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(select(TeamRow.id, TeamRow.username, TeamRow.name))).all()
            return {row.id: (row.username, row.name) for row in rows}
    finally:
        await engine.dispose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "hunt.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_store(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    shutil.copy(migrated_file, tmp_path / "store.sqlite3")
    return f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}"


@pytest.fixture(scope="session")
def migrated_database(_postgres: PostgresServer) -> str:
    """The name of a PostgreSQL database with the newest schema, to be copied."""
    _postgres.ensure()
    name = _postgres.database()
    asyncio.run(migrate(_postgres.url(name)))
    return name


@pytest.fixture
def postgres_store(postgres_server: PostgresServer, migrated_database: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = postgres_server.database(migrated_database)
    yield postgres_server.url(name)
    postgres_server.ensure()
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database, once in each store."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url
