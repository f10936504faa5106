"""Hunts made of structs, and worlds in which commands are carried out without a store: what tests of the rules stand on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck

from hunt.content.model import AllOf, Condition, Gate, Hunt, Interaction, Puzzle, Round, Slot
from hunt.game import commands as cmd
from hunt.game.board import Ahead, Board
from hunt.game.decide import decide
from hunt.game.entries import Entry
from hunt.game.refusals import Refused
from hunt.game.state import PuzzleState, TeamState

KICKOFF = datetime(2026, 1, 16, 17, tzinfo=UTC)
ALWAYS = AllOf(())
TEAM = 1


def quick(examples: int) -> hypothesis.settings:
    """Settings for a property: always the same examples, however slow the machine."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=checks
    )


def slug_of(slot_id: str) -> str:
    """Slugs differ from ids, so that a rule that takes one for the other is found."""
    return f"the-{slot_id}"


def slot(id: str, **fields: Any) -> Slot:
    return Slot(id=id, slug=slug_of(id), **fields)


def open_slot(id: str, **fields: Any) -> Slot:
    return slot(id, unlocked_if=ALWAYS, **fields)


def a_round(
    slug: str,
    *puzzles: Slot,
    unlock_if: Condition = ALWAYS,
    gates: Iterable[Gate] = (),
    interactions: Iterable[Interaction] = (),
) -> Round:
    return Round(
        slug=slug,
        title=slug.title(),
        unlock_if=unlock_if,
        puzzles=puzzles,
        gates=tuple(gates),
        interactions=tuple(interactions),
    )


def a_hunt(*rounds: Round, puzzles: Iterable[Puzzle] = (), **fields: Any) -> Hunt:
    """A hunt of these rounds; the answer of a puzzle that is not given is ANSWER."""
    stubs = {
        each.slug: Puzzle(slug=each.slug, title=each.id.title(), answers=("ANSWER",))
        for round_ in rounds
        for each in round_.puzzles
    }
    written = {puzzle.slug: puzzle for puzzle in puzzles}
    return Hunt(title="A Hunt", rounds=rounds, root=Path(), puzzles=stubs | written, **fields)


class World:
    """A board, a clock that stands still, and the log so far. Teams 1, 2, … are registered at the beginning."""

    def __init__(self, hunt: Hunt, teams: int = 1) -> None:
        self.hunt = hunt
        self.now = KICKOFF
        self.board = Board(hunt)
        self.log: list[Entry] = []
        self.answer: cmd.GuessAnswer | None = None
        for _ in range(teams):
            self.register()

    def do(self, command: cmd.Command) -> list[Entry]:
        """The entries that the command brought about; its `Refused` when it was refused, and then nothing is appended."""
        ahead = Ahead(self.board, self.now)
        try:
            self.answer = decide(command, ahead, {"operator": "hq"})
        except Refused:
            assert ahead.entries == []
            raise
        for entry in ahead.entries:
            self.board.apply(entry)
        for team_id, state in self.board.teams.items():
            assert ahead.team(team_id) == state
        self.log += ahead.entries
        return ahead.entries

    def register(self) -> list[Entry]:
        team_id = len(self.board.teams) + 1
        return self.do(cmd.RegisterTeam(team_id=team_id, username=f"team{team_id}", name=f"Team {team_id}"))

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def team(self, team_id: int = TEAM) -> TeamState:
        return self.board.teams[team_id]

    def puzzle(self, slot_id: str, team_id: int = TEAM) -> PuzzleState:
        return self.team(team_id).puzzle(slug_of(slot_id))

    def keys(self, team_id: int = TEAM) -> int:
        return self.team(team_id).currency

    # --- commands that many tests need

    def guess(self, slot_id: str, text: str, team_id: int = TEAM) -> cmd.GuessAnswer:
        self.do(cmd.SubmitGuess(team_id=team_id, slug=slug_of(slot_id), text=text))
        assert self.answer is not None
        return self.answer

    def solve(self, slot_id: str, *teams: int) -> list[Entry]:
        return self.do(cmd.SolvePuzzle(teams=teams or (TEAM,), slug=slug_of(slot_id)))

    def solve_for_all(self, slot_id: str) -> list[Entry]:
        return self.do(cmd.SolvePuzzle(teams=None, slug=slug_of(slot_id)))

    def unlock(self, slot_id: str) -> list[Entry]:
        return self.do(cmd.OpenPuzzle(teams=(TEAM,), slug=slug_of(slot_id)))

    def satisfy(self, gate: str) -> list[Entry]:
        return self.do(cmd.SatisfyGate(teams=(TEAM,), id=gate))

    def complete(self, interaction: str) -> list[Entry]:
        return self.do(cmd.MoveInteraction(teams=(TEAM,), id=interaction, to="completed"))

    def grant(self, keys: int = 0, clues: int = 0) -> list[Entry]:
        return self.do(cmd.Grant(teams=(TEAM,), keys=keys, clues=clues))

    def catch_up(self) -> list[Entry]:
        return self.do(cmd.CatchUp(teams=tuple(self.board.teams)))


def said(entries: Iterable[Entry]) -> list[tuple[str, str | None]]:
    """What entries are about: type and slug."""
    return [(entry.type, entry.slug) for entry in entries]
