from pathlib import Path

import pytest
from writing import Files, good, load_with, told

from hunt.content.inert import inert_parts


@pytest.mark.parametrize(
    ("html", "word"),
    [
        ("<style>p {}</style>", "style"),
        ('<p style="color: red">', "style"),
        ("<svg><path STYLE='fill:red'/></svg>", "style"),
        ("<script>go()</script>", "script"),
        ('<button onclick="go()">', "event handler"),
        ('<iframe src="https://example.org"></iframe>', "frame"),
        ('<img src="https://example.org/a.png">', "another server"),
        ("<script src=//example.org/a.js></script>", "another server"),
        ('<link rel="stylesheet" href="http://example.org/a.css">', "another server"),
    ],
)
def test_what_a_browser_will_not_do_is_told(html: str, word: str) -> None:
    [(sentence, tag)] = inert_parts(f"text {html} text")
    assert word in sentence
    assert tag in html


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.org">x</a>',
        '<script src="assets/a.js"></script><link rel="stylesheet" href="assets/style.css">',
        "<p title='style=x onclick=y'>the style // of <!-- <style> --></p>",
        "<code>&lt;script&gt;</code>",
        '<p data-style="x" class="style">',
        '<img src="data:image/png;base64,AA//">',
    ],
)
def test_what_works_is_not(html: str) -> None:
    assert list(inert_parts(html)) == []


def test_each_kind_is_told_once_a_page_with_its_first_line(tmp_path: Path) -> None:
    page = "text\n\n<p style='a'>\n<p style='b'>\n<p onclick='c'>\n"
    files: Files = {"puzzles/one/puzzle.md": page, "pages/a.md": "<style></style>"}
    assert [line.split(": ")[0] for line in told(load_with(tmp_path, files))] == [
        "pages/a.md:1",
        "puzzles/one/puzzle.md:3",
        "puzzles/one/puzzle.md:5",
    ]


def test_aligned_columns_of_a_table_need_no_style(tmp_path: Path) -> None:
    hunt = good(load_with(tmp_path, {"puzzles/one/puzzle.md": "|a|b|\n|-:|:-:|\n|c|d|\n"}))
    assert '<td align="right">c</td>' in hunt.puzzles["one"].html
    assert '<th align="center">b</th>' in hunt.puzzles["one"].html
