"""Keeps the states of all teams in Redis, a pass at a time; a pass writes what has changed since the one before."""

import asyncio
import secrets
from collections import deque

from msgspec import Struct

from hunt.game.board import Board
from hunt.game.state import TeamState
from hunt.log.source import Source
from hunt.log.tail import Tail
from hunt.replica.derived.form import META, Form, Kept, Meta, Stand, Unusable, seal_of
from hunt.replica.derived.scripts import DerivedScripts
from hunt.replica.lease import Lease
from hunt.replica.status import Health

SLICE_SECONDS = 0.002
"""How long states are packed before others run; a state with 1,000 guesses takes 0.4 ms."""

SHARE = 0.03
"""Of the time, at most, that a pass spends packing: 1,000 teams with 1,000 guesses each take about 15 seconds."""

REST_SECONDS = 0.02
"""Between two slices, at least."""

TOKEN_BYTES = 8


class _Pass(Struct):
    """A pass under way: where the board stood when it began, and the seals of what is kept so far."""

    form: Form
    token: str
    board: Board
    begun: Stand
    everyone: TeamState
    team_ids: list[int]
    seals: dict[int, bytes]


class Writer:
    """Remembers nothing of what is kept between passes: the meta in Redis says it.

    A pass writes the states that have changed since that meta. So whatever becomes of the pass, each state is the one
    that the meta lists, or one newer than the meta; and the next pass writes the latter again.
    """

    def __init__(self, scripts: DerivedScripts, source: Source, tail: Tail, lease: Lease, health: Health) -> None:
        self._scripts = scripts
        self._source = source
        self._tail = tail
        self._lease = lease
        self._health = health
        self._board: Board | None = None

    async def write(self, form: Form) -> bool:
        """One pass; False when it did not come to its end: others write, or the board is not what is needed for it.

        Raises RedisError and LogAway.
        """
        token, board = secrets.token_hex(TOKEN_BYTES), self._tail.board
        count, raw = await self._scripts.begin(form, token)
        meta = await self._usable(form, count, raw)
        if self._tail.board is not board or board.hunt is not form.hunt:
            return False
        if self._board not in (None, board):  # another history, of which an unfinished pass may have left states
            meta = None
        if meta is None:
            await self._scripts.drop(form)
        elif meta.ended.id > board.head:
            return False
        elif meta.begun.id == board.head:
            return True
        self._board = board
        return await self._carry_out(_planned(form, token, board, meta), since=meta.begun.id if meta else 0)

    async def _usable(self, form: Form, count: int, raw: bytes) -> Meta | None:
        """The meta in Redis, where it is of this log and no state has vanished since."""
        try:
            meta = form.meta_in(raw)
        except Unusable:
            return None
        id, digest = meta.ended
        there = self._tail.digest_at(id) or await self._source.digest_at(id)
        return meta if there == digest and count >= len(meta.seals) else None

    async def _carry_out(self, plan: _Pass, since: int) -> bool:
        board = plan.board
        waiting = deque(id for id in plan.team_ids if id not in plan.seals or board.teams[id].epoch > since)
        loop = asyncio.get_running_loop()
        while waiting:
            if not await self._lease.hold() or self._tail.board is not board:
                return False
            begun = loop.time()
            values = _slice(plan, waiting)
            took = loop.time() - begun
            if not await self._scripts.put(plan.form, plan.token, values):
                return False
            self._health.counters.derived_written += len(values)
            await asyncio.sleep(max(REST_SECONDS, took / SHARE))
        return self._tail.board is board and await self._close(plan)

    async def _close(self, plan: _Pass) -> bool:
        seals = {team_id: plan.seals[team_id] for team_id in plan.team_ids}
        meta = Meta(plan.begun, _stand(plan.board), plan.everyone, seals)
        closed = await self._scripts.close(plan.form, plan.token, len(seals), plan.form.close(META, meta))
        self._health.counters.derived_passes += closed
        return closed


def _stand(board: Board) -> Stand:
    return Stand(board.head, board.digest)


def _planned(form: Form, token: str, board: Board, meta: Meta | None) -> _Pass:
    return _Pass(
        form=form,
        token=token,
        board=board,
        begun=_stand(board),
        everyone=board.everyone.copy(),
        team_ids=list(board.teams),
        seals=dict(meta.seals) if meta else {},
    )


def _slice(plan: _Pass, waiting: deque[int]) -> dict[int, bytes]:
    """The values of the next teams, as they are now."""
    loop = asyncio.get_running_loop()
    board, values = plan.board, dict[int, bytes]()
    until = loop.time() + SLICE_SECONDS
    while waiting and (not values or loop.time() < until):
        team_id = waiting.popleft()
        value = plan.form.close(str(team_id), Kept(_stand(board), board.teams[team_id]))
        values[team_id], plan.seals[team_id] = value, seal_of(value)
    return values
