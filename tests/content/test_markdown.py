import pytest

from hunt.content.markdown import Rendered, render, render_titled


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b*", "<p>a <em>b</em></p>"),
        ("~~a~~", "<s>a</s>"),
        ("|a|\n|-|\n|b|", "<td>b</td>"),
        ("a[^1]\n\n[^1]: b", 'class="footnotes"'),
        ("a\n: b", "<dd>b</dd>"),
        ("## The Rules!", '<h2 id="section-the-rules">The Rules!</h2>'),
        ('<b class="x">a</b>', '<b class="x">a</b>'),
        ("<script>\nlet a = '*b*';\n</script>", "let a = '*b*';"),
        ("![a](assets/b.png)", '<img src="assets/b.png" alt="a" />'),
    ],
)
def test_what_authors_write_becomes_html(text: str, html: str) -> None:
    assert html in render(text).html


def test_two_headings_of_one_name_have_two_anchors() -> None:
    html = render("# a\n# a").html
    assert 'id="section-a"' in html
    assert 'id="section-a-1"' in html


def test_a_heading_of_no_letters_has_an_anchor() -> None:
    assert 'id="section-"' in render("# ???").html


def test_the_heading_that_opens_a_text_is_its_title_and_is_left_out() -> None:
    assert render_titled("# The *big* `day` &amp; night\n\ntext") == Rendered("<p>text</p>\n", "The big day & night")


def test_a_heading_further_down_is_the_title_and_stays() -> None:
    page = render_titled("text\n\n## Rules\n")
    assert page.title == "Rules"
    assert "<h2" in page.html


def test_a_text_without_a_heading_has_no_title() -> None:
    assert render_titled("text").title is None


@pytest.mark.parametrize("text", ["[" * 5000, ">" * 5000, "*a " * 5000, "![a](" * 5000, "\0", "| " * 5000, "<" * 5000])
def test_broken_texts_are_rendered_somehow(text: str) -> None:
    assert render(text).html
