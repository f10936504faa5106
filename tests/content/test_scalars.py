from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import UNSET
from writing import GOOD, load_with, told

from hunt.content import scalars
from hunt.content.problems import Report
from hunt.content.yaml_file import Read, Whereabouts, YamlFile
from hunt.content.yaml_nodes import compose


def read(reader: Read, text: str) -> tuple[object, list[str]]:
    report = Report()
    node = compose(text)
    assert node is not None
    value = reader(YamlFile("f", report, Whereabouts()), node, "here")
    return value, [problem.message for problem in report.problems]


@pytest.mark.parametrize("text", ["NO", "007", "1e5", "12:30", "2026-01-01", "true", "NULL", "0x1F", "🔎🧊", "="])
def test_a_text_is_what_was_written(text: str) -> None:
    assert read(scalars.text, text) == (text, [])


@pytest.mark.parametrize("text", ['"a\\0b"', '"\\x1b[2J"', '"a\\bb"'])
def test_a_text_that_no_page_can_show_is_refused(text: str) -> None:
    value, [message] = read(scalars.text, text)
    assert value is UNSET
    assert "which no page can show" in message


@pytest.mark.parametrize("text", ["[a]", "{a: b}"])
def test_a_list_is_no_text(text: str) -> None:
    value, [message] = read(scalars.text, text)
    assert value is UNSET
    assert message.startswith(("must be a text, not a list", "must be a text, not keys"))


def test_a_tag_is_refused() -> None:
    value, [message] = read(scalars.text, "!!python/object/apply:os.system echo")
    assert value is UNSET
    assert "has no meaning here" in message


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("3", 3), ("+3", 3), ("1000000", 1_000_000)])
def test_whole_numbers_are_read(text: str, number: int) -> None:
    assert read(scalars.whole_number, text) == (number, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-1", "must not be negative"),
        ("1.5", "must be a whole number"),
        ("010", "must be a whole number"),
        ("1_000", "must be a whole number"),
        ("1:30", "must be a whole number"),
        ("'3'", "must be a whole number"),
        ("true", "must be a whole number"),
        ("''", "must be a whole number"),
        ("1000001", "must be at most"),
        ("9" * 10_000, "must be at most"),
        ("[1]", "must be a whole number, not a list"),
    ],
)
def test_other_numbers_are_refused(text: str, words: str) -> None:
    value, [message] = read(scalars.whole_number, text)
    assert value is UNSET
    assert words in message


@pytest.mark.parametrize(("text", "value"), [("true", True), ("No", False), ("on", True), ("FALSE", False)])
def test_yes_and_no_are_read(text: str, value: bool) -> None:
    assert read(scalars.yes_or_no, text) == (value, [])


def test_other_words_are_neither_yes_nor_no() -> None:
    assert read(scalars.yes_or_no, "1") == (UNSET, ["must be true or false, not `1`"])


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-16T17:00:00Z",
        '"2026-01-16T17:00:00Z"',
        "2026-01-16 17:00:00 +00:00",
        "2026-01-16T12:00:00-05:00",
        "2026-01-16T12:00:00 -5",
        "2026-01-16T18:00:00.000+01:00",
    ],
)
def test_times_are_read_in_every_usual_form(text: str) -> None:
    assert read(scalars.moment, text) == (datetime(2026, 1, 16, 17, tzinfo=UTC), [])


@pytest.mark.parametrize("text", ["2026-01-16T17:00:00", "2026-01-16 17:00:00", '"2026-01-16T17:00"'])
def test_a_time_without_a_zone_is_utc_and_warned_of(text: str) -> None:
    value, [message] = read(scalars.moment, text)
    assert value == datetime(2026, 1, 16, 17, tzinfo=UTC)
    assert "has no time zone" in message


def test_a_day_is_its_first_moment() -> None:
    value, [message] = read(scalars.moment, "2026-01-16")
    assert value == datetime(2026, 1, 16, tzinfo=UTC)
    assert "has no time zone" in message


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-13-45", "2026-02-30T00:00:00Z", "17:00", "0001-01-01T00:00:00+10:00"]
)
def test_other_times_are_refused(text: str) -> None:
    value, [_message] = read(scalars.moment, text)
    assert value is UNSET


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("title: Room #5\nanswer: ROOM #5\n", [1, 2]),
        ("title: We are\nanswer: X # 1\n", [2]),
        ("title: One\nanswers:\n  - ROOM #5\n  - ROOM 5  #x\n", [3, 4]),
        ("title: One\nanswers: [YES, ROOM #5\n  , NO]\n", [2]),
        ("title: One\nanswer: YES\nhints:\n  - {about: x, text: go #1\n    }\n", [4]),
        ("title: One\nanswer: YES  # a comment\n", []),
        ("title: 'Room #5'\nanswer: \"ROOM #5\"\n", []),
        ("title: Room#5\nanswer: YES\nanswer_cost: 2 # clues\n# title: Room #6\n", []),
        ("title: >\n  Room #5\nanswer: YES\n", []),
    ],
)
def test_a_comment_that_swallows_the_end_of_a_text_is_warned_of(tmp_path: Path, text: str, lines: list[int]) -> None:
    found = load_with(tmp_path, {"puzzles/one/puzzle.yaml": text}).warnings
    assert [problem.line for problem in found] == lines
    assert all("is left out as a comment: a text with # in it needs quotes" in problem.message for problem in found)


def test_a_comment_beside_an_id_is_no_matter(tmp_path: Path) -> None:
    text = GOOD.replace("    title: The First", "    title: The First\n    # all of it").replace(
        "- slug: first", "- slug: first # of two"
    )
    assert told(load_with(tmp_path, {}, text)) == []
