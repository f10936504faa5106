"""Engines for the two stores, and the one transaction in which the log is written."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, TextClause, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from hunt.log.address import BadAddress, address_of

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

_PATIENCE = "lock_timeout_seconds"
"""The option of an engine that says how long its transactions wait for a lock."""

POOL_SIZE = 10
"""Connections of one process. Requests need none on the hot path, so few are enough for many browsers."""


def connect(url: str) -> AsyncEngine:
    """An engine for an address of SQLite or PostgreSQL, see `address_of`; nothing is opened yet.

    DatabaseAway for an address that cannot be used. Errors do not show the values of a statement: they are
    logged, and some are hashes of passwords.
    """
    try:
        address = address_of(url)
    except BadAddress as error:
        raise DatabaseAway(f"The database address (HUNT_DATABASE_URL) {error}") from None
    if address.url.get_backend_name() == "sqlite":
        arguments: dict[str, Any] = {"timeout": LOCK_TIMEOUT_SECONDS}
        engine = create_async_engine(address.url, connect_args=arguments, pool_size=POOL_SIZE, hide_parameters=True)
        _tame_sqlite(engine)
        return engine
    arguments = {"timeout": LOCK_TIMEOUT_SECONDS, "command_timeout": ANSWER_SECONDS} | address.arguments
    engine = create_async_engine(
        address.url,
        connect_args=arguments,
        execution_options={_PATIENCE: LOCK_TIMEOUT_SECONDS},
        pool_size=POOL_SIZE,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    _leave_standbys(engine)
    _heed_poolers(engine)
    return engine


def _heed_poolers(engine: AsyncEngine) -> None:
    """Behind a pooler such as PgBouncer each transaction may run on another connection to the database.

    What a connection was given is gone there: statements have no names, and nothing is set for longer than a
    transaction. The first connection finds out whether there is a pooler.
    """
    found: list[bool] = []
    timeouts = _timeouts(engine.get_execution_options()[_PATIENCE])

    @event.listens_for(engine.sync_engine, "do_connect")
    def prepare(dialect: Dialect, _record: object, positional: tuple[Any, ...], arguments: dict[str, Any]) -> Any:
        if not found or found[0]:
            without_state = {**arguments, **_WITHOUT_STATE}
            connection = dialect.connect(*positional, **without_state)
            if not found:
                found.append(connection.run_async(_is_pooled))
            if found[0]:
                return connection
            connection.close()
        arguments["server_settings"] = {**arguments.get("server_settings", {}), **timeouts}
        return None


async def _is_pooled(connection: Any) -> bool:
    """Whether the server process that does the work is another one than the connection was said to be."""
    async with connection.transaction():  # else a pooler may have two connections do this
        at_work: int = await connection.fetchval("SELECT pg_backend_pid()")
    named: int = connection.get_server_pid()
    return at_work != named


def _timeouts(seconds: float) -> dict[str, str]:
    """How long PostgreSQL lets a session wait for a lock, and a transaction for its next statement."""
    return dict.fromkeys(("lock_timeout", "idle_in_transaction_session_timeout"), f"{seconds}s")


_WITHOUT_STATE: dict[str, Any] = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}


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


def reason_of(error: BaseException) -> str:
    """What the database or the network said, in one line without its full stop; an error without words by its kind."""
    origin = getattr(error, "orig", None) or error
    lines = str(origin).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(origin).__name__


BAD_DATA = ("22", "54")
"""The classes of PostgreSQL's errors about values: such that cannot be, and such that are too large."""


def is_bad_data(error: BaseException) -> bool:
    """Whether a statement failed for a value in it, and would fail again."""
    if isinstance(error, DataError | ValueError | OverflowError):  # a driver may refuse a value before it is sent
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(state, str) and state.startswith(BAD_DATA)


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


@cache
def _lock(seconds: float) -> TextClause:
    """Takes the append lock. The timeouts are said here once more, for connections through a pooler."""
    limits = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _timeouts(seconds).items())
    return text(f"SELECT {limits}, pg_advisory_xact_lock({APPEND_LOCK})")


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
            await connection.execute(_lock(engine.get_execution_options()[_PATIENCE]))
        yield connection
