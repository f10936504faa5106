"""What a guess is worth, what it leaves in the log, and which guesses are refused."""

import pytest

from hunt.content.model import CannedResponse, Link, PartialAnswer, Puzzle
from hunt.game.commands import BuyAnswer
from hunt.game.guesses import MAX_GUESS_LENGTH, spelled
from hunt.game.refusals import Invalid, Refused
from playing import ALWAYS, TEAM, World, a_hunt, a_round, open_slot, said, slot, slug_of

FULL_WIDTH = "".join(chr(ord(char) + 0xFEE0) for char in "flatwhite")
SHALOM = "\u05e9\u05dc\u05d5\u05dd"

PUZZLE = Puzzle(
    slug=slug_of("a"),
    title="A",
    answers=("Café au lait", "FLAT WHITE"),
    canned_responses=(
        CannedResponse(guess=("TEA", "CHAI"), response="Look closer.", link=Link("A cup", "/pages/cup")),
        CannedResponse(guess=("MILK",), response="Never read."),
    ),
    partial_answers=(PartialAnswer(guess=("MILK", "CREAM"), response="Keep going."),),
    answer_cost=1,
)


@pytest.fixture
def world() -> World:
    round_ = a_round("r", open_slot("a"), slot("seen", visible_if=ALWAYS), slot("dark"))
    return World(a_hunt(round_, puzzles=[PUZZLE]), teams=2)


def refusal(world: World, id: str, text: str) -> str:
    with pytest.raises(Refused) as refused:
        world.guess(id, text)
    return refused.value.code


@pytest.mark.parametrize(
    "text",
    ["CAFEAULAIT", "café au lait", "C-A-F-E au  lait!", "Cafe\u0301 AU LAIT", "ﬂat white", FULL_WIDTH],
)
def test_an_answer_is_right_however_it_is_typed(world: World, text: str) -> None:
    answer = world.guess("a", text)
    assert (answer.verdict, answer.duplicate, world.puzzle("a").answer) == ("correct", False, "Café au lait")


def test_the_right_answer_is_a_guess_and_a_solve(world: World) -> None:
    before = len(world.log)
    answer = world.guess("a", "flat white")
    guess, solved = world.log[before:]
    assert (guess.id, guess.data) == (
        answer.id,
        {"canonical_input": "FLATWHITE", "verdict": "correct", "response": "Correct!", "typed": "flat white"},
    )
    assert (solved.type, solved.data, solved.currency_delta) == ("puzzle_solved", {"answer": "Café au lait"}, 1)


def test_a_canned_guess_gets_its_reply_and_its_link(world: World) -> None:
    answer = world.guess("a", "chai!")
    assert (answer.verdict, answer.response) == ("canned", "Look closer.")
    assert answer.link is not None
    assert (answer.link.display, answer.link.href) == ("A cup", "/pages/cup")
    assert world.guess("a", "chai").link == answer.link


def test_a_partial_answer_comes_before_a_canned_one_and_is_noted_once(world: World) -> None:
    before = len(world.log)
    assert world.guess("a", "milk").response == "Keep going."
    assert world.guess("a", "cream").verdict == "partial"
    assert said(world.log[before:]) == [
        ("puzzle_guess_submitted", "the-a"),
        ("puzzle_partially_solved", "the-a"),
        ("puzzle_guess_submitted", "the-a"),
    ]


@pytest.mark.parametrize("text", ["wrong", "tea", "milk", "flat white"])
def test_the_same_guess_again_is_answered_the_same_and_not_written_twice(world: World, text: str) -> None:
    first, before = world.guess("a", text), len(world.log)
    second = world.guess("a", f" {text.upper()} ")
    assert (second.id, second.verdict, second.response, second.link) == (
        first.id,
        first.verdict,
        first.response,
        first.link,
    )
    assert (second.duplicate, len(world.log)) == (True, before)


def test_the_same_guess_of_another_team_is_new(world: World) -> None:
    world.guess("a", "wrong", team_id=1)
    assert not world.guess("a", "wrong", team_id=2).duplicate


def test_after_the_solve_the_right_answer_is_a_repetition_and_a_new_guess_is_refused(world: World) -> None:
    world.guess("a", "flat white")
    assert world.guess("a", "CAFE AU LAIT").duplicate
    assert refusal(world, "a", "something else") == "already_solved"


def test_after_a_bought_answer_the_right_one_is_a_repetition_of_the_solve(world: World) -> None:
    world.grant(clues=1)
    world.do(BuyAnswer(team_id=TEAM, slug=slug_of("a")))
    answer = world.guess("a", "Cafe au lait")
    assert world.puzzle("a").solved is not None
    assert (answer.verdict, answer.duplicate, answer.id) == ("correct", True, world.log[-1].id)


def test_guesses_made_before_the_solve_are_still_answered(world: World) -> None:
    first = world.guess("a", "wrong")
    world.solve("a")
    assert world.guess("a", "wrong").id == first.id


@pytest.mark.parametrize(("id", "code"), [("seen", "not_unlocked"), ("dark", "not_found"), ("nobody", "not_found")])
def test_only_an_unlocked_puzzle_takes_guesses(world: World, id: str, code: str) -> None:
    assert refusal(world, id, "answer") == code


@pytest.mark.parametrize("text", ["", "   ", "!?-_.", "🙂🙂", "\u200b\u202e", "\u0301"])
def test_a_guess_without_a_letter_or_digit_is_refused(world: World, text: str) -> None:
    assert refusal(world, "a", text) == "empty_guess"


@pytest.mark.parametrize("text", ["A\0B", "\ud800", "x\udfff"])
def test_what_is_no_text_is_refused(world: World, text: str) -> None:
    assert refusal(world, "a", text) == "bad_characters"


def test_a_guess_that_is_too_long_is_refused_and_not_cut(world: World) -> None:
    assert refusal(world, "a", "A" * (MAX_GUESS_LENGTH + 1)) == "too_long"
    assert world.guess("a", "A" * MAX_GUESS_LENGTH).canonical_input == "A" * MAX_GUESS_LENGTH


def test_a_guess_that_becomes_too_long_when_spelled_out_is_refused() -> None:
    with pytest.raises(Invalid, match="Spelled out"):
        spelled("\ufdfa" * 20)


def test_letters_of_other_scripts_and_right_to_left_marks_are_kept_in_order(world: World) -> None:
    assert world.guess("a", f"\u202e{SHALOM}\u202c ١٢").canonical_input == f"{SHALOM}١٢"
    assert world.guess("a", "ß").canonical_input == "SS"
