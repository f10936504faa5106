from pathlib import Path

import pytest
from writing import load_with, told


@pytest.mark.parametrize(
    "link",
    ["/puzzles/one", "/puzzles/one/", "/puzzles/one#x", "/rounds/first", "/pages/rules?x", "/puzzles", "/team", "/"],
)
def test_links_to_what_there_is_are_fine(tmp_path: Path, link: str) -> None:
    assert told(load_with(tmp_path, {"puzzles/one/puzzle.md": f"[x]({link})", "pages/rules.md": "x"})) == []


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("/puzzles/onee", "there is no puzzle `onee`; did you mean `one`?"),
        ("/puzzles/p1", "there is no puzzle `p1`; did you mean `one`?"),
        ("/rounds/second", "there is no round `second`"),
        ("/pages/%72ule", "there is no page `rule`; did you mean `rules`?"),
    ],
)
def test_links_to_what_there_is_not_are_warned_of(tmp_path: Path, link: str, message: str) -> None:
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.md": f"\n[x]({link})", "pages/rules.md": "x"})
    assert told(loaded) == [f"puzzles/one/puzzle.md:2: warning: `{link}`: {message}"]


def test_a_puzzle_whose_slug_has_two_spellings_is_found(tmp_path: Path) -> None:
    hunt = (
        "title: A\nrounds: [{slug: r, title: R, unlock_if: [], puzzles: [{id: p, slug: cafe\u0301, unlocked_if: []}]}]"
    )
    loaded = load_with(tmp_path, {"pages/a.md": "[x](/puzzles/caf\u00e9)"}, hunt)
    assert [problem for problem in loaded.warnings if problem.file == "pages/a.md"] == []


def test_the_link_of_a_canned_response_is_checked(tmp_path: Path) -> None:
    text = "title: One\nanswer: YES\ncanned_responses:\n- {guess: NO, response: x, link: {display: y, href: /pages/nowhere}}\n"
    assert told(load_with(tmp_path, {"puzzles/one/puzzle.yaml": text})) == [
        "puzzles/one/puzzle.yaml:4: warning: `/pages/nowhere`: there is no page `nowhere`"
    ]


@pytest.mark.parametrize("link", ["//[", "/puzzles/%ff", "/\\puzzles"])
def test_links_that_make_no_sense_do_no_harm(tmp_path: Path, link: str) -> None:
    assert load_with(tmp_path, {"puzzles/one/puzzle.md": f"<a href='{link}'>x</a>"}).errors == ()
