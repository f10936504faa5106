import pytest

from hunt.content.names import MAX_NAME, Register, fault_of, readable
from hunt.content.problems import Report, Where
from hunt.content.spelling import folded


@pytest.mark.parametrize(
    "name", ["a", "unreal_islands", "🔎🧊", "ಕಾಬವದೋೀ್", "crème-brûlée", "a.b", "100%", "x" * MAX_NAME]
)
def test_any_text_that_can_stand_in_an_address_is_a_name(name: str) -> None:
    assert fault_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a\\b",
        "a b",
        "a\tb",
        "a\nb",
        "a\u3000b",
        "a?b",
        "a#b",
        "a\0b",
        "a\x7fb",
        ".",
        "..",
        ".hidden",
        "assets",
        "x" * 201,
    ],
)
def test_other_texts_are_no_names(name: str) -> None:
    assert fault_of(name) is not None


def test_two_spellings_of_the_same_characters_are_one_name() -> None:
    report = Report()
    register = Register("puzzle slug", report)
    assert register.add("cafe\u0301", Where("hunt.yaml", 1, "a"))
    assert not register.add("caf\u00e9", Where("hunt.yaml", 2, "b"))
    [problem] = report.problems
    assert problem.message == "the puzzle slug `caf\u00e9` is given in line 1 already (a)"
    assert folded("cafe\u0301") == "caf\u00e9"


def test_an_empty_name_is_not_told_twice() -> None:
    report = Report()
    assert not Register("slot", report).add("", Where("hunt.yaml"))
    assert report.problems == []


@pytest.mark.parametrize(
    ("slug", "title"),
    [("unreal_islands", "Unreal Islands"), ("mdp12", "Mdp12"), ("a-b c", "A B C"), ("___", "___"), ("🔎🧊", "🔎🧊")],
)
def test_a_slug_can_be_read_as_a_title(slug: str, title: str) -> None:
    assert readable(slug) == title
