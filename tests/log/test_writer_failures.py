"""COMMIT fails, its outcome is unknown, the database goes away: the answer is right, and nothing is written twice."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.accounts.sessions import Sessions
from hunt.accounts.tables import SessionRow
from hunt.game import commands as cmd
from hunt.log import writer as writing
from hunt.log.database import append_transaction, connect
from hunt.log.writer import Done, OutcomeUnknown, Unavailable
from servers import PostgresServer
from stores import StandingClock, process
from waiting import eventually

Fault = Callable[[AsyncConnection, Callable[[], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]


def lost() -> OperationalError:
    return OperationalError("COMMIT", None, Exception("the connection is gone"))


async def before(_connection: AsyncConnection, _commit: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """COMMIT never arrives."""
    raise lost()


async def after(_connection: AsyncConnection, commit: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """COMMIT happens, and its answer is lost."""
    await commit()
    raise lost()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[Fault | None]:
    """What goes wrong at the next COMMITs, in order; all is well where nothing is left."""
    faults: list[Fault | None] = []
    real = AsyncConnection.commit

    async def commit(connection: AsyncConnection) -> None:
        fault = faults.pop(0) if faults else None
        if fault is None:
            await real(connection)
        else:
            await fault(connection, lambda: real(connection))

    monkeypatch.setattr(AsyncConnection, "commit", commit)
    monkeypatch.setattr(writing, "RETRY_SECONDS", (0.0, 0.0, 0.0))
    return faults


@pytest.mark.parametrize("faults", [[before], [after], [before, after], [before, before]])
async def test_an_answer_is_right_whatever_became_of_commit(
    store: str, commits: list[Fault | None], faults: list[Fault]
) -> None:
    async with process(store) as one:
        await one.register(1)
        commits.extend(faults)
        guess, grant = await asyncio.gather(one.guess("answer"), one.submit(cmd.Grant(teams=(1,), keys=5)))
        rows = await one.check()
        assert [row.type for row in rows[-3:]] == ["puzzle_guess_submitted", "puzzle_solved", "currency_adjusted"]
        assert sum(row.type == "puzzle_solved" for row in rows) == 1
        assert (guess.ids, grant.ids) == ((rows[-3].id, rows[-2].id), (rows[-1].id, rows[-1].id))
        assert one.published == rows
        assert one.tail.board.teams[1].currency == 6


@pytest.mark.parametrize(("fault", "told"), [(after, OutcomeUnknown), (before, OutcomeUnknown), (None, Unavailable)])
async def test_nobody_is_told_that_nothing_was_saved_while_nobody_knows(
    store: str,
    commits: list[Fault | None],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault | None,
    told: type[Unavailable],
) -> None:
    async with process(store) as one:
        await one.register(1)
        transactions: list[object] = []

        def away_after_the_first(engine: AsyncEngine) -> AbstractAsyncContextManager[AsyncConnection]:
            transactions.append(engine)
            if fault is None or len(transactions) > 1:
                raise OSError("The database is away.")
            return append_transaction(engine)

        commits.append(fault)
        monkeypatch.setattr(writing, "append_transaction", away_after_the_first)
        with pytest.raises(Unavailable) as caught:
            await one.submit(cmd.Grant(teams=(1,), keys=5))
        assert type(caught.value) is told


async def test_what_was_in_doubt_and_is_not_in_the_log_was_not_saved(store: str, commits: list[Fault | None]) -> None:
    async with process(store) as one:
        await one.register(1)
        commits.extend([before] * 4)
        with pytest.raises(Unavailable) as caught:
            await one.submit(cmd.Grant(teams=(1,), keys=5))
        assert type(caught.value) is Unavailable
        assert one.tail.board.teams[1].currency == 0


async def test_connections_that_a_failover_left_at_a_standby_are_made_anew(
    postgres_store: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", (0.0, 0.0))
    name = make_url(postgres_store).database
    async with process(postgres_store) as one:
        await one.register(1)
        postgres_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(Unavailable):
            await one.submit(cmd.Grant(teams=(1,), keys=5))
        postgres_server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        assert (await one.submit(cmd.Grant(teams=(1,), keys=5))).ids


async def test_a_commit_that_lands_at_the_last_attempt_is_noticed(store: str, commits: list[Fault | None]) -> None:
    async with process(store) as one:
        await one.register(1)
        commits.extend([before, before, after])
        assert (await one.guess("answer")).ids
        assert sum(row.type == "puzzle_solved" for row in await one.check()) == 1


async def test_when_no_attempt_lands_nothing_is_written_and_people_are_told(
    store: str, commits: list[Fault | None]
) -> None:
    async with process(store) as one:
        await one.register(1)
        known = len(await one.rows())
        commits.extend([before] * 3)
        outcomes = await asyncio.gather(one.guess("x1"), one.guess("x2"), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
        assert len(await one.check()) == known
        assert (await one.guess("x1")).ids
        assert one.published == await one.check()


async def test_what_landed_unknown_is_decided_on_by_the_next_process(store: str, commits: list[Fault | None]) -> None:
    async with process(store) as one, process(store) as two:
        await one.register(1)
        await two.read_on()
        commits.append(after)
        first, second = await asyncio.gather(one.guess("answer"), two.guess("ANSWER"))
        assert [done.answer and done.answer.duplicate for done in (first, second)].count(True) == 1
        assert sum(row.type == "puzzle_solved" for row in await one.check()) == 1


@pytest.mark.parametrize("fault", [before, after])
async def test_a_login_is_recorded_once_though_nobody_knows_whether_it_was(
    store: str, commits: list[Fault | None], fault: Fault
) -> None:
    sessions = Sessions("a secret that is long enough", StandingClock())
    session, _ = sessions.issue("team", 1)
    async with process(store) as one:
        commits.append(fault)
        done = await one.submit(prepare=lambda connection: sessions.add(connection, session, "a test"))
        assert isinstance(done, Done)
        async with one.engine.connect() as connection:
            assert await connection.scalar(select(func.count()).select_from(SessionRow)) == 1


async def test_a_connection_that_is_killed_in_the_middle_is_replaced(
    postgres_store: str, commits: list[Fault | None]
) -> None:
    async def killed(connection: AsyncConnection, commit: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await kill(postgres_store, await connection.scalar(text("SELECT pg_backend_pid()")))
        await commit()

    async def killed_after(connection: AsyncConnection, commit: Callable[[], Coroutine[Any, Any, None]]) -> None:
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
        await commit()
        await kill(postgres_store, pid)
        await connection.scalar(text("SELECT 1"))

    async with process(postgres_store) as one:
        await one.register(1)
        commits.extend([killed, killed_after])
        assert (await one.guess("answer")).ids
        assert [row.type for row in await one.check()].count("puzzle_solved") == 1


async def kill(url: str, pid: int | None) -> None:
    engine = connect(url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    await engine.dispose()


async def test_a_database_that_crashes_and_comes_back_costs_only_time(
    postgres_store: str, postgres_server: PostgresServer
) -> None:
    async with process(postgres_store) as one:
        await one.register(1, 2)
        postgres_server.kill()
        guesses = [asyncio.ensure_future(one.guess("answer", team_id)) for team_id in (1, 2)]
        await asyncio.to_thread(postgres_server.start)
        assert all([(await guess).ids for guess in guesses])
        assert [row.type for row in await one.check()].count("puzzle_solved") == 2


async def test_a_writer_survives_a_database_that_stays_away(
    postgres_store: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", (0.0, 0.01))
    async with process(postgres_store) as one:
        await one.register(1)
        postgres_server.stop()
        with pytest.raises(Unavailable):
            await one.guess("answer")
        await asyncio.to_thread(postgres_server.start)
        assert (await one.guess("answer")).ids


async def test_a_lock_that_somebody_holds_too_long_is_reported_and_then_forgotten(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "RETRY_SECONDS", (0.0, 0.0))
    async with process(store) as holder:
        await holder.register(1)
        monkeypatch.setattr("hunt.log.database.LOCK_TIMEOUT_SECONDS", 0.05)
        async with process(store) as one:
            async with append_transaction(holder.engine):
                with pytest.raises(Unavailable):
                    await one.guess("answer")

            async def let_through() -> bool:
                return bool((await one.guess("answer")).head)

            await eventually(let_through)
            assert [row.type for row in await one.check()].count("puzzle_solved") == 1


async def test_a_writer_that_hangs_in_its_transaction_does_not_stop_the_others(
    postgres_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(postgres_store) as one:
        await one.register(1)
        monkeypatch.setattr("hunt.log.database.LOCK_TIMEOUT_SECONDS", 0.05)
        hanging = connect(postgres_store)
        with pytest.raises(DBAPIError, match="connection"):
            async with append_transaction(hanging):
                assert (await one.guess("answer")).ids
        await hanging.dispose()
