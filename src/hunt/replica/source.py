"""The log as this room sees it, and reading it so that pieces of two histories are never joined."""

from collections.abc import Sequence
from typing import Protocol

from hunt.game.entries import GENESIS, Entry


class Source(Protocol):
    """The SQL log. Every method raises `LogAway` while the log cannot be read."""

    async def head(self) -> tuple[int, str]:
        """The last id and its digest; (0, GENESIS) when the log is empty."""

    async def digest_at(self, id: int) -> str | None:
        """The digest of the entry `id`, or None when there is no such entry."""

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        """At most `limit` entries with ids above `after`, ascending; with `team_id` those of that team or of all."""


class Forked(Exception):
    """The log does not contain the entry `id` with the digest that the reader holds: it is another history."""

    def __init__(self, id: int) -> None:
        super().__init__(f"The log holds another entry {id} than the one that was read before.")
        self.id = id


async def digest_of_log(source: Source, id: int) -> str | None:
    """The log's digest at `id`, which may be 0."""
    return GENESIS if id == 0 else await source.digest_at(id)


async def page_after(source: Source, id: int, digest: str, limit: int) -> Sequence[Entry]:
    """The next entries after (`id`, `digest`); Forked when they do not continue that history.

    The digest is asked for after the entries. A log that still holds it then held it when the entries were read.
    """
    entries = await source.entries(id, limit)
    if await digest_of_log(source, id) != digest or (entries and entries[0].id != id + 1):
        raise Forked(id)
    return entries
