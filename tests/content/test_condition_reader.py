from datetime import UTC, datetime

import pytest

from hunt.content.condition_reader import NEVER, read_condition
from hunt.content.model import (
    After,
    AllOf,
    AnyOf,
    Condition,
    GateSatisfied,
    InteractionCompleted,
    PuzzlesSolved,
    PuzzlesUnlocked,
    RoundUnlocked,
    SlotSolved,
    SlotUnlocked,
)
from hunt.content.problems import Problem, Report
from hunt.content.yaml_file import Whereabouts, YamlFile
from hunt.content.yaml_nodes import compose


def read(text: str) -> tuple[Condition, list[Problem]]:
    report = Report()
    node = compose(text)
    assert node is not None
    condition = read_condition(YamlFile("hunt.yaml", report, Whereabouts()), node, "if")
    return condition, report.problems


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("{slot_solved: a}", SlotSolved("a")),
        ("{slot_solved: 7}", SlotSolved("7")),
        ("{slot_unlocked: a}", SlotUnlocked("a")),
        ("{puzzles_solved: 3}", PuzzlesSolved(3)),
        ("{puzzles_solved: 3, slots: [a, b, b]}", PuzzlesSolved(3, ("a", "b", "b"))),
        ("{slots: [], puzzles_unlocked: 0}", PuzzlesUnlocked(0, ())),
        ("{interaction_completed: a}", InteractionCompleted("a")),
        ("{gate_satisfied: a}", GateSatisfied("a")),
        ("{round_unlocked: a}", RoundUnlocked("a")),
        ("{after: 2026-01-16T17:00:00Z}", After(datetime(2026, 1, 16, 17, tzinfo=UTC))),
        ("{any_of: []}", AnyOf(())),
        ("[]", AllOf(())),
        ("[{slot_solved: a}, [{slot_solved: b}]]", AllOf((SlotSolved("a"), AllOf((SlotSolved("b"),))))),
        ("{any_of: [{slot_solved: a}, {any_of: [[]]}]}", AnyOf((SlotSolved("a"), AnyOf((AllOf(()),))))),
    ],
)
def test_every_kind_of_condition_is_read(text: str, condition: Condition) -> None:
    assert read(text) == (condition, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "must be a condition like {slot_solved: some_id} or a list of them, not `a`"),
        ("true", "must be a condition"),
        ("{}", "exactly one of the keys"),
        ("{slots: [a]}", "exactly one of the keys"),
        ("{slot_solved: a, gate_satisfied: b}", "exactly one of the keys"),
        ("{slot_sloved: a}", "unknown key `slot_sloved`; did you mean `slot_solved`?"),
        ("{not: {slot_solved: a}}", "unknown key `not`"),
        ("{slot_solved: [a]}", "must be a text, not a list"),
        ("{puzzles_solved: -1}", "must not be negative"),
        ("{puzzles_solved: 1.5}", "must be a whole number"),
        ("{puzzles_solved: 1, slots: a}", "must be a list of slot ids, not `a`"),
        ("{any_of: {slot_solved: a}}", "must be a list of conditions, not keys with values"),
        ("{after: noon}", "must be a time"),
    ],
)
def test_what_is_no_condition_is_never_true_and_told(text: str, words: str) -> None:
    condition, problems = read(text)
    assert condition is NEVER
    assert words in problems[0].message


def test_a_broken_condition_inside_another_leaves_the_others() -> None:
    condition, [problem] = read("[{slot_solved: a}, {any_of: [{what: b}, {slot_solved: c}]}]")
    assert condition == AllOf((SlotSolved("a"), AnyOf((NEVER, SlotSolved("c")))))
    assert problem.place == "if[1].any_of[0]"


def test_slots_that_belong_to_no_count_are_told() -> None:
    condition, [problem] = read("{slot_solved: a, slots: [b]}")
    assert condition == SlotSolved("a")
    assert "`slots` goes with" in problem.message
