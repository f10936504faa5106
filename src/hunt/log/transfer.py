"""The log as JSON Lines: out of one database, into another, and proven."""

from collections.abc import Iterable, Iterator
from contextlib import aclosing
from typing import IO, Annotated, Any

import msgspec
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.game import entries as e
from hunt.log.database import append_transaction
from hunt.log.reader import PAGE_ENTRIES, LogReader, row_of
from hunt.log.tables import EntryRow, TeamRow


class NotEmpty(Exception):
    """An import goes only into an empty log."""

    def __init__(self) -> None:
        super().__init__("The log of this database is not empty: an import goes only into an empty one.")


class BadLine(Exception):
    """A line of the file is no entry."""


async def export(engine: AsyncEngine, file: IO[str]) -> int:
    """Write every entry as a line; how many there were. OSError where there is no room for them."""
    count = 0
    async with aclosing(LogReader(engine).pages()) as pages:
        async for page in pages:
            file.writelines(e.encode_entry(entry) + "\n" for entry in page)
            count += len(page)
    file.flush()
    return count


async def verify(engine: AsyncEngine) -> tuple[int, str]:
    """Recompute the digest chain: head and digest of a whole log. Raises BrokenChain at the first bad entry."""
    head, digest = 0, e.GENESIS
    async with aclosing(LogReader(engine).pages()) as pages:  # else an error leaves its connection open
        async for page in pages:
            head, digest = e.check_chain(head, digest, page)
    return head, digest


async def load(engine: AsyncEngine, lines: Iterable[str]) -> int:
    """Fill an empty log with exported lines, ids and digests as they are; how many there were.

    Teams that do not exist are made from `team_registered`, without a password, so nobody can log in as one. Raises
    NotEmpty, BadLine, or BrokenChain; nothing is kept then.
    """
    async with append_transaction(engine) as connection:
        if await connection.scalar(select(EntryRow.id).limit(1)) is not None:
            raise NotEmpty
        head, digest = 0, e.GENESIS
        teams = _Teams(connection, set(await connection.scalars(select(TeamRow.id))))
        for page in _pages(lines):
            head, digest = e.check_chain(head, digest, page)
            await teams.follow(page)
            await connection.execute(insert(EntryRow), [row_of(entry) for entry in page])
        await _skip_used_ids(connection)
        await connection.commit()
    return head


async def _skip_used_ids(connection: AsyncConnection) -> None:
    """Let the next team's id come after those that were given here: PostgreSQL counts on its own."""
    if connection.dialect.name == "postgresql":
        next_id = "(SELECT coalesce(max(id), 0) + 1 FROM teams)"
        await connection.execute(text(f"SELECT setval(pg_get_serial_sequence('teams', 'id'), {next_id}, false)"))


def _pages(lines: Iterable[str]) -> Iterator[list[e.Entry]]:
    page: list[e.Entry] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            page.append(_read(line))
        except e.NOT_READABLE as error:
            raise BadLine(f"line {number} is no entry of a log: {error}") from None
        if len(page) == PAGE_ENTRIES:
            yield page
            page = []
    if page:
        yield page


_Delta = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class _Line(e.Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry that has room in the tables, and nothing beside it that no digest covers."""

    team_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None
    currency_delta: _Delta = 0
    strong_currency_delta: _Delta = 0


_decoder = msgspec.json.Decoder(_Line)


def _read(line: str) -> e.Entry:
    """The entry in a line; one of NOT_READABLE for a line that this server would not have written."""
    entry = _decoder.decode(line)
    e.stamp(entry.timestamp)  # a time may be valid and yet in no year that UTC has
    _check_value([entry.type, entry.slug, entry.data, entry.internal_data])
    return entry


def _check_value(value: Any, depth: int = 0) -> None:
    """Raises ValueError for what no entry holds. Halves of characters are refused by the decoder already."""
    if isinstance(value, float):
        raise ValueError(f"{value} is a number with a fraction, and a log has whole ones")  # noqa: TRY004 - as the others
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a text in it has a NUL character")
    if depth > e.DEEPEST:
        raise ValueError("lists or objects in it are too deep within each other")
    if isinstance(value, dict):
        _check_value([*value, *value.values()], depth)
    elif isinstance(value, list):
        for inner in value:
            _check_value(inner, depth + 1)


class _Teams:
    """The accounts that the entries of an import speak of."""

    def __init__(self, connection: AsyncConnection, known: set[int]) -> None:
        self._connection = connection
        self._known = known
        self._made: set[int] = set()

    async def follow(self, page: list[e.Entry]) -> None:
        """Make those that are missing, with the names that they have after this page. Raises BrokenChain."""
        for entry in page:
            match e.event_of(entry):
                case e.TeamRegistered(username, name) if entry.team_id is not None and entry.team_id not in self._known:
                    await self._make(entry.team_id, username, name)
                case e.TeamRenamed(name, username) if entry.team_id in self._made:
                    changed = {"name": name} | ({"username": username} if username else {})
                    await self._connection.execute(update(TeamRow).where(TeamRow.id == entry.team_id).values(changed))
            if entry.team_id is not None and entry.team_id not in self._known:
                raise e.BrokenChain(entry.id, f"is of team {entry.team_id}, which nobody registered")

    async def _make(self, team_id: int, username: str, name: str) -> None:
        await self._connection.execute(insert(TeamRow).values(id=team_id, username=username, name=name))
        self._known.add(team_id)
        self._made.add(team_id)
