"""Emptying a database for a fresh start in development."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect

from hunt.log.address import address_of
from hunt.log.database import connect


async def reset(url: str) -> None:
    """Remove everything from the database at `url`, whatever its schema: a SQLite file itself, elsewhere all tables."""
    parsed = address_of(url).url
    if parsed.get_backend_name() == "sqlite":
        _remove(parsed.database or "")
        return
    engine = connect(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_drop_tables)
    finally:
        await engine.dispose()


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(path + suffix).unlink()


def _drop_tables(connection: Connection) -> None:
    if inspect(connection).get_table_names():
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)
