"""Pages: which addresses lead where."""

from pathlib import Path

import pytest
from writing import Files, good, load_with, told

PNG = b"\x89PNG\0\xff"


def page_of(folder: Path, page: str, name: str = "puzzle.md") -> str:
    files: dict[str, str | bytes] = {
        "puzzles/one/assets/a b.png": PNG,
        "puzzles/one/assets/img/c.svg": "<svg/>",
        f"puzzles/one/{name}": page,
    }
    if name != "puzzle.md":
        (folder / "puzzles/one").mkdir(parents=True)
        files["puzzles/one/puzzle.md"] = ""
    loaded = load_with(folder, files)
    assert loaded.errors == ()
    return loaded.hunt.puzzles["one"].html


@pytest.mark.parametrize(
    ("page", "html"),
    [
        ("![x](assets/img/c.svg)", '<img src="/puzzles/one/assets/img/c.svg" alt="x" />'),
        ("![x](<assets/a b.png>)", 'src="/puzzles/one/assets/a%20b.png"'),
        ("<img src='./assets/a%20b.png?v=1#x'>", '<img src="/puzzles/one/assets/a%20b.png?v=1#x">'),
        ("<img srcset='assets/img/c.svg 1x, assets/a%20b.png 2x'>", '"/puzzles/one/assets/img/c.svg 1x, /puz'),
        ("[x](https://example.org/assets/a)", 'href="https://example.org/assets/a"'),
        ("[x](mailto:a@example.org) [y](#z) [q](?q)", 'href="#z"'),
        ("[x](//example.org/assets/a)", 'href="//example.org/assets/a"'),
        ("<img src='data:image/png;base64,AA=='>", "src='data:image/png;base64,AA=='"),
        ("`assets/img/c.svg`", "<code>assets/img/c.svg</code>"),
    ],
)
def test_assets_are_found_and_all_else_is_left_alone(tmp_path: Path, page: str, html: str) -> None:
    assert html in page_of(tmp_path, page)


def test_the_slug_is_quoted_in_addresses(tmp_path: Path) -> None:
    hunt = (
        "title: A Hunt\nrounds: [{slug: r, title: R, unlock_if: [], puzzles: [{id: p, slug: '🔎%', unlocked_if: []}]}]"
    )
    files: Files = {
        "puzzles/🔎%/puzzle.yaml": "title: One\nanswer: YES",
        "puzzles/🔎%/puzzle.md": "![](assets/ü.png)",
        "puzzles/🔎%/assets/u\u0308.png": PNG,
    }
    loaded = load_with(tmp_path, files, hunt)
    assert loaded.errors == ()
    puzzle = loaded.hunt.puzzles["🔎%"]
    assert 'src="/puzzles/%F0%9F%94%8E%25/assets/%C3%BC.png"' in puzzle.html
    assert list(puzzle.assets) == ["\u00fc.png"]


def test_an_asset_that_is_not_there_is_an_error_with_line_and_nearest_name(tmp_path: Path) -> None:
    page = "text\n\n![x](assets/mapp.svg) ![x](assets/mapp.svg)\n"
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.md": page, "puzzles/one/assets/map.svg": "<svg/>"})
    assert told(loaded) == [
        "puzzles/one/puzzle.md:3: error: `assets/mapp.svg`: there is no such file; did you mean `assets/map.svg`?"
    ]


@pytest.mark.parametrize(
    "address", ["assets/../puzzle.yaml", "assets//etc/passwd", "assets/%2e%2e/puzzle.yaml", "assets/"]
)
def test_no_address_leads_out_of_the_assets(tmp_path: Path, address: str) -> None:
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.md": f"<img src='{address}'>"})
    assert f"<img src='{address}'>" in loaded.hunt.puzzles["one"].html
    assert len(loaded.errors) == 1


def test_a_file_beside_the_page_is_not_served_and_that_is_said(tmp_path: Path) -> None:
    files: Files = {"puzzles/one/puzzle.md": "![](map.png)", "puzzles/one/map.png": PNG}
    [problem] = told(load_with(tmp_path, files))
    assert problem == ("puzzles/one/puzzle.md:1: warning: `map.png` leads nowhere: files are served from assets/ only")


def test_html_goes_before_markdown(tmp_path: Path) -> None:
    loaded = load_with(tmp_path, {"puzzles/one/puzzle.html": "<p>*as it is*</p>"})
    assert loaded.hunt.puzzles["one"].html == "<p>*as it is*</p>"
    assert told(loaded) == [
        "puzzles/one/puzzle.md: warning: this file is not used, because puzzle.html is there too",
    ]


def test_a_solution_has_files_of_its_own_and_sees_those_of_the_puzzle(tmp_path: Path) -> None:
    solution = "![](way.svg) ![](assets/own.svg) ![](assets/map.svg) ![](../assets/map.svg)"
    files: Files = {
        "puzzles/one/solution/index.md": solution,
        "puzzles/one/solution/way.svg": "<svg/>",
        "puzzles/one/solution/assets/own.svg": "<svg/>",
        "puzzles/one/assets/map.svg": "<svg/>",
    }
    puzzle = good(load_with(tmp_path, files)).puzzles["one"]
    assert sorted(puzzle.solution_assets) == ["assets/own.svg", "way.svg"]
    assert [part.split('"')[0] for part in puzzle.solution_html.split('src="')[1:]] == [
        "/puzzles/one/solution/way.svg",
        "/puzzles/one/solution/assets/own.svg",
        "/puzzles/one/assets/map.svg",
        "/puzzles/one/assets/map.svg",
    ]


def test_a_puzzle_does_not_see_the_files_of_its_solution(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/one/puzzle.md": "![](solution/way.svg)",
        "puzzles/one/solution/way.svg": "<svg/>",
    }
    loaded = load_with(tmp_path, files)
    assert 'src="solution/way.svg"' in loaded.hunt.puzzles["one"].html
    assert len(loaded.warnings) == 1


def test_pages_have_titles_and_no_assets(tmp_path: Path) -> None:
    files: Files = {
        "pages/rules.md": "# The Rules\n\nNone.",
        "pages/how_to_play.md": "Just play. ![](assets/x.png)",
        "pages/notes.txt": "",
    }
    loaded = load_with(tmp_path, files)
    pages = loaded.hunt.pages
    assert (pages["rules"].title, pages["rules"].html) == ("The Rules", "<p>None.</p>\n")
    assert pages["how_to_play"].title == "How To Play"
    assert told(loaded) == ["pages/how_to_play.md:1: error: `assets/x.png`: there is no such file"]


def test_a_page_whose_name_cannot_stand_in_an_address_is_an_error(tmp_path: Path) -> None:
    loaded = load_with(tmp_path, {"pages/how to play.md": ""})
    assert told(loaded) == [
        "pages/how to play.md: error: the page `how to play` holds a space, which cannot stand in an address"
    ]
    assert loaded.hunt.pages == {}


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
