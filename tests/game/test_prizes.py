"""Keys for solves: once for each puzzle, whoever solved it and however."""

import pytest

from hunt.content.model import PartialAnswer, Puzzle
from hunt.game.commands import BuyAnswer, Grant, SetTeamActive
from playing import TEAM, World, a_hunt, a_round, open_slot, said, slug_of

PARTIALS = (
    PartialAnswer(guess=("HALF",), response="Keep going.", prize=True),
    PartialAnswer(guess=("THIRD",), response="Not yet."),
)


def hunt_with(**fields: int | bool) -> World:
    """Two teams before one puzzle with two partial answers, of which HALF earns the prize."""
    puzzle = Puzzle(slug=slug_of("a"), title="A", answers=("WHOLE",), partial_answers=PARTIALS, answer_cost=1)
    return World(a_hunt(a_round("r", open_slot("a", **fields)), puzzles=[puzzle]), teams=2)


@pytest.mark.parametrize(
    ("fields", "keys"),
    [({}, 1), ({"is_meta": True}, 0), ({"prize": 5}, 5), ({"is_meta": True, "prize": 2}, 2), ({"prize": 0}, 0)],
)
def test_a_solve_earns_one_key_a_meta_none_unless_the_slot_says_otherwise(
    fields: dict[str, int | bool], keys: int
) -> None:
    world = hunt_with(**fields)
    world.guess("a", "whole")
    assert (world.keys(1), world.keys(2)) == (keys, 0)


def test_a_solve_by_headquarters_earns_the_same() -> None:
    world = hunt_with(prize=3)
    (solved,) = world.solve("a")
    assert (solved.currency_delta, world.keys()) == (3, 3)


def test_a_bought_answer_earns_the_prize_too() -> None:
    world = hunt_with()
    world.grant(clues=1)
    entries = world.do(BuyAnswer(team_id=TEAM, slug=slug_of("a")))
    assert [(entry.type, entry.currency_delta, entry.strong_currency_delta) for entry in entries] == [
        ("puzzle_answer_bought", 0, -1),
        ("puzzle_solved", 1, 0),
    ]


def test_a_partial_answer_with_a_prize_earns_it_and_the_solve_does_not_again() -> None:
    world = hunt_with(prize=2)
    world.guess("a", "third")
    assert world.keys() == 0
    world.guess("a", "half")
    assert world.keys() == 2
    world.guess("a", "whole")
    assert world.keys() == 2


def test_a_second_partial_answer_writes_only_its_guess() -> None:
    world = hunt_with()
    world.guess("a", "half")
    before = len(world.log)
    world.guess("a", "third")
    assert said(world.log[before:]) == [("puzzle_guess_submitted", "the-a")]


def test_a_partial_answer_that_earns_after_one_that_did_not_is_written() -> None:
    world = hunt_with()
    world.guess("a", "third")
    world.guess("a", "half")
    assert world.log[-1].data == {"prize": True}
    assert world.keys() == 1


def test_a_second_solve_by_headquarters_changes_nothing() -> None:
    world = hunt_with()
    world.solve("a")
    assert world.solve("a") == []
    assert world.keys() == 1


def test_a_solve_for_all_pays_each_team_that_was_not_paid_before() -> None:
    world = hunt_with(prize=4)
    world.guess("a", "half", team_id=1)
    entries = world.solve_for_all("a")
    assert [(entry.type, entry.team_id, entry.slug, entry.currency_delta) for entry in entries] == [
        ("puzzle_solved", None, "the-a", 0),
        ("currency_adjusted", 2, "the-a", 4),
    ]
    assert (world.keys(1), world.keys(2)) == (4, 4)
    assert world.catch_up() == []


def test_a_solve_for_all_pays_nobody_who_solved_before() -> None:
    world = hunt_with()
    world.solve("a", 1, 2)
    assert said(world.solve_for_all("a")) == [("puzzle_solved", "the-a")]
    assert (world.keys(1), world.keys(2)) == (1, 1)
    assert world.solve_for_all("a") == []


def test_a_solve_for_all_of_a_meta_pays_nobody() -> None:
    world = hunt_with(is_meta=True)
    assert said(world.solve_for_all("a")) == [("puzzle_solved", "the-a")]


def test_a_team_that_registers_later_has_the_solve_and_its_prize() -> None:
    world = hunt_with(prize=4)
    world.solve_for_all("a")
    entries = world.register()
    assert ("currency_adjusted", "the-a") in said(entries)
    assert (world.puzzle("a", 3).answer, world.keys(3)) == ("WHOLE", 4)


def test_a_deactivated_team_is_paid_like_the_others() -> None:
    world = hunt_with()
    world.do(SetTeamActive(team_id=2, active=False))
    world.solve_for_all("a")
    assert world.keys(2) == 1


def test_keys_for_all_reach_later_teams_and_keys_for_one_do_not() -> None:
    world = hunt_with()
    world.do(Grant(teams=None, keys=3, clues=0))
    world.do(Grant(teams=(1,), keys=0, clues=2))
    world.register()
    assert [(world.team(n).currency, world.team(n).strong_currency) for n in (1, 2, 3)] == [(3, 2), (3, 0), (3, 0)]


def test_a_grant_of_nothing_writes_nothing() -> None:
    assert hunt_with().grant() == []
