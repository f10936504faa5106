"""Engines for the two stores, and the one transaction in which the log is written."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

APPEND_LOCK = 4_847_566
"""The database-wide advisory lock under which the log is appended to; the number means nothing."""

LOCK_TIMEOUT_SECONDS = 10
"""How long a writer waits for another process's transaction before it gives up and says so."""

ANSWER_SECONDS = 15
"""How long a statement may take; longer than the lock, so that a wait for it is told as such."""

ODD_ADDRESS = (TypeError, ValueError, OverflowError)
"""What the drivers raise for options, ports and hosts that cannot be."""

READ_ONLY = "25006"
"""What PostgreSQL calls a transaction that may not write, as every one on a standby is."""

POOL_SIZE = 10
"""Connections of one process. Requests need none on the hot path, so few are enough for many browsers."""


def connect(url: str) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite://…` or `postgresql+asyncpg://…`; nothing is opened yet.

    DatabaseAway for an address that cannot be understood. Errors do not show the values of a statement: they are
    logged, and some are hashes of passwords.
    """
    try:
        make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseAway(f"The database address (HUNT_DATABASE_URL) cannot be understood: {error}.") from None
    if url.startswith("sqlite"):
        arguments: dict[str, Any] = {"timeout": LOCK_TIMEOUT_SECONDS}
        engine = create_async_engine(url, connect_args=arguments, pool_size=POOL_SIZE, hide_parameters=True)
        _tame_sqlite(engine)
        return engine
    timeouts = {
        "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    }
    arguments = {"server_settings": timeouts, "timeout": LOCK_TIMEOUT_SECONDS, "command_timeout": ANSWER_SECONDS}
    engine = create_async_engine(
        url, connect_args=arguments, pool_size=POOL_SIZE, pool_pre_ping=True, hide_parameters=True
    )
    _leave_standbys(engine)
    return engine


def _leave_standbys(engine: AsyncEngine) -> None:
    """Connections that a failover has left at a standby are well but for writing: they are made anew."""

    @event.listens_for(engine.sync_engine, "handle_error")
    def leave(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True


def _tame_sqlite(engine: AsyncEngine) -> None:
    """Write-ahead log, durable commits, and transactions that we begin ourselves."""

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={LOCK_TIMEOUT_SECONDS * 1000}")
        with suppress(sqlite3.OperationalError):  # another process is switching at this moment; the mode is the file's
            cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: an id that was published must not be given out again after a power cut.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


class DatabaseAway(Exception):
    """The database cannot be opened; the message names it, without its password, and says why."""

    @classmethod
    def because(cls, engine: AsyncEngine, error: Exception) -> "DatabaseAway":
        return cls(
            f"The database {engine.url.render_as_string(hide_password=True)} cannot be opened: {reason_of(error)}."
        )


def reason_of(error: Exception) -> str:
    """What the database or the network itself said, in one line without its full stop."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _try_file(path: str) -> None:
    """Raises sqlite3.Error for a file that is no database. The driver does so too, but its thread outlives the loop."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA schema_version")


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for a command that starts; DatabaseAway where there is none to be had."""
    connection = engine.connect()
    try:
        if engine.dialect.name == "sqlite":
            _try_file(engine.url.database or "")
        await connection.start()
    except (*ODD_ADDRESS, OSError, DBAPIError, sqlite3.Error) as error:
        raise DatabaseAway.because(engine, error) from error
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def append_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that holds the append lock from its first statement to its end; the caller commits.

    On PostgreSQL the lock is taken in a statement of its own, so that what is read next is a snapshot from after it.
    """
    async with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            await connection.execution_options(immediate=True)
            await connection.begin()
        else:
            await connection.begin()
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})"))
        yield connection
