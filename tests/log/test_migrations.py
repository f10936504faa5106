"""The schema: brought up to date once however many start, refused where it is newer, and what the models say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hunt.accounts.tables import OperatorRow
from hunt.log.database import DatabaseAway, connect
from hunt.log.migrations import SchemaMismatch, check_schema, folder, migrate, revisions
from hunt.log.tables import TeamRow
from servers import PostgresServer
from stores import execute

HUNT = Path(sys.executable).with_name("hunt")


def start_migration(url: str) -> subprocess.Popen[str]:
    environment = os.environ | {"HUNT_DATABASE_URL": url}
    return subprocess.Popen(
        [HUNT, "migrate"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


async def test_several_copies_may_migrate_at_once(database_url: str) -> None:
    copies = [start_migration(database_url) for _ in range(3)]
    said = [copy.communicate(timeout=60) for copy in copies]
    assert [copy.returncode for copy in copies] == [0] * 3, said
    await check_schema(database_url)


def test_the_files_of_the_migrations_are_called_as_they_follow_each_other() -> None:
    scripts = ScriptDirectory(folder()).walk_revisions()
    assert revisions() == [script.revision for script in scripts][::-1]


async def test_a_second_migration_changes_nothing(store: str) -> None:
    await migrate(store)
    await check_schema(store)


async def test_the_models_say_what_the_migrations_made(store: str) -> None:
    engine = connect(store)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def differences(connection: Connection) -> list[object]:
    assert OperatorRow.metadata is TeamRow.metadata
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    found = compare_metadata(context, TeamRow.metadata)
    return [difference for difference in found if "sa_orm_sentinel" not in str(difference)]


async def test_a_schema_of_a_newer_version_is_refused_and_left_alone(store: str) -> None:
    await execute(store, "UPDATE alembic_version SET version_num = 'ffff'")
    for attempt in (migrate(store), check_schema(store)):
        with pytest.raises(SchemaMismatch, match="newer version"):
            await attempt


async def test_a_database_without_a_schema_is_told_from_one_that_is_up_to_date(database_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="hunt migrate"):
        await check_schema(database_url)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres_server: PostgresServer, encoding: str
) -> None:
    url = postgres_server.url(postgres_server.database(encoding=encoding))
    for attempt in (migrate(url), check_schema(url)):
        with pytest.raises(DatabaseAway, match=f"{encoding}.*UTF8"):
            await attempt


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is no database. " * 100)
    for path in (tmp_path, tmp_path / "text.db"):
        with pytest.raises(DatabaseAway, match="cannot be opened"):
            await migrate(f"sqlite+aiosqlite:///{path}")


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite:////nowhere/at/all.sqlite3", "postgresql+asyncpg://u:secret@127.0.0.1:1/hunt"]
)
async def test_a_database_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    for attempt in (migrate(url), check_schema(url)):
        with pytest.raises(DatabaseAway) as away:
            await attempt
        assert "secret" not in str(away.value)
        assert str(away.value).startswith("The database ")
