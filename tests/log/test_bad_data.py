"""What the database refuses for a value in it fails alone, at once, and nothing else waits for it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert

from hunt.game import commands as cmd
from hunt.log import migrations
from hunt.log import writer as writing
from hunt.log.database import is_bad_data
from hunt.log.tables import TeamRow
from hunt.log.writer import CommandFailed
from servers import PostgresServer
from stores import Process, process, slug_of

NEVER = (3600.0,)
"""A pause that no test waits for: what is tried again hangs."""

HALF_A_PAIR = "\ud800"


@pytest.fixture(autouse=True)
def _no_second_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", NEVER)


@pytest.fixture
async def latin(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database that cannot hold Japanese, migrated before anybody looked at that."""
    monkeypatch.setattr(migrations, "ENCODING", "LATIN1")
    name = postgres_server.database(encoding="LATIN1")
    await migrations.migrate(postgres_server.url(name))
    yield postgres_server.url(name)
    postgres_server.drop(name)


async def written_beside(one: Process, *bad: cmd.Command) -> list[Any]:
    """What became of these commands, when each was between two that are well."""
    well = cmd.Grant(teams=(1,), keys=1)
    outcomes = await asyncio.gather(
        *(one.submit(command) for each in bad for command in (well, each, well)), return_exceptions=True
    )
    assert all(isinstance(done, writing.Done) and done.ids for done in [*outcomes[::3], *outcomes[2::3]])
    rows = await one.check()
    assert sum(row.currency_delta for row in rows) == 2 * len(bad)
    return outcomes[1::3]


async def test_a_guess_in_letters_that_the_database_does_not_have_fails_alone(latin: str) -> None:
    async with process(latin) as one:
        await one.register(1)
        guesses = [cmd.SubmitGuess(team_id=1, slug=slug_of("a"), text=text) for text in ("日本", "語")]
        outcomes = await written_beside(one, *guesses)
        assert all(isinstance(outcome, CommandFailed) and is_bad_data(outcome.error) for outcome in outcomes)
        assert (await one.guess("answer")).ids


async def test_an_act_whose_entry_cannot_be_written_fails_alone(store: str) -> None:
    async with process(store) as one:
        await one.register(1)
        [failed] = await written_beside(one, cmd.RenameTeam(team_id=1, name=HALF_A_PAIR))
        assert isinstance(failed, CommandFailed)


async def test_a_number_that_no_column_holds_fails_alone(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.game.hq_rules.MAX_GRANT", 2**80)
    async with process(store) as one:
        await one.register(1)
        [failed] = await written_beside(one, cmd.Grant(teams=(1,), clues=2**70))
        assert isinstance(failed, CommandFailed)
        assert is_bad_data(failed.error)


async def test_accounts_that_the_database_refuses_fail_alone(latin: str) -> None:
    async def add(connection: Any) -> cmd.Command:
        await connection.execute(insert(TeamRow).values(id=9, username="nine", name="日本"))
        return cmd.RegisterTeam(team_id=9, username="nine", name="日本")

    async with process(latin) as one:
        await one.register(1)
        outcomes = await asyncio.gather(
            one.submit(prepare=add), one.submit(cmd.Grant(teams=(1,), keys=1)), return_exceptions=True
        )
        assert isinstance(outcomes[0], CommandFailed)
        assert isinstance(outcomes[1], writing.Done)
