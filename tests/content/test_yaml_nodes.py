import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunt.content.yaml_nodes import MAX_DEPTH, YamlBroken, compose

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


def broken(text: str) -> YamlBroken:
    with pytest.raises(YamlBroken) as caught:
        compose(text)
    return caught.value


def test_a_file_without_a_value_has_no_node() -> None:
    assert compose("# only a comment\n") is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b: c", 1, "a text with a colon in it needs quotes"),
        ("a: 1\n\tb: 2", 2, "this line is indented with a tab"),
        ("a: [1", 1, "a [ or { is opened here and not closed"),
        ("--- a\n--- b", 2, "only the first part"),
        ("a: 1\nb: *nothing", 2, "a text that begins with * needs quotes"),
        ("a: 1\nb: @nobody", 2, "a text that begins with @ needs quotes"),
        ("a:\n- b\n\t- c: d", 3, "this line is indented with a tab"),
        ("a: 1\nb: \x07", 2, "U+0007 may not stand in this file"),
        ("a: 1\n b: 2", 2, "this line is indented otherwise than the lines that it belongs to"),
        ("a:\n  - b\n - c", 3, "this line is indented otherwise than the lines that it belongs to"),
        ("a:\n  b: 1\n c: 2", 3, "this line is indented otherwise than the lines that it belongs to"),
        ("  a: 1\nb: 2", 2, "this line is indented otherwise than the lines that it belongs to"),
        ("a: [ROOM #5]\nb: 1", 1, "a text with # needs quotes"),
        ("a: {title: Room #5}", 1, "a text with # needs quotes"),
        ("a: 'it's'", 1, "put the whole text in quotes"),
        ("a: 'it is", 1, "a quote is opened here and never closed"),
        ("a: b\nc\nd: e", 2, "with a colon and a blank after its name"),
        ("a: b\n- c", 2, "is it indented as they are?"),
        ("a: }", 1, "a text that begins with , ] or } needs quotes"),
        ("a: >b", 1, "a text that begins with > or | needs quotes"),
        ('a: "\\q"', 1, "use single quotes"),
        ("&a [*a]", 1, "contain themselves"),
        ("&a {x: [*a, *a]}", 1, "contain themselves"),
        ("[" * 100_000, 1, "nested more than"),
        ("- " * 100_000, 1, "nested more than"),
        ("{a: " * 100_000, 1, "nested more than"),
        (BOMB, None, "those repeated by * included"),
    ],
)
def test_broken_yaml_is_one_plain_sentence(text: str, line: int | None, words: str) -> None:
    error = broken(text)
    assert words in str(error)
    assert "\n" not in str(error)
    assert error.line == line or line is None


def test_a_chain_of_aliases_counts_as_depth() -> None:
    chain = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000))
    assert "nested" in str(broken(chain))


def test_lists_as_deep_as_allowed_are_read() -> None:
    depth = MAX_DEPTH - 1
    assert compose("[" * depth + "]" * depth) is not None


def test_aliases_within_bounds_are_read() -> None:
    assert compose("a: &a [1, 2]\nb: [*a, *a]") is not None


PIECES = st.sampled_from(
    [
        "a",
        "- ",
        ": ",
        "\n",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "#",
        " #",
        "&a ",
        "*a",
        "<<: ",
        "!!x ",
        "|",
        ">",
        "---",
        "\\",
        "é",
        "🔎",
    ]
)


def refusal(text: str) -> YamlBroken | None:
    try:
        compose(text)
    except YamlBroken as error:
        return error
    return None


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_is_read_or_refused_by_one_sentence(text: str) -> None:
    error = refusal(text)
    if error is not None:
        assert str(error)
        assert "\n" not in str(error)
        assert error.line is None or error.line >= 1
