"""The log as JSON Lines: out of one database, into another, and proven."""

from collections.abc import Iterable, Iterator
from contextlib import aclosing
from typing import TextIO

import msgspec
from sqlalchemy import insert, select, text
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


async def export(engine: AsyncEngine, file: TextIO) -> int:
    """Write every entry as a line; how many there were."""
    count = 0
    async with aclosing(LogReader(engine).pages()) as pages:
        async for page in pages:
            file.writelines(e.encode_entry(entry) + "\n" for entry in page)
            count += len(page)
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

    Teams that do not exist are made from `team_registered`, without a password. Raises NotEmpty, BadLine, or
    BrokenChain; nothing is kept then.
    """
    async with append_transaction(engine) as connection:
        if await connection.scalar(select(EntryRow.id).limit(1)) is not None:
            raise NotEmpty
        head, digest = 0, e.GENESIS
        for page in _pages(lines):
            head, digest = e.check_chain(head, digest, page)
            await _make_teams(connection, page)
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
            page.append(e.decode_entry(line))
        except msgspec.DecodeError as error:
            raise BadLine(f"line {number} is no entry of a log: {error}") from None
        if len(page) == PAGE_ENTRIES:
            yield page
            page = []
    if page:
        yield page


async def _make_teams(connection: AsyncConnection, page: list[e.Entry]) -> None:
    for entry in page:
        event = e.event_of(entry)
        if entry.team_id is None or not isinstance(event, e.TeamRegistered):
            continue
        known = await connection.scalar(select(TeamRow.id).where(TeamRow.id == entry.team_id))
        if known is None:
            values = {"id": entry.team_id, "username": event.username, "name": event.name}
            await connection.execute(insert(TeamRow).values(values))
