from pathlib import Path

import pytest
from writing import GOOD, PUZZLE, Files, good, hunt_text, load_with, told, write

from hunt.content import load
from hunt.content.model import CannedResponse, Hint, Link, PartialAnswer

FULL = """
title: One of a Kind
answers: [YES, YEAH]
authors: [Ann, Bob]
answer_cost: 2
canned_responses: [{guess: NO, response: "No?", link: {display: Look, href: /pages/rules}}]
partial_answers: [{guess: [YE], response: Keep going, prize: true}]
hints: [{about: Start, text: Begin}]
"""


def test_everything_in_a_puzzle_file_is_read(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/one/puzzle.yaml": FULL,
        "puzzles/one/solution/index.md": "It was *yes*.",
        "pages/rules.md": "x",
    }
    puzzle = good(load_with(tmp_path, files)).puzzles["one"]
    assert puzzle.title == "One of a Kind"
    assert puzzle.answers == ("YES", "YEAH")
    assert puzzle.authors == ("Ann", "Bob")
    assert puzzle.answer_cost == 2
    link = Link("Look", "/pages/rules")
    assert puzzle.canned_responses == (CannedResponse(guess=("NO",), response="No?", link=link),)
    assert puzzle.partial_answers == (PartialAnswer(guess=("YE",), response="Keep going", prize=True),)
    assert puzzle.hints == (Hint(about="Start", text="Begin"),)
    assert puzzle.html == "<p>Say yes.</p>\n"
    assert puzzle.solution_html == "<p>It was <em>yes</em>.</p>\n"
    assert not puzzle.is_stub


def test_a_slot_without_a_slug_is_a_stub_by_its_id(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, hunt_text("{id: p2, unlocked_if: []}"), PUZZLE))
    puzzle = loaded.hunt.puzzles["p2"]
    assert (puzzle.slug, puzzle.title, puzzle.answers, puzzle.is_stub) == ("p2", "P2", ("ANSWER",), True)
    assert "<strong>ANSWER</strong>" in puzzle.html
    assert told(loaded) == ["hunt.yaml:8: warning: slot `p2` is filled with a stub: it has no slug yet"]


def test_a_slot_without_a_slug_takes_the_folder_of_its_id(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/p2/puzzle.yaml": "title: Two\nanswer: B",
        "puzzles/p2/puzzle.md": "b",
        **PUZZLE,
    }
    hunt = good(load(write(tmp_path, hunt_text("{id: p2, unlocked_if: []}"), files)))
    assert hunt.puzzles["p2"].title == "Two"


def test_a_puzzle_without_a_folder_is_a_stub_with_a_readable_title(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, hunt_text("{id: p2, slug: unreal_islands, unlocked_if: []}"), PUZZLE))
    puzzle = loaded.hunt.puzzles["unreal_islands"]
    assert (puzzle.title, puzzle.is_stub) == ("Unreal Islands", True)
    assert told(loaded) == [
        "hunt.yaml:8: warning: slot `p2` is filled with a stub: there is no folder puzzles/unreal_islands yet"
    ]


def test_an_empty_folder_is_a_stub(tmp_path: Path) -> None:
    (tmp_path / "puzzles/one").mkdir(parents=True)
    loaded = load(write(tmp_path, GOOD))
    assert loaded.hunt.puzzles["one"].is_stub
    assert told(loaded) == ["puzzles/one: warning: this puzzle is not written yet; a stub stands in for it"]


def test_a_puzzle_without_a_page_counts_as_a_stub_but_keeps_its_answer(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, GOOD, {"puzzles/one/puzzle.yaml": "title: Won\nanswer: YES\n"}))
    puzzle = loaded.hunt.puzzles["one"]
    assert (puzzle.title, puzzle.answers, puzzle.is_stub) == ("Won", ("YES",), True)
    assert told(loaded) == ["puzzles/one: warning: this puzzle has no puzzle.md or puzzle.html: it counts as a stub"]


def test_a_folder_without_a_puzzle_file_is_an_error(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, GOOD, {"puzzles/one/puzzle.md": "The answer is B."}))
    puzzle = loaded.hunt.puzzles["one"]
    assert told(loaded) == ["puzzles/one: error: this puzzle has no puzzle.yaml"]
    assert puzzle.is_stub
    assert "not ready" in puzzle.html


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: [", "puzzle.yaml:1: error: a [ or { is opened here and not closed, or a text in it needs quotes"),
        ("", "puzzle.yaml: error: this file is empty"),
        ("- title", "puzzle.yaml:1: error: must be keys with values like `title: …`, not a list"),
        ("just text", "puzzle.yaml:1: error: must be keys with values like `title: …`, not `just text`"),
        ("title: One", "puzzle.yaml:1: error: `answer` is missing"),
    ],
)
def test_a_broken_puzzle_file_is_an_error_and_the_page_says_so(tmp_path: Path, text: str, problem: str) -> None:
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.yaml": text})
    puzzle = loaded.hunt.puzzles["one"]
    assert [line.startswith(f"puzzles/one/{problem}") for line in told(loaded)] == [True]
    assert (puzzle.is_stub, puzzle.title, puzzle.answers) == (True, "One", ("ANSWER",))
    assert "not ready" in puzzle.html


def test_a_puzzle_file_with_lesser_faults_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    text = "answer: YES\ntile: One\nanswer_cost: -1\nhints: 7\nauthors: [Ann, [Bob]]\n"
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.yaml": text})
    puzzle = loaded.hunt.puzzles["one"]
    assert (puzzle.title, puzzle.answers, puzzle.answer_cost, puzzle.authors) == ("One", ("YES",), None, ("Ann",))
    assert not puzzle.is_stub
    assert [line.split(": ", 1)[1] for line in told(loaded)] == [
        "error: `title` is missing",
        "error: unknown key `tile`; did you mean `title`?",
        "error: must not be negative, but is `-1`",
        "error: must be a list, not `7`",
        "error: must be a text, not a list",
    ]


def test_the_version_of_a_puzzle_changes_with_its_page(tmp_path: Path) -> None:
    before = good(load_with(tmp_path, {})).puzzles["one"].version
    assert good(load_with(tmp_path, {})).puzzles["one"].version == before
    assert good(load_with(tmp_path, {"puzzles/one/puzzle.md": "Say no."})).puzzles["one"].version != before
