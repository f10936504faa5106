"""What `hunt check` warns of in files that are read without a mistake, and still do not do what their author means."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from writing import GOOD, PUZZLE, Files, hunt_text, load_with, told, why_unreadable, write

from hunt.cli import main
from hunt.content import load
from hunt.content.page_ids import OUR_IDS
from hunt.content.style_sheets import faults

TEMPLATES = Path(__file__).parents[2] / "src/hunt/web/templates"


def one(folder: Path, files: Files, hunt: str = GOOD) -> str:
    """The only problem of the good hunt with these files."""
    [problem] = told(load_with(folder, files, hunt))
    return problem


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ('<embed src="assets/a.pdf">', "<embed> stays empty"),
        ('<object data="assets/a.pdf"></object>', "<object> stays empty"),
        ('<iframe src="assets/a.pdf"></iframe>', "<iframe> stays empty"),
        ('<img src="https://example.org/a.png">', "a file of another server is not loaded"),
        ('<svg><image href="//example.org/a.png"/></svg>', "a file of another server is not loaded"),
        ('<form action="https://example.org/"></form>', "a form that leads to another server is not sent"),
        ('<a href="javascript:go()">x</a>', "an address that is a script does not run"),
        ('<base href="/x/">', "<base> has no effect"),
        ('<p id="guess">x</p>', "the id `guess` is one of our page's own"),
    ],
)
def test_what_has_no_effect_in_a_page_is_said_with_its_line(tmp_path: Path, tag: str, words: str) -> None:
    files: Files = {"puzzles/one/puzzle.md": f"x\n\n{tag}\n", "puzzles/one/assets/a.pdf": "x"}
    problem = one(tmp_path, files)
    assert problem.startswith("puzzles/one/puzzle.md:3: warning: ")
    assert words in problem


def test_our_ids_are_those_of_our_templates() -> None:
    names = ("puzzle", "layout", "macros", "solution", "round", "fragments/puzzle_side", "fragments/puzzle_top")
    texts = [(TEMPLATES / f"{name}.html").read_text() for name in names]
    assert {id for text in texts for id in re.findall(r'\bid="([^"{}]+)"', text)} <= OUR_IDS


@pytest.mark.parametrize(
    ("css", "line", "words"),
    [
        ("\n.a { background: url(https://x.org/y.png) }", 2, "`url(https://x.org/y.png`: a file of another server"),
        ("@import 'https://x.org/y.css';", 1, "a file of another server is not loaded"),
        ("@import url(//x.org/y.css);", 1, "a file of another server is not loaded"),
        (".a {\n  background: #ffffee;\n}", 2, "`#ffffee` at night has nearly the colour of the text on it"),
        (".a { color: rgb(10, 10, 10) }", 1, "at night has nearly the colour of the page behind it"),
        (".a { color: ivory }", 1, "by day has nearly the colour of the page behind it"),
    ],
)
def test_a_stylesheet_that_does_not_do_what_it_says_is_warned_of(
    tmp_path: Path, css: str, line: int, words: str
) -> None:
    problem = one(tmp_path, {"puzzles/one/assets/style.css": css})
    assert problem.startswith(f"puzzles/one/assets/style.css:{line}: warning: ")
    assert words in problem
    assert told(load_with(tmp_path, {"theme/style.css": css, "rounds/first/style.css": css}))[-1].startswith("theme/")


@pytest.mark.parametrize(
    "css",
    [
        ".a { color: #111; background: white }",
        ".a { background: white }\n.b { color: black }",
        ".a { color: #b5572c }",
        ".a { background: url(x.png); color: inherit }",
        "/* url(https://x.org/y.png) */",
        ".a { background: transparent } .b { background: var(--paper) }",
    ],
)
def test_a_stylesheet_that_is_fine_is_left_alone(css: str) -> None:
    assert list(faults(css)) == []


def test_a_page_of_an_authors_own_may_hold_scripts_and_nothing_of_other_servers(tmp_path: Path) -> None:
    page = "<!doctype html>\n<style>p {}</style><script>go()</script>\n<script src='https://x.org/y.js'></script>"
    problem = one(tmp_path, {"puzzles/one/assets/game.html": page})
    assert problem.startswith("puzzles/one/assets/game.html:3: warning: ")
    assert "a file of another server is not loaded" in problem


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (
            "![x](/assets/a.png)",
            "error: `/assets/a.png` leads nowhere: write `assets/a.png`, without the slash before it",
        ),
        (
            "![x](assets/a b.png)",
            "warning: `![x](assets/a b.png)`: an address ends at a blank: write it in <…>, like (<assets/a b.png>)",
        ),
        (
            "![x](assets/a#1.png)",
            "error: `assets/a#1.png`: there is no such file: # and ? end the name of a file, so write `assets/a%231.png`",
        ),
    ],
)
def test_addresses_that_nearly_lead_somewhere(tmp_path: Path, page: str, problem: str) -> None:
    files: Files = {f"puzzles/one/assets/{name}": "x" for name in ("a.png", "a b.png", "a#1.png")}
    assert one(tmp_path, {**files, "puzzles/one/puzzle.md": page}) == f"puzzles/one/puzzle.md:1: {problem}"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("puzzles/one/puzzle.yml", "puzzle.yaml"),
        ("puzzles/one/Puzzle.yaml", "puzzle.yaml"),
        ("puzzles/one/puzzle.yaml.txt", "puzzle.yaml"),
        ("puzzles/one/puzzle.htm", "puzzle.html"),
        ("puzzles/one/solution/solution.md", "index.md"),
        ("rounds/first/Round.md", "round.md"),
    ],
)
def test_a_file_that_is_nearly_called_right_is_warned_of(tmp_path: Path, name: str, meant: str) -> None:
    warning = f"{name}: warning: nothing reads this file; did you mean `{meant}`?"
    assert warning in told(load_with(tmp_path, {name: "x"}))


def test_a_page_that_is_called_as_elsewhere_is_warned_of_unless_there_is_one(tmp_path: Path) -> None:
    text = PUZZLE["puzzles/one/puzzle.yaml"]
    files: Files = {"puzzles/one/puzzle.yaml": text, "puzzles/one/index.html": "x"}
    assert "did you mean `puzzle.html`?" in "".join(told(load(write(tmp_path, GOOD, files))))
    assert told(load_with(tmp_path, files)) == []


@pytest.mark.parametrize("name", ["hunt.yml", "Hunt.yaml", "hunt.yaml.txt"])
def test_a_hunt_file_that_is_nearly_called_right_is_named(tmp_path: Path, name: str) -> None:
    assert f"did you mean `{name}` to be it?" in why_unreadable(write(tmp_path, None, {name: GOOD}))[0]


def test_twins_are_warned_of(tmp_path: Path) -> None:
    problems = told(load_with(tmp_path, {}, hunt_text("{id: p2, slug: ONE, unlocked_if: []}")))
    assert any("the puzzle slug `ONE` differs from `one` in capitals only" in problem for problem in problems)
    files: Files = {"puzzles/one/assets/Map.png": "x", "puzzles/one/assets/map.png": "x"}
    assert "`Map.png` and `map.png` are one name on many computers" in one(tmp_path / "b", files)
    files = {"pages/caf\u00e9.md": "x", "pages/cafe\u0301.md": "x"}
    assert "are one name on many computers" in one(tmp_path / "c", files)


@pytest.mark.parametrize("answer", ["A.*B", "[A-Z]+", "CAT|DOG", "^YES$", "/YES/i", r"\d+"])
def test_an_answer_that_looks_like_a_pattern_is_warned_of(tmp_path: Path, answer: str) -> None:
    files: Files = {"puzzles/one/puzzle.yaml": f"title: One\nanswer: '{answer}'\n"}
    assert "looks like a pattern, but is compared as the text" in one(tmp_path, files)


@pytest.mark.parametrize("answer", ["WHAT?", "C++", "A*", "R&D (2)", "3.14", "A/B", "YES [SIC]", "$100", "AC/DC"])
def test_an_answer_that_is_none_is_left_alone(tmp_path: Path, answer: str) -> None:
    assert told(load_with(tmp_path, {"puzzles/one/puzzle.yaml": f"title: One\nanswer: '{answer}'\n"})) == []


@pytest.mark.parametrize(("accent", "when"), [("#ffff00", "by day"), ("white", "by day"), ("#000", "at night")])
def test_an_accent_that_cannot_be_read_is_warned_of(tmp_path: Path, accent: str, when: str) -> None:
    problem = one(tmp_path, {}, hunt_text(head=f"accent: '{accent}'"))
    assert problem.startswith(f"hunt.yaml:2: warning: `{accent}` can hardly be read {when}")


@pytest.mark.parametrize("accent", ["#b5572c", "#2a6f97", "teal"])
def test_an_accent_that_can_be_read_is_fine(tmp_path: Path, accent: str) -> None:
    assert told(load_with(tmp_path, {}, hunt_text(head=f"accent: '{accent}'"))) == []


def test_answers_are_shown_as_they_are_compared(tmp_path: Path) -> None:
    hunt = write(tmp_path, GOOD, {**PUZZLE, "puzzles/one/puzzle.yaml": "title: One\nanswers: [YES, Łódź, MÖWE]\n"})
    lines = ["one: Łódź is compared as LODZ", "one: MÖWE is compared as MOWE or MOEWE"]
    summary = "A Hunt: 1 round, 1 puzzle, 0 errors, 0 warnings."
    assert CliRunner().invoke(main, ["check", str(hunt)]).output.splitlines() == [*lines, summary]
    told = CliRunner().invoke(main, ["check", "--answers", str(hunt)]).output.splitlines()
    assert told == ["one: YES is compared as YES", *lines, summary]
