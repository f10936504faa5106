"""Every team's state at one log id, and that board with a few entries more that are not committed yet."""

from datetime import datetime
from typing import Any

from hunt.content.model import Hunt
from hunt.game.entries import GENESIS, Draft, Entry, sealed
from hunt.game.state import TeamState, apply


class Board:
    """The fold of the log up to `head`. `everyone` is what a team that registers next starts with."""

    def __init__(self, hunt: Hunt) -> None:
        self.hunt = hunt
        self.head = 0
        self.digest = GENESIS
        self.everyone = TeamState(team_id=None)
        self.teams: dict[int, TeamState] = {}

    def restore(self, head: int, digest: str, everyone: TeamState, teams: dict[int, TeamState]) -> None:
        """Stand at `head` instead, with these states; a team's own may be ahead of it, `everyone` may not."""
        self.head, self.digest, self.everyone, self.teams = head, digest, everyone, teams

    def apply(self, entry: Entry) -> None:
        """Move on by one entry, which must be the next."""
        if entry.id != self.head + 1:
            raise AssertionError(f"entry {entry.id} cannot follow {self.head}")
        if entry.team_id is None:
            for state in (self.everyone, *self.teams.values()):
                self._move(state, entry)
        else:
            self._move(self._of(entry.team_id), entry)
        self.head, self.digest = entry.id, entry.digest

    def _move(self, state: TeamState, entry: Entry) -> None:
        # What touches a state raises its epoch: one that is as high has taken in this entry, before it was restored.
        if state.epoch < entry.id:
            apply(self.hunt, state, entry)

    def _of(self, team_id: int) -> TeamState:
        if team_id not in self.teams:
            self.teams[team_id] = self.everyone.copy(team_id)
        return self.teams[team_id]


class Ahead:
    """A board as it will be when `entries` are committed. The board beneath is not touched; drop this to roll back."""

    def __init__(self, board: Board, now: datetime) -> None:
        self.board = board
        self.hunt = board.hunt
        self.now = now
        self.entries: list[Entry] = []
        self._changed: dict[int | None, TeamState] = {}

    @property
    def head(self) -> int:
        return self.entries[-1].id if self.entries else self.board.head

    @property
    def everyone(self) -> TeamState:
        return self._changed.get(None, self.board.everyone)

    @property
    def team_ids(self) -> list[int]:
        """All teams, ascending."""
        return sorted({*self.board.teams, *(id for id in self._changed if id is not None)})

    def team(self, team_id: int) -> TeamState | None:
        """The team's state, to be read only."""
        return self._changed.get(team_id) or self.board.teams.get(team_id)

    def append(self, draft: Draft, internal_data: dict[str, Any] | None = None) -> Entry:
        """The draft as the next entry, with everything that it touches moved on."""
        previous = self.entries[-1].digest if self.entries else self.board.digest
        entry = sealed(draft, id=self.head + 1, timestamp=self.now, previous=previous, internal_data=internal_data)
        self.entries.append(entry)
        touched = [draft.team_id] if draft.team_id is not None else [None, *self.team_ids]
        for team_id in touched:
            apply(self.hunt, self._writable(team_id), entry)
        return entry

    def _writable(self, team_id: int | None) -> TeamState:
        if team_id not in self._changed:
            below = self.board.everyone if team_id is None else self.board.teams.get(team_id)
            self._changed[team_id] = below.copy() if below else self.everyone.copy(team_id)
        return self._changed[team_id]
