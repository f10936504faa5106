"""Holds the state of one team, as Redis keeps it and as this process has it, beside a fold of the log."""

from random import SystemRandom

import structlog
from msgspec import Struct

from hunt.game.board import Board
from hunt.game.state import TeamState, apply
from hunt.log.history import refold
from hunt.log.source import Source
from hunt.log.tail import Tail
from hunt.replica.derived.form import Form, Kept, NothingKept, Stand, Unusable, seal_of
from hunt.replica.derived.scripts import DerivedScripts
from hunt.replica.status import Health

SAMPLE_ENTRIES = 100
"""Entries that are folded in one go: about 3 ms."""

logger = structlog.get_logger()
_random = SystemRandom()


class Finding(Struct, frozen=True):
    """What is wrong; `here`: with this process, not with Redis."""

    reason: str
    here: bool = False


class Sampler:
    """The log is right. Where Redis differs, what is kept is dropped; where this process does, it folds anew."""

    def __init__(self, scripts: DerivedScripts, source: Source, tail: Tail, health: Health) -> None:
        self._scripts = scripts
        self._source = source
        self._tail = tail
        self._health = health

    async def sample(self, form: Form, team_id: int | None) -> bool:
        """Whether all is well with the team; with any, where none is named. Raises RedisError and LogAway."""
        board = self._tail.board
        if team_id is None:
            if not board.teams:
                return True
            team_id = _random.choice(list(board.teams))
        self._health.counters.derived_samples += 1
        stand = Stand(board.head, board.digest)
        finding = await self._finding(form, board, team_id)
        if finding is None or self._tail.board is not board or not await self._holds(stand):
            return True  # also where the log has become another one, of which the board does not know yet
        logger.error("derived_state_wrong", reason=finding.reason)
        self._health.counters.derived_mismatches += 1
        await self._scripts.drop(form)
        self._health.repaired(f"Dropped the states of the teams: {finding.reason}.")
        if finding.here:
            await refold(self._source.entries, self._tail, board.hunt)
        return False

    async def _finding(self, form: Form, board: Board, team_id: int) -> Finding | None:
        try:
            kept = await self._kept(form, team_id)
        except NothingKept:
            kept = None
        except Unusable as error:
            return Finding(str(error))
        folded = await self._folded(board, team_id, kept)
        held = board.teams.get(team_id)
        if held and held.epoch == folded.epoch and held != folded:
            return Finding(f"this process had another state of team {team_id} than the log", here=True)
        if kept and kept.state != folded:
            return Finding(f"Redis held another state of team {team_id} than the log")
        return None

    async def _holds(self, stand: Stand) -> bool:
        return await self._source.digest_at(stand.id) == stand.digest

    async def _kept(self, form: Form, team_id: int) -> Kept | None:
        """What is kept of the team; None where it registered after the pass, or where that was of another history."""
        meta = form.meta_in(await self._scripts.meta(form))
        if team_id not in meta.seals:
            return None
        (value,) = await self._scripts.values(form, [team_id])
        kept = form.kept(team_id, value)
        newest = meta.ended if meta.lists(team_id, kept, seal_of(value or b"")) else kept.stand
        return kept if await self._holds(newest) else None

    async def _folded(self, board: Board, team_id: int, kept: Kept | None) -> TeamState:
        """The team as the log has it now; what is kept of it is brought up to the same entry."""
        state, after = TeamState(team_id=team_id), 0
        while page := await self._source.entries(after, SAMPLE_ENTRIES, team_id):
            for entry in page:
                apply(board.hunt, state, entry)
                if kept and kept.state.epoch < entry.id:
                    apply(board.hunt, kept.state, entry)
            after = page[-1].id
        return state
