"""The database schema: bringing it up to date, and refusing one that this version does not know."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.log.database import DatabaseAway, connect, opened

ENCODING = "UTF8"
"""What PostgreSQL calls UTF-8."""


class SchemaMismatch(Exception):
    """The database has another schema than this version of the server."""


def folder() -> Path:
    """Where the migrations are: inside the installed package, or at the top of a checkout."""
    packaged = Path(__file__).parent.parent / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


def revisions() -> list[str]:
    """The schema's versions, oldest first: the names of the migrations' files begin with them."""
    return sorted(path.name.partition("_")[0] for path in (folder() / "versions").glob("[0-9]*.py"))


async def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema. Safe when several copies start at once.

    Raises SchemaMismatch for a schema from a newer version, DatabaseAway.
    """
    engine = connect(url)
    try:
        async with opened(engine) as connection:
            if engine.dialect.name == "sqlite":
                await connection.execution_options(immediate=True)
            async with connection.begin():
                await _check_encoding(connection)
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


async def _check_encoding(connection: AsyncConnection) -> None:
    """Raises DatabaseAway for a database that cannot hold every text. (Those of SQLite can.)"""
    if connection.dialect.name != "postgresql":
        return
    encoding = await connection.scalar(text("SELECT current_setting('server_encoding')"))
    if encoding != ENCODING:
        name = connection.engine.url.database
        raise DatabaseAway(
            f"The database {name} has the encoding {encoding}, which cannot hold every text. Create another one: "
            f"CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0."
        )


def _upgrade(connection: Connection) -> None:
    # A tenth of a second, which only this command needs to wait for.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaMismatch(_NEWER) from error


async def check_schema(url: str) -> None:
    """Raises SchemaMismatch unless the database has exactly this version's schema; DatabaseAway."""
    engine = connect(url)
    try:
        async with opened(engine) as connection:
            await _check_encoding(connection)
            current = await connection.run_sync(_current)
    finally:
        await engine.dispose()
    known = revisions()
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise SchemaMismatch(_NEWER)
    raise SchemaMismatch("The database is not up to date: run `hunt migrate` first.")


def _current(connection: Connection) -> str | None:
    """The version of the database's schema; None where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


_NEWER = "The database was made by a newer version of Hunt: install that version, or use another database."
