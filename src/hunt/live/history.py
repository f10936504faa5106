"""A team's past entries, from wherever they are cheapest: memory, the replica, the log.

All that is not in memory raises LogAway while the log cannot be read.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import islice

from hunt.game.entries import Entry
from hunt.game.state import TeamState, apply
from hunt.log.reader import PAGE_ENTRIES
from hunt.log.source import LogAway, Source
from hunt.log.tail import Tail

TeamEntries = Callable[[int, int, int, int], Awaitable[list[Entry]]]
"""(team id, after, upto, limit) → the team's entries in (after, upto], ascending, at most `limit`."""

TeamNewest = Callable[[int, int, int], Awaitable[list[Entry]]]
"""(team id, upto, limit) → the team's last `limit` entries with ids up to `upto`, ascending."""


class History:
    """Entries of one team, those of all teams included."""

    def __init__(self, tail: Tail, source: Source, team_entries: TeamEntries, team_newest: TeamNewest) -> None:
        self._tail = tail
        self._source = source
        self._team_entries = team_entries
        self._team_newest = team_newest

    async def page(self, team_id: int, after: int, upto: int) -> tuple[list[Entry], bool]:
        """The team's first entries in (after, upto], ascending, at most `PAGE_ENTRIES`; and whether these are all."""
        recent = self._tail.between(after, upto)
        if recent is None:
            entries = await self.stored(team_id, after, upto, limit=PAGE_ENTRIES)
        else:
            entries = list(islice((entry for entry in recent if entry.team_id in {None, team_id}), PAGE_ENTRIES))
        return entries, len(entries) < PAGE_ENTRIES

    async def stored(
        self,
        team_id: int,
        after: int,
        upto: int,
        *,
        limit: int | None = None,
        where: Callable[[Entry], bool] = lambda _entry: True,
    ) -> list[Entry]:
        """All the team's entries in (after, upto], read from the replica (which brings its stream up) or else the log.

        With a `limit` only the first so many for which `where` holds, and hardly more is read.
        """
        entries: list[Entry] = []
        async with self._of_one_history():
            while page := await self._team_entries(team_id, after, upto, min(limit or PAGE_ENTRIES, PAGE_ENTRIES)):
                entries += filter(where, page)
                after = page[-1].id
                if limit is not None and len(entries) >= limit:
                    break
        return entries[:limit]

    async def state_at(self, team_id: int, at: int) -> TeamState:
        """The team as it was at log id `at`, folded from the log by today's rules."""
        hunt, state, after = self._tail.board.hunt, TeamState(team_id=team_id), 0
        while page := await self._source.entries(after, PAGE_ENTRIES, team_id):
            for entry in page:
                if entry.id > at:
                    return state
                apply(hunt, state, entry)
            after = page[-1].id
        return state

    async def newest(self, team_id: int, limit: int, before: int) -> list[Entry]:
        """The team's last `limit` entries with ids below `before`, ascending; read as `stored` reads."""
        async with self._of_one_history():
            return await self._team_newest(team_id, min(before - 1, self._tail.head), limit)

    async def digest_at(self, id: int) -> str | None:
        """The log's digest at `id`, None where the log has no such entry."""
        if known := self._tail.digest_at(id):
            return known
        async with self._of_one_history():
            return await self._source.digest_at(id)

    @asynccontextmanager
    async def _of_one_history(self) -> AsyncIterator[None]:
        """What is read inside belongs to what this process knows; LogAway where the log has become another one.

        The log is asked afterwards: where it still holds our head, it held what led there all the time.
        """
        head, digest = self._tail.head, self._tail.digest
        yield
        if await self._source.digest_at(head) != digest:
            raise LogAway("The log has another history than this process knew.")
