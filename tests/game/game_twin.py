"""A team's naive twin: it takes from the log only what somebody did, works out itself what follows, and compares."""

from datetime import datetime
from itertools import groupby
from typing import Any

from naive import KINDS, NaiveTeam, cascade, pay, solve, unlock

from hunt.content import model as c
from hunt.game.entries import Entry
from hunt.game.state import TeamState

FOLLOWS = frozenset(KINDS)


class Twin:
    """The twins of all teams of a world, and of those that register later."""

    def __init__(self, hunt: c.Hunt) -> None:
        self.hunt = hunt
        self.teams: dict[int, NaiveTeam] = {}

    def follow(self, entries: list[Entry], now: datetime, team_id: int) -> None:
        """A team registers."""
        self.teams[team_id] = NaiveTeam()
        assert entries[0].type == "team_registered"
        self._expect(entries[1:], team_id, now)

    def check(self, entries: list[Entry], now: datetime) -> None:
        """The entries of one command: first what was done, then for each team exactly what follows."""
        caused = [entry for entry in entries if entry.internal_data is not None]
        if not caused:
            caused = [entry for entry in entries if entry.type not in FOLLOWS and not is_prize(entry)]
            caused = caused or entries[:1] * bool(entries and self._was_bought(entries[0]))
        rest = [entry for entry in entries if entry not in caused]
        touched = self._touched(caused) or {entry.team_id for entry in rest if entry.team_id}
        for entry in caused:
            for team_id in [entry.team_id] if entry.team_id else list(self.teams):
                self._do(entry, self.teams[team_id])
        assert {entry.team_id for entry in rest} <= touched
        by_team = {team_id: list(rows) for team_id, rows in groupby(rest, key=lambda entry: entry.team_id)}
        for team_id in sorted(touched):
            if self._cascades(caused):
                self._expect(by_team.get(team_id, []), team_id, now)

    def _was_bought(self, entry: Entry) -> bool:
        return entry.type == "puzzle_unlocked" and entry.team_id is not None

    def _touched(self, caused: list[Entry]) -> set[int]:
        touched: set[int] = set()
        for entry in caused:
            touched |= set(self.teams) if entry.team_id is None else {entry.team_id}
        return touched

    def _cascades(self, caused: list[Entry]) -> bool:
        """A wrong or canned guess, a question and a change of an account let nothing follow."""
        quiet = {"hint_requested", "team_renamed", "team_deactivated", "team_reactivated"}
        kinds = {entry.type for entry in caused}
        if kinds == {"puzzle_guess_submitted"}:
            (guess,) = caused
            return guess.data is not None and guess.data["verdict"] not in {"incorrect", "canned"}
        return not kinds <= quiet

    def _do(self, entry: Entry, team: NaiveTeam) -> None:
        slug = entry.slug or ""
        match entry.type:
            case "puzzle_unlocked":
                unlock(self.hunt, team, slug)
                team.keys += entry.currency_delta
            case "puzzle_solved":
                before = team.keys
                solve(self.hunt, team, slug)
                if entry.team_id is not None:
                    pay(self.hunt, team, slug)
                    assert entry.currency_delta == team.keys - before
            case "puzzle_partially_solved":
                if entry.data and entry.data.get("prize"):
                    pay(self.hunt, team, slug)
            case "gate_completed":
                team.gates.add(slug)
            case "interaction_completed":
                team.interactions.add(slug)
                team.completed.add(slug)
            case "interaction_unlocked" | "interaction_started":
                team.interactions.add(slug)
            case "currency_adjusted" | "strong_currency_adjusted" | "strong_currency_exchanged":
                team.keys += entry.currency_delta
            case _:
                pass

    def _expect(self, rows: list[Entry], team_id: int, now: datetime) -> None:
        """What the log says followed for a team is what the twin says."""
        team = self.teams[team_id]
        for slug in team.solved:
            pay(self.hunt, team, slug)
        expected = cascade(self.hunt, team, now)
        followed = [(row.type, row.slug) for row in rows if not is_prize(row)]
        assert set(followed) == expected
        assert len(followed) == len(expected)
        kinds = [KINDS.index(kind) for kind, _ in followed]
        assert kinds == sorted(kinds)

    def standing(self, team_id: int) -> dict[str, Any]:
        """Where the twin stands."""
        team = self.teams[team_id]
        return {
            "rounds": team.rounds,
            "seen": team.seen,
            "unlockable": team.unlockable | team.unlocked,
            "unlocked": team.unlocked,
            "solved": team.solved,
            "stray": team.stray,
            "interactions": team.interactions,
            "completed": team.completed,
            "gates": team.gates,
            "keys": team.keys,
        }

    def standing_of(self, state: TeamState) -> dict[str, Any]:
        """Where the team stands, in the same words."""
        puzzles = state.puzzles.items()
        return {
            "rounds": set(state.rounds),
            "seen": {slug for slug, puzzle in puzzles if puzzle.seen},
            "unlockable": {slug for slug, puzzle in puzzles if puzzle.unlockable or puzzle.unlocked},
            "unlocked": {slug for slug, puzzle in puzzles if puzzle.unlocked},
            "solved": {slug for slug, puzzle in puzzles if puzzle.solved},
            "stray": {slug for slug, puzzle in puzzles if puzzle.stray},
            "interactions": set(state.interactions),
            "completed": {id for id, item in state.interactions.items() if item.completed},
            "gates": set(state.gates),
            "keys": state.currency,
        }


def is_prize(entry: Entry) -> bool:
    return entry.type == "currency_adjusted" and entry.slug is not None
