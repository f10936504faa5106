from pathlib import Path

import pytest
from writing import Files, good, load_with, told

from hunt.content.tags import inert_parts, rewrite


def bracketed(_attribute: str, address: str) -> str:
    return f"[{address}]"


@pytest.mark.parametrize(
    ("html", "rewritten"),
    [
        ('<img src="a">', '<img src="[a]">'),
        ("<img src='a'>", '<img src="[a]">'),
        ("<img src=a>", '<img src="[a]">'),
        ("<IMG\n  SRC = a\n>", '<IMG\n  SRC = "[a]"\n>'),
        ('<video poster="a" src="b"/>', '<video poster="[a]" src="[b]"/>'),
        ('<svg><use xlink:href="a#b"/></svg>', '<svg><use xlink:href="[a#b]"/></svg>'),
        ('<object data="a"></object>', '<object data="[a]"></object>'),
        ('<img srcset="a 1x, b 2x,c">', '<img srcset="[a] 1x, [b] 2x, [c]">'),
        ('<img srcset="data:x,y 1x">', '<img srcset="data:x,y 1x">'),
        ('<a href="a&amp;b">', '<a href="[a&amp;b]">'),
        ('<a title="src=x" href=" a ">', '<a title="src=x" href="[a]">'),
        ("<a title='x>y' href=a>", "<a title='x>y' href=\"[a]\">"),
        ("<p title=don't><a href='a'>", '<p title=don\'t><a href="[a]">'),
        ('<a data-src="a" hrefs="b">', '<a data-src="a" hrefs="b">'),
        ('<a href>x</a><img src="a">', '<a href>x</a><img src="[a]">'),
        ('1 < 2 <é <3 <a href="a">', '1 < 2 <é <3 <a href="[a]">'),
        ('<!-- <a href="a"> --><a href="b">', '<!-- <a href="a"> --><a href="[b]">'),
        ('<script>"<a href=\'a\'>"</script><a href="b">', '<script>"<a href=\'a\'>"</script><a href="[b]">'),
        ('<style>a{}</STYLE><script src="a"></script>', '<style>a{}</STYLE><script src="[a]"></script>'),
        ('<viewBox viewBox="0 0 1 1" href="a"/>', '<viewBox viewBox="0 0 1 1" href="[a]"/>'),
    ],
)
def test_addresses_are_replaced_where_a_browser_would_find_them(html: str, rewritten: str) -> None:
    assert rewrite(html, bracketed) == rewritten


@pytest.mark.parametrize(
    "html",
    [
        '<a href="a',
        "<a href='a",
        "<!-- <a href=a>",
        "<script><a href=a>",
        "href=",
        "< a href=a>",
        "</a href=a>",
        "<!a href=a>",
    ],
)
def test_what_is_no_tag_is_left_alone(html: str) -> None:
    assert rewrite(html, bracketed) == html


def test_what_does_not_change_is_kept_to_the_letter() -> None:
    html = "<A  Href = 'x&y' ><img SRC=z   />"
    assert rewrite(html, lambda _, address: address) == html


def test_a_new_address_cannot_end_its_attribute() -> None:
    assert rewrite("<a href=a>", lambda _, __: '"><script>') == '<a href="&quot;&gt;&lt;script&gt;">'


@pytest.mark.parametrize("piece", ["<", "<a ", '<a href="', "<!--", "<script>", 'x="y', "<a href=", "='", "</"])
def test_a_megabyte_of_broken_html_takes_no_time(piece: str) -> None:
    rewrite(piece * (1_000_000 // len(piece)) + " href=", bracketed)


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
