"""A hunt that is corrected while it runs: what was guessed before is judged again, once, without a wait."""

from typing import Any

import msgspec
import pytest

from hunt.content.model import CannedResponse, PartialAnswer, Puzzle
from hunt.game.board import Ahead
from hunt.game.commands import SolvePuzzle
from hunt.game.entries import Draft, GuessSubmitted
from hunt.game.refusals import Conflict, MustWait
from hunt.game.rejudging import ChangedVerdict, changed_verdicts
from playing import TEAM, World, a_hunt, a_round, open_slot, slug_of

SLUG = slug_of("a")


def corrected(world: World, **puzzle: Any) -> None:
    """Play on by a hunt in which the puzzle says something else."""
    written = Puzzle(**{"slug": SLUG, "title": "A", "answers": ("MÖVE",)} | puzzle)
    world.hunt = world.board.hunt = a_hunt(a_round("r", open_slot("a")), puzzles=[written])


def partial(*guesses: str) -> tuple[PartialAnswer, ...]:
    return (PartialAnswer(guess=guesses, response="Keep going."),)


def canned(*guesses: str, response: str = "Hm.") -> tuple[CannedResponse, ...]:
    return (CannedResponse(guess=guesses, response=response),)


@pytest.fixture
def world() -> World:
    made = World(a_hunt(a_round("r", open_slot("a"))), teams=3)
    corrected(made)
    return made


def verdict(world: World, text: str, team_id: int = TEAM) -> tuple[str, bool]:
    answer = world.guess("a", text, team_id)
    return answer.verdict, answer.duplicate


def test_a_guess_that_is_right_now_solves_although_the_team_has_to_wait(world: World) -> None:
    assert verdict(world, "gull") == ("incorrect", False)
    world.guess("a", "tern")
    with pytest.raises(MustWait):
        world.guess("a", "skua")
    corrected(world, answers=("MÖVE", "GULL"))
    assert verdict(world, "Gull!") == ("correct", False)
    assert world.puzzle("a").answer == "MÖVE"
    assert verdict(world, "gull") == ("correct", True)


def test_only_what_is_judged_otherwise_is_free_of_the_wait(world: World) -> None:
    for text in ("gull", "tern"):
        world.guess("a", text)
    corrected(world, answers=("GULL",))
    with pytest.raises(MustWait):
        world.guess("a", "skua")
    before = len(world.log)
    assert verdict(world, "tern") == ("incorrect", True)
    assert len(world.log) == before


@pytest.mark.parametrize(
    ("first", "then", "verdicts"),
    [
        ({}, {"partial_answers": partial("GULL")}, ("incorrect", "partial")),
        ({}, {"canned_responses": canned("GULL")}, ("incorrect", "canned")),
        ({"canned_responses": canned("GULL")}, {}, ("canned", "incorrect")),
        ({"partial_answers": partial("GULL")}, {"answers": ("GULL",)}, ("partial", "correct")),
        ({"canned_responses": canned("GULL")}, {"partial_answers": partial("GULL")}, ("canned", "partial")),
    ],
)
def test_another_verdict_is_a_new_guess_and_from_then_on_the_recorded_one(
    world: World, first: dict[str, Any], then: dict[str, Any], verdicts: tuple[str, str]
) -> None:
    corrected(world, **first)
    assert verdict(world, "gull") == (verdicts[0], False)
    corrected(world, **then)
    assert verdict(world, "gull") == (verdicts[1], False)
    assert verdict(world, "gull") == (verdicts[1], True)
    assert [guess.verdict for guess in world.puzzle("a").guesses] == list(verdicts)
    assert (world.puzzle("a").partially_solved is not None) == ("partial" in verdicts)
    assert (world.puzzle("a").solved is not None) == ("correct" in verdicts)


def test_a_reply_in_other_words_is_no_other_verdict(world: World) -> None:
    corrected(world, canned_responses=canned("GULL", response="Look up."))
    world.guess("a", "gull")
    corrected(world, canned_responses=canned("GULL", response="Look down."))
    answer = world.guess("a", "gull")
    assert (answer.duplicate, answer.response) == (True, "Look up.")


def test_after_the_solve_nothing_is_written_whatever_was_corrected(world: World) -> None:
    world.guess("a", "gull")
    world.guess("a", "möve")
    before = len(world.log)
    corrected(world, answers=("GULL",), canned_responses=canned("TERN"))
    assert verdict(world, "gull") == ("correct", True)
    assert verdict(world, "moeve") == ("correct", True)
    assert verdict(world, "MÖVE") == ("correct", True)
    with pytest.raises(Conflict, match="is solved"):
        world.guess("a", "tern")
    assert len(world.log) == before


@pytest.mark.parametrize("text", ["MOVE", "moeve", "Möve", "mo\u0308ve"])
def test_an_answer_with_an_umlaut_is_right_in_either_spelling(world: World, text: str) -> None:
    assert verdict(world, text) == ("correct", False)


def test_a_guess_with_an_umlaut_is_right_for_an_answer_without(world: World) -> None:
    corrected(world, answers=("MOEVE",))
    assert verdict(world, "move") == ("incorrect", False)
    answer = world.guess("a", "Möve")
    assert (answer.verdict, answer.canonical_input) == ("correct", "MOEVE")


def test_a_guess_with_an_umlaut_is_known_again_when_the_answer_is_corrected_to_another_spelling(world: World) -> None:
    corrected(world, answers=("GULL",))
    world.guess("a", "möve")
    world.guess("a", "tern")
    corrected(world, answers=("GULL", "MOEVE"))
    assert changed_verdicts(world.hunt, world.board.teams) == {
        SLUG: [ChangedVerdict(team_id=TEAM, guess="MOVE", before="incorrect", now="correct")]
    }
    assert verdict(world, "möve") == ("correct", False)


def test_what_an_older_version_compared_is_known_again(world: World) -> None:
    corrected(world, answers=("GULL",))
    old = GuessSubmitted(SLUG, "ŁODZ", "incorrect", "Incorrect.")
    entry = Ahead(world.board, world.now).append(Draft(team_id=TEAM, event=old))
    world.board.apply(entry)
    answer = world.guess("a", "łódź")
    assert (answer.duplicate, answer.id) == (True, entry.id)
    corrected(world, answers=("LODZ",))
    assert verdict(world, "Lodz") == ("correct", False)


def test_what_was_typed_is_kept_beside_what_was_compared(world: World) -> None:
    world.guess("a", "a gull?")
    world.guess("a", "TERN")
    typed = [(entry.data or {}).get("typed") for entry in world.log if entry.type == "puzzle_guess_submitted"]
    assert typed == ["a gull?", None]


def test_past_guesses_that_would_be_judged_otherwise_are_listed_by_puzzle(world: World) -> None:
    world.guess("a", "gull", team_id=1)
    world.guess("a", "tern", team_id=1)
    world.guess("a", "gull", team_id=2)
    world.guess("a", "möve", team_id=2)
    world.guess("a", "möve", team_id=3)
    assert changed_verdicts(world.hunt, world.board.teams) == {}
    corrected(world, answers=("GULL",), canned_responses=canned("TERN"))
    assert changed_verdicts(world.hunt, world.board.teams) == {
        SLUG: [
            ChangedVerdict(team_id=1, guess="GULL", before="incorrect", now="correct"),
            ChangedVerdict(team_id=1, guess="TERN", before="incorrect", now="canned"),
            ChangedVerdict(team_id=2, guess="MOVE", before="correct", now="incorrect"),
            ChangedVerdict(team_id=3, guess="MOVE", before="correct", now="incorrect"),
        ]
    }


def test_a_team_that_guessed_again_or_was_given_the_solve_is_not_listed(world: World) -> None:
    world.guess("a", "gull", team_id=1)
    world.guess("a", "gull", team_id=2)
    corrected(world, answers=("GULL",))
    world.guess("a", "gull", team_id=1)
    world.do(SolvePuzzle(teams=(2,), slug=SLUG))
    assert changed_verdicts(world.hunt, world.board.teams) == {}


def test_a_puzzle_that_the_hunt_has_no_more_is_passed_over(world: World) -> None:
    world.guess("a", "gull")
    assert changed_verdicts(msgspec.structs.replace(world.hunt, puzzles={}), world.board.teams) == {}
