from pathlib import Path

import pytest
from writing import load_with, told

from hunt.content import Loaded
from hunt.content.model import Puzzle


def puzzle(folder: Path, lines: str) -> tuple[Puzzle, list[str]]:
    loaded: Loaded = load_with(folder, {"puzzles/one/puzzle.yaml": f"title: One\n{lines}\n"})
    return loaded.hunt.puzzles["one"], [line.removeprefix("puzzles/one/puzzle.yaml:") for line in told(loaded)]


def test_every_guess_of_a_reply_is_in_its_canonical_form(tmp_path: Path) -> None:
    lines = """
answers: [Full Moon, New Moon]
partial_answers: [{guess: [half moon, "¼ moon"], response: Keep going, prize: true}]
canned_responses: [{guess: sun!, response: Hot}]
"""
    found, problems = puzzle(tmp_path, lines)
    assert problems == []
    assert found.answers == ("Full Moon", "New Moon")
    assert found.partial_answers[0].guess == ("HALFMOON", "14MOON")
    assert found.partial_answers[0].prize
    assert found.canned_responses[0].guess == ("SUN",)


@pytest.mark.parametrize("answer", ["'?!'", "🔎", "''", "' '", "x" * 256, "ﷺ" * 20])
def test_an_answer_that_nobody_can_guess_is_an_error_and_the_puzzle_a_stub(tmp_path: Path, answer: str) -> None:
    found, [problem] = puzzle(tmp_path, f"answer: {answer}")
    assert "nobody can guess it" in problem
    assert (found.is_stub, found.answers) == (True, ("ANSWER",))
    assert "not ready" in found.html


def test_an_answer_of_255_characters_is_fine(tmp_path: Path) -> None:
    assert puzzle(tmp_path, f"answer: {'x' * 255}")[1] == []


@pytest.mark.parametrize("lines", ["", "answers: []", "answer: null"])
def test_a_puzzle_without_an_answer_is_an_error(tmp_path: Path, lines: str) -> None:
    found, [problem] = puzzle(tmp_path, lines)
    assert problem == "1: error: `answer` is missing"
    assert found.is_stub


def test_an_answer_and_answers_are_one_too_many(tmp_path: Path) -> None:
    found, [problem] = puzzle(tmp_path, "answer: YES\nanswers: [YEAH]")
    assert "write one of the two" in problem
    assert found.answers == ("YES", "YEAH")


def test_a_guess_with_two_replies_is_an_error_and_the_answer_wins(tmp_path: Path) -> None:
    lines = """
canned_responses: [{guess: [yes, perhaps], response: a}, {guess: Perhaps!, response: b}]
partial_answers: [{guess: [Y-E-S, no], response: c}]
answer: Yes
"""
    found, problems = puzzle(tmp_path, lines)
    assert problems == [
        "3: error: canned response 1: `yes` already has a reply: an answer",
        "3: error: canned response 2: `Perhaps!` already has a reply: canned response 1",
        "4: error: partial answer 1: `Y-E-S` already has a reply: an answer",
    ]
    assert [reply.guess for reply in found.canned_responses] == [("PERHAPS",)]
    assert [reply.guess for reply in found.partial_answers] == [("NO",)]


def test_two_spellings_of_a_guess_in_one_reply_do_no_harm(tmp_path: Path) -> None:
    lines = "answers: [Good night, GOODNIGHT]\ncanned_responses: [{guess: [a b, ab], response: c}]"
    found, problems = puzzle(tmp_path, lines)
    assert problems == [
        "2: warning: an answer: `GOODNIGHT` is needless, `GOODNIGHT` is there already",
        "3: warning: canned response 1: `ab` is needless, `AB` is there already",
    ]
    assert found.answers == ("Good night",)
    assert found.canned_responses[0].guess == ("AB",)
