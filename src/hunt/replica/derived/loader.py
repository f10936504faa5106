"""Makes a board from the states that Redis keeps and from what the log holds after them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from redis.exceptions import RedisError

from hunt.game.board import Board
from hunt.game.entries import Entry
from hunt.game.state import TeamState
from hunt.log.database import reason_of
from hunt.log.reader import PAGE_ENTRIES
from hunt.log.source import Source
from hunt.log.tail import RING_ENTRIES
from hunt.replica.derived.form import Form, Meta, Stand, Unusable, seal_of
from hunt.replica.derived.scripts import DerivedScripts
from hunt.replica.source import Forked, page_after

TEAMS_AT_ONCE = 50
"""Teams in one read: about a megabyte where each has guessed a thousand times."""

START_RING_ENTRIES = 5_000
"""Entries before the states that are read too: sockets that come back after a restart are served from memory."""

TRIES = 3
RETRY_SECONDS = 0.2
"""A start may wait a little for Redis: to read the whole log takes longer."""

T = TypeVar("T")

Stands = dict[int, str]
"""Ids of entries at which states stand, and the digest that each must have in the log."""


class Loader:
    """Trusts Redis with nothing: what is kept has to be sealed, whole, and of the history that the log holds."""

    def __init__(self, scripts: DerivedScripts, source: Source) -> None:
        self._scripts = scripts
        self._source = source

    async def board(self, form: Form) -> tuple[Board, list[Entry]]:
        """A board at the log's end, and the newest entries.

        Unusable when what is kept does not fit together or the log does not say the same; RedisError, LogAway.
        """
        meta = form.meta_in(await _patiently(partial(self._scripts.meta, form)))
        stands: Stands = dict([meta.begun, meta.ended])
        teams = await self._teams(form, meta, stands)
        board = Board(form.hunt)
        board.restore(*meta.begun, meta.everyone, teams)
        try:
            return board, await self._follow(board, stands)
        except Forked as error:
            raise Unusable(reason_of(error)) from error

    async def _teams(self, form: Form, meta: Meta, stands: Stands) -> dict[int, TeamState]:
        teams: dict[int, TeamState] = {}
        team_ids = list(meta.seals)
        for start in range(0, len(team_ids), TEAMS_AT_ONCE):
            some = team_ids[start : start + TEAMS_AT_ONCE]
            values = await _patiently(partial(self._scripts.values, form, some))
            for team_id, raw in zip(some, values, strict=True):
                kept = form.kept(team_id, raw)
                if not meta.lists(team_id, kept, seal_of(raw or b"")) and not _agrees(stands, kept.stand):
                    raise Unusable(f"the state of team {team_id} is of another history")
                teams[team_id] = kept.state
        return teams

    async def _follow(self, board: Board, stands: Stands) -> list[Entry]:
        """Moves the board to the log's end, past every entry in `stands`; the newest entries."""
        after = max(0, board.head - START_RING_ENTRIES)
        digest = await self._source.digest_at(after)
        if digest is None or stands.pop(after, digest) != digest:
            raise Unusable("the log is another one, or shorter")
        newest: deque[Entry] = deque(maxlen=RING_ENTRIES)
        while page := await page_after(self._source, after, digest, PAGE_ENTRIES):
            for entry in page:
                if stands.pop(entry.id, entry.digest) != entry.digest:
                    raise Unusable(f"the log holds another entry {entry.id}")
                if entry.id > board.head:
                    board.apply(entry)
            newest.extend(page)
            after, digest = page[-1].id, page[-1].digest
        if stands:
            raise Unusable(f"the log ends before entry {max(stands)}")
        return list(newest)


def _agrees(stands: Stands, stand: Stand) -> bool:
    """Notes the stand; False where another digest is noted for its entry."""
    return stands.setdefault(stand.id, stand.digest) == stand.digest


async def _patiently(read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives, though it should fail at first. Raises RedisError."""
    for _ in range(TRIES - 1):
        try:
            return await read()
        except RedisError:
            await asyncio.sleep(RETRY_SECONDS)
    return await read()
