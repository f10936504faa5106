"""Reading the log so that pieces of two histories are never joined."""

from collections.abc import Sequence
from typing import TypeVar

from hunt.game.entries import Entry
from hunt.log.lines import Line
from hunt.log.source import Source

PAGE_ENTRIES = 200


class Forked(Exception):
    """The log does not contain the entry `id` with the digest that the reader holds: it is another history."""

    def __init__(self, id: int) -> None:
        super().__init__(f"The log holds another entry {id} than the one that was read before.")
        self.id = id


T = TypeVar("T", Entry, Line)


async def page_after(source: Source, id: int, digest: str, limit: int) -> Sequence[Entry]:
    """The next entries after (`id`, `digest`); Forked when they do not continue that history.

    The digest is asked for after the entries. A log that still holds it then held it when the entries were read.
    """
    return await _continued(source, id, digest, await source.entries(id, limit))


async def lines_after(source: Source, id: int, digest: str, limit: int) -> Sequence[Line]:
    """The same as lines."""
    return await _continued(source, id, digest, await source.lines(id, limit))


async def _continued(source: Source, id: int, digest: str, page: Sequence[T]) -> Sequence[T]:
    if await source.digest_at(id) != digest or (page and page[0].id != id + 1):
        raise Forked(id)
    return page


async def has_team(source: Source, team_id: int) -> bool:
    """Whether the log has an entry of the team's own. Raises LogAway."""
    after = 0
    while page := await source.entries(after, PAGE_ENTRIES, team_id):
        if any(row.team_id == team_id for row in page):
            return True
        after = page[-1].id
    return False
