"""PostgreSQL behind PgBouncer in transaction mode: each transaction may be on another connection to the database."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from hunt.game import commands as cmd
from hunt.log.database import append_transaction, connect
from hunt.log.migrations import check_schema, migrate
from hunt.log.reader import LogReader
from servers import CannotRun, PgBouncer, PostgresServer, need
from stores import process

TEAMS = (1, 2, 3, 4)


@pytest.fixture
def pooled(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty database, by way of the pooler."""
    try:
        bouncer = PgBouncer(postgres_server)
    except CannotRun as error:
        need(error)
        raise
    bouncer.start()
    name = postgres_server.database()
    yield bouncer.url(name)
    bouncer.close()
    postgres_server.drop(name)


@pytest.mark.optional
async def test_a_database_behind_a_pooler_is_migrated_written_and_read(pooled: str) -> None:
    await migrate(pooled)
    await migrate(pooled)
    await check_schema(pooled)
    async with process(pooled) as one, process(pooled) as two:
        await one.register(*TEAMS)
        grant = cmd.Grant(teams=TEAMS, keys=1)
        await asyncio.gather(*(each.submit(grant) for _ in range(20) for each in (one, two)))
        await one.guess("answer")
        assert len(await one.check()) == len(await two.check())
        reader = LogReader(one.engine)
        pages = await asyncio.gather(*(reader.lines(after, 5) for after in range(20)))
        assert all(pages)


@pytest.mark.optional
async def test_through_a_pooler_a_writer_does_not_wait_longer_for_the_lock_than_without(pooled: str) -> None:
    engine = connect(pooled)
    try:
        async with append_transaction(engine) as connection:
            limits = [
                await connection.scalar(text(f"SHOW {name}"))
                for name in ("lock_timeout", "idle_in_transaction_session_timeout")
            ]
        assert limits == ["10s", "10s"]
        async with engine.connect() as connection:
            assert await connection.scalar(text("SHOW lock_timeout")) == "0"
    finally:
        await engine.dispose()


async def test_without_a_pooler_statements_keep_their_names_and_the_session_its_limits(postgres_store: str) -> None:
    engine = connect(postgres_store)
    try:
        async with engine.connect() as connection:
            assert await connection.scalar(text("SHOW lock_timeout")) == "10s"
            named = await connection.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"))
            assert named
    finally:
        await engine.dispose()
