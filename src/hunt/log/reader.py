"""Reading the log from SQL. Core statements: a row is turned into an `Entry` here and nowhere else."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Row,
    Select,
    Table,
    Text,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.game.entries import GENESIS, Entry, canonical_json
from hunt.log.database import is_bad_data, reason_of
from hunt.log.lines import LINE_END, Line, digest_in, line_of
from hunt.log.source import LogAway
from hunt.log.tables import EntryRow

PAGE_ENTRIES = 1_000
"""Entries read at once; a longer stretch is read in pages."""

BODY = (
    '{"currency_delta":%s,"data":%s,"digest":"%s","id":%s,"internal_data":%s,"slug":%s,"strong_currency_delta":%s,'
    '"team_id":%s,"timestamp":"%s","type":"%s"}'
)
"""What `encode_entry` writes, as SQL writes it."""

SLICE_ROWS = 500
"""Rows made into lines in one go: about a millisecond, after which others run."""

_log = cast(Table, EntryRow.__table__)
COLUMNS = [column for column in _log.columns if column.name != "request_key"]


def entry_of(row: Row[*tuple[Any, ...]]) -> Entry:
    """The stored row as an entry; columns beyond `COLUMNS` are left out."""
    fields = {name: value for name, value in row._asdict().items() if name != "request_key"}
    for name in ("data", "internal_data"):
        if fields[name] is not None:
            fields[name] = _object(fields[name])
    return Entry(**fields)


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object in a column. What is none was edited by hand: it is kept as text, and its digest does not fit.

    JSON's own null is nothing, as the column's is.
    """
    try:
        value = _decoder.decode(text)
        if "\\u" in text:  # half a surrogate pair may hide there, which cannot be written as UTF-8 again
            canonical_json(value).encode()
    except (ValueError, RecursionError):
        value = text
    return value if value is None or isinstance(value, dict) else {"unreadable": text}


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)


def row_of(entry: Entry, request_key: str | None = None) -> dict[str, Any]:
    """The entry as the values of its row."""
    row = msgspec.structs.asdict(entry)
    for name in ("data", "internal_data"):
        if row[name] is not None:
            row[name] = canonical_json(row[name])
    row["request_key"] = request_key
    return row


def entries_after(after: int, limit: int, team_id: int | None = None) -> Select[Any]:
    """The rows with `id > after`, ascending; with `team_id` only those of that team or of all teams."""
    statement = select(*COLUMNS).where(_log.c.id > after).order_by(_log.c.id).limit(limit)
    if team_id is not None:
        statement = statement.where(or_(_log.c.team_id == team_id, _log.c.team_id.is_(None)))
    return statement


async def read_page(connection: AsyncConnection, statement: Select[Any]) -> list[Entry]:
    rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return [entry_of(row) for row in rows]


async def read_lines(connection: AsyncConnection, after: int, limit: int) -> list[Line]:
    """The next rows as lines. Where a text does not prove itself, the entry is read and written as one."""
    statement = _bodies_from(after, limit, connection.dialect)
    rows: Sequence[Row[int, str, str]] = (await connection.execute(statement)).all()
    previous = GENESIS
    if rows and rows[0].id == after:
        previous, rows = rows[0].digest, rows[1:]
    rows = rows[:limit]
    lines: list[Line | int] = []
    for start in range(0, len(rows), SLICE_ROWS):
        for id, digest, text in rows[start : start + SLICE_ROWS]:
            body = text.encode()
            proven = digest_in(previous, id, body) == digest and LINE_END not in body
            lines.append(Line(id, digest, body) if proven else id)
            previous = digest
        await asyncio.sleep(0)
    return await _completed(connection, lines)


async def _completed(connection: AsyncConnection, lines: list[Line | int]) -> list[Line]:
    """The lines, where there are ids those of the entries."""
    ids = [line for line in lines if isinstance(line, int)]
    if not ids:
        return cast(list[Line], lines)
    entries = await read_page(connection, select(*COLUMNS).where(_log.c.id.in_(ids)))
    found = {entry.id: line_of(entry) for entry in entries}
    if len(found) < len(ids):
        raise LogAway("The log was edited while it was read.")
    return [found[line] if isinstance(line, int) else line for line in lines]


def _bodies_from(id: int, limit: int, dialect: Dialect) -> Select[Any]:
    """The row `id` if there is one, and at most `limit` rows after it: id, digest, and the body if nothing is unusual.

    Where a text would have to be escaped, or was edited by hand, this is not the body; whoever reads proves it.
    """
    row = _log.c
    written = (func.printf if dialect.name == "sqlite" else func.format)(
        literal(BODY, Text),
        row.currency_delta,
        func.coalesce(row.data, "null"),
        row.digest,
        row.id,
        func.coalesce(row.internal_data, "null"),
        func.coalesce(literal('"', Text).concat(row.slug).concat('"'), "null"),
        row.strong_currency_delta,
        func.coalesce(cast_to(row.team_id, Text), "null"),
        _stamp_of(row.timestamp, dialect),
        row.type,
    )
    body = type_coerce(written, Text)
    return select(row.id, row.digest, body).where(row.id >= id).order_by(row.id).limit(limit + 1)


def _stamp_of(moment: Column[Any], dialect: Dialect) -> ColumnElement[str]:
    """The time as text, as `stamp` writes it."""
    if dialect.name == "sqlite":
        return type_coerce(moment, Text)
    return func.to_char(func.timezone("UTC", moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')


async def read_all(connection: AsyncConnection, after: int = 0) -> AsyncGenerator[list[Entry], None]:
    """The whole log after an id, a page at a time."""
    while page := await read_page(connection, entries_after(after, PAGE_ENTRIES)):
        yield page
        after = page[-1].id


def reading(connection: AsyncConnection) -> Callable[[int, int], Awaitable[list[Entry]]]:
    """Reads entries after an id, at most so many, inside the connection's transaction."""

    async def read(after: int, limit: int) -> list[Entry]:
        return await read_page(connection, entries_after(after, limit))

    return read


@asynccontextmanager
async def reading_from(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection for one short reading. Raises LogAway; SQLAlchemyError where a value is one that cannot be."""
    try:
        async with engine.connect() as connection:
            yield connection
    except (SQLAlchemyError, OSError) as error:
        if is_bad_data(error):
            raise
        raise LogAway(reason_of(error)) from error


class LogReader:
    """The SQL log for those who only read, a `Source`; every call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def head(self) -> tuple[int, str]:
        """The last id and its digest; (0, GENESIS) while the log is empty."""
        statement = select(_log.c.id, _log.c.digest).order_by(_log.c.id.desc()).limit(1)
        async with reading_from(self.engine) as connection:
            row = (await connection.execute(statement)).first()
        return (row.id, row.digest) if row else (0, GENESIS)

    async def digest_at(self, id: int) -> str | None:
        """The digest of entry `id`, None where there is no such entry; GENESIS at 0."""
        if id == 0:
            return GENESIS
        async with reading_from(self.engine) as connection:
            return await connection.scalar(select(_log.c.digest).where(_log.c.id == id))

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> list[Entry]:
        """At most `limit` entries with `id > after`, ascending; with `team_id` only what that team's log holds."""
        async with reading_from(self.engine) as connection:
            return await read_page(connection, entries_after(after, limit, team_id))

    async def lines(self, after: int, limit: int) -> list[Line]:
        """What `entries` gives, for those who only pass it on."""
        async with reading_from(self.engine) as connection:
            return await read_lines(connection, after, limit)

    async def newest(self, team_id: int | None, limit: int, before: int | None = None) -> list[Entry]:
        """The last `limit` entries (with ids below `before`), ascending; with `team_id` those of that team's log."""
        statement = entries_after(0, limit, team_id).order_by(None).order_by(_log.c.id.desc())
        if before is not None:
            statement = statement.where(_log.c.id < before)
        async with reading_from(self.engine) as connection:
            return (await read_page(connection, statement))[::-1]

    async def deltas(self, team_id: int, first: int, end: int) -> tuple[int, int]:
        """The keys and clues that a team's entries with ids in [first, end) brought."""
        sums = [func.coalesce(func.sum(column), 0) for column in (_log.c.currency_delta, _log.c.strong_currency_delta)]
        mine = or_(_log.c.team_id == team_id, _log.c.team_id.is_(None))
        async with reading_from(self.engine) as connection:
            row = (await connection.execute(select(*sums).where(_log.c.id >= first, _log.c.id < end, mine))).one()
        return int(row[0]), int(row[1])

    async def pages(self, after: int = 0) -> AsyncGenerator[list[Entry], None]:
        """Everything after `after`, in pages of at most `PAGE_ENTRIES`, from one snapshot."""
        async with reading_from(self.engine) as connection:
            async for page in read_all(connection, after):
                yield page
