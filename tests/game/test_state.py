"""One fold: what an entry changes, what it leaves alone, and what a board makes of teams."""

from typing import Any

import pytest

from hunt.content.model import Gate
from hunt.game import entries as e
from hunt.game.board import Ahead, Board
from hunt.game.commands import Grant, SatisfyGate
from hunt.game.decide import decide
from hunt.game.state import TeamState, apply
from playing import KICKOFF, TEAM, World, a_hunt, a_round, open_slot, slug_of

HUNT = a_hunt(a_round("r", open_slot("a"), gates=[Gate(id="g")]))


def entry(type: str, id: int = 1, team_id: int | None = TEAM, **fields: Any) -> e.Entry:
    return e.Entry(id=id, team_id=team_id, timestamp=KICKOFF, type=type, **fields)


@pytest.mark.parametrize(
    ("type", "data"),
    [("of_another_version", {"x": 1}), ("puzzle_solved", {"answer": None}), ("gate_completed", {"slug": 3})],
)
def test_the_deltas_of_an_entry_that_is_not_understood_count(type: str, data: dict[str, Any]) -> None:
    state = TeamState(team_id=TEAM)
    apply(HUNT, state, entry(type, id=9, currency_delta=2, strong_currency_delta=-1, data=data))
    assert (state.currency, state.strong_currency, state.epoch) == (2, -1, 9)
    assert not state.puzzles
    assert not state.gates


@pytest.mark.parametrize("type", ["gate_completed", "team_renamed", "announcement_published", "hint_requested"])
def test_deltas_count_whatever_the_type(type: str) -> None:
    state = TeamState(team_id=TEAM)
    apply(HUNT, state, entry(type, slug="s", currency_delta=5, data={"name": "N", "text": "T", "question": "Q"}))
    assert state.currency == 5


def test_what_the_hunt_no_longer_has_is_kept_and_harms_nobody() -> None:
    state = TeamState(team_id=TEAM)
    apply(HUNT, state, entry("puzzle_unlocked", slug="gone"))
    apply(HUNT, state, entry("round_unlocked", slug="gone"))
    apply(HUNT, state, entry("interaction_started", slug="gone"))
    assert state.puzzle("gone").stray
    assert state.interactions["gone"].state == "running"


def test_the_first_entry_wins() -> None:
    state = TeamState(team_id=TEAM)
    for id, answer in ((1, "FIRST"), (2, "SECOND")):
        apply(HUNT, state, entry("puzzle_solved", id=id, slug=slug_of("a"), data={"answer": answer}))
        apply(HUNT, state, entry("gate_completed", id=id, slug="g"))
    assert (state.puzzle(slug_of("a")).answer, state.gates["g"].id) == ("FIRST", 1)


def test_a_copy_does_not_change_with_its_original() -> None:
    state = TeamState(team_id=TEAM)
    copy = state.copy(7)
    apply(HUNT, state, entry("gate_completed", slug="g"))
    apply(HUNT, state, entry("puzzle_unlocked", slug=slug_of("a")))
    assert (copy.team_id, copy.gates, copy.puzzles) == (7, {}, {})


def test_a_board_takes_only_the_next_entry() -> None:
    board = Board(HUNT)
    with pytest.raises(AssertionError, match="entry 2 cannot follow 0"):
        board.apply(entry("gate_completed", id=2, slug="g"))


def test_entries_for_all_reach_teams_of_then_and_of_later() -> None:
    board = Board(HUNT)
    board.apply(entry("team_registered", id=1, team_id=1, data={"username": "u", "name": "U"}))
    board.apply(entry("gate_completed", id=2, team_id=None, slug="g"))
    board.apply(entry("team_registered", id=3, team_id=2, data={"username": "v", "name": "V"}))
    assert [board.teams[n].gates["g"].id for n in (1, 2)] == [2, 2]
    assert board.teams[2].username == "v"


def test_what_is_decided_ahead_does_not_touch_the_board() -> None:
    world = World(HUNT, teams=2)
    before = {team_id: state.copy() for team_id, state in world.board.teams.items()}
    ahead = Ahead(world.board, world.now)
    decide(SatisfyGate(teams=None, id="g"), ahead)
    decide(Grant(teams=(2,), keys=1), ahead)
    assert (ahead.head, world.board.head) == (world.board.head + 2, len(world.log))
    assert ahead.everyone.gates
    assert world.board.teams == before
    assert not world.board.everyone.gates
    assert ahead.team(99) is None
