from pathlib import Path

import pytest
from writing import PUZZLE, hunt_text, write

from hunt.content import Loaded, load
from hunt.content.model import GateSatisfied


def loaded_with(folder: Path, condition: str) -> Loaded:
    text = hunt_text(
        f"{{id: p2, slug: two, unlocked_if: {condition}}}",
        "{id: m1, slug: last, is_meta: true, unlocked_if: []}",
        interactions=("{id: meet_us, title: Meet Us, unlock_if: []}",),
    )
    return load(write(folder, text, PUZZLE))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            "{gate_satisfied: hunt_strated}",
            "`gate_satisfied: hunt_strated`: no gate has this id; did you mean `hunt_started`?",
        ),
        (
            "{slot_solved: one}",
            "`slot_solved: one`: no slot has this id, it is a puzzle's slug; did you mean its slot `p1`?",
        ),
        ("{slot_unlocked: lst}", "`slot_unlocked: lst`: no slot has this id; did you mean `m1`, the slot of `last`?"),
        ("{slot_solved: P1}", "`slot_solved: P1`: no slot has this id; did you mean `p1`?"),
        ("{slot_solved: zzzzz}", "`slot_solved: zzzzz`: no slot has this id"),
        (
            "{gate_satisfied: meet_us}",
            "`gate_satisfied: meet_us`: no gate has this id, but there is an interaction of that name",
        ),
        (
            "{interaction_completed: meet_is}",
            "`interaction_completed: meet_is`: no interaction has this id; did you mean `meet_us`?",
        ),
        ("{round_unlocked: frist}", "`round_unlocked: frist`: no round has this slug; did you mean `first`?"),
        ("{puzzles_solved: 1, slots: [p1, p11]}", "`slots: p11`: no slot has this id; did you mean `p1`?"),
        ("{any_of: [[], {gate_satisfied: ''}]}", "`gate_satisfied: `: no gate has this id"),
    ],
)
def test_an_unknown_id_is_an_error_with_the_nearest_valid_one(tmp_path: Path, condition: str, message: str) -> None:
    [problem] = loaded_with(tmp_path, condition).errors
    assert str(problem) == f"hunt.yaml:8: error: {message}"


def test_an_unknown_id_is_kept_in_its_condition(tmp_path: Path) -> None:
    hunt = loaded_with(tmp_path, "{gate_satisfied: nowhere}").hunt
    assert hunt.slots["p2"].unlocked_if == GateSatisfied("nowhere")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{puzzles_solved: 3}", "`puzzles_solved: 3` is never true: only 2 non-metas are in this round"),
        ("{puzzles_unlocked: 3, slots: [p1, p1]}", "`puzzles_unlocked: 3` is never true: only 2 slots are listed"),
        ("[{puzzles_solved: 1, slots: []}]", "`puzzles_solved: 1` is never true: only 0 slots are listed"),
    ],
)
def test_a_count_of_more_than_there_are_is_warned_of(tmp_path: Path, condition: str, message: str) -> None:
    loaded = loaded_with(tmp_path, condition)
    assert [problem.message for problem in loaded.warnings if "stub" not in problem.message] == [message]
    assert loaded.errors == ()


@pytest.mark.parametrize(
    "condition", ["{puzzles_solved: 2}", "{puzzles_solved: 0, slots: []}", "{puzzles_solved: 2, slots: [m1, p1]}"]
)
def test_a_count_that_can_be_reached_is_fine(tmp_path: Path, condition: str) -> None:
    loaded = loaded_with(tmp_path, condition)
    assert not any("never" in problem.message for problem in loaded.problems)


def test_conditions_everywhere_are_checked(tmp_path: Path) -> None:
    bad = "{slot_solved: nobody}"
    text = hunt_text(
        f"{{id: p2, visible_if: {bad}, unlockable_if: {bad}, unlocked_if: {bad}}}",
        gates=(f"{{id: g, satisfied_if: {bad}}}",),
        interactions=(f"{{id: i, title: I, unlock_if: {bad}}}",),
        rounds=f"  - {{slug: second, title: S, unlock_if: [{bad}]}}",
    )
    assert sorted(problem.place for problem in load(write(tmp_path, text, PUZZLE)).errors) == [
        "rounds[0].gates[1].satisfied_if.slot_solved",
        "rounds[0].interactions[0].unlock_if.slot_solved",
        "rounds[0].puzzles[1].unlockable_if.slot_solved",
        "rounds[0].puzzles[1].unlocked_if.slot_solved",
        "rounds[0].puzzles[1].visible_if.slot_solved",
        "rounds[1].unlock_if[0].slot_solved",
    ]


def test_what_is_left_out_for_a_fault_of_its_own_can_be_referred_to(tmp_path: Path) -> None:
    text = hunt_text("{id: p 2, unlocked_if: []}", "{id: p3, slug: three, unlocked_if: {slot_solved: p 2}}")
    assert len(load(write(tmp_path, text, PUZZLE)).errors) == 1
