"""The log for those who only read it, wherever they are: beside SQL, or in a process that has none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from hunt.game.entries import Entry
from hunt.log.lines import Line

READ_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts of a request to read, as long as the writer tries: a database may restart."""

T = TypeVar("T")


class LogAway(Exception):
    """The log cannot be read at the moment."""


async def read_again(read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives, tried again while it raises `LogAway`; that in the end."""
    for pause in READ_PAUSES:
        try:
            return await read()
        except LogAway:
            await asyncio.sleep(pause)
    return await read()


class Source(Protocol):
    """The canonical log. Every method raises `LogAway` while it cannot be read."""

    async def head(self) -> tuple[int, str]:
        """The last id and its digest; (0, GENESIS) while the log is empty."""

    async def digest_at(self, id: int) -> str | None:
        """The digest of entry `id`, None where there is no such entry; GENESIS at 0."""

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        """At most `limit` entries with `id > after`, ascending; with `team_id` those of that team or of all teams."""

    async def lines(self, after: int, limit: int) -> Sequence[Line]:
        """What `entries` gives, for those who only pass it on."""

    async def newest(self, team_id: int, limit: int, before: int | None = None) -> Sequence[Entry]:
        """The last `limit` entries of a team's log (those with ids below `before`), ascending."""
