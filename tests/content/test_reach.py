from pathlib import Path

from writing import PUZZLE, hunt_text, told, write

from hunt.content import load
from hunt.content.reach import MAX_DEAD_ENDS


def dead_ends(folder: Path, text: str) -> list[str]:
    loaded = load(write(folder, text, PUZZLE))
    return [problem.message.split(" is out of reach")[0] for problem in loaded.warnings if "reach" in problem.message]


def test_a_hunt_that_can_be_played_to_the_end_has_no_dead_ends(tmp_path: Path) -> None:
    text = hunt_text(
        "{id: p2, unlockable_if: {any_of: [{after: 2030-01-01T00:00:00Z}, {puzzles_solved: 9}]}}",
        "{id: m1, is_meta: true, unlocked_if: {puzzles_solved: 2}}",
        gates=("{id: g, satisfied_if: [{slot_solved: m1}, {slot_unlocked: p2}]}", "{id: by_hand}"),
        interactions=("{id: i, title: I, unlock_if: [{gate_satisfied: g}, {gate_satisfied: by_hand}]}",),
        rounds="  - {slug: second, title: S, unlock_if: {interaction_completed: i}}",
    )
    assert dead_ends(tmp_path, text) == []


def test_things_that_wait_for_each_other_are_told_once(tmp_path: Path) -> None:
    text = hunt_text(
        "{id: p2, unlocked_if: {slot_solved: p3}}",
        "{id: p3, unlocked_if: {slot_solved: p2}}",
        "{id: p4, unlocked_if: {slot_solved: p3}}",
    )
    assert dead_ends(tmp_path, text) == ["slot `p2`"]


def test_what_only_follows_from_a_dead_end_is_not_told(tmp_path: Path) -> None:
    text = hunt_text(
        gates=("{id: g, satisfied_if: {any_of: []}}",),
        rounds="""  - slug: second
    title: S
    unlock_if: {gate_satisfied: g}
    puzzles: [{id: q1, unlocked_if: {round_unlocked: second}}, {id: q2, unlocked_if: {puzzles_solved: 1}}]""",
    )
    assert dead_ends(tmp_path, text) == ["gate `g`"]


def test_what_is_an_error_already_is_no_dead_end(tmp_path: Path) -> None:
    text = hunt_text("{id: p2, unlocked_if: {slot_solved: nobody}}", "{id: p3, unlocked_if: {what: now}}")
    assert dead_ends(tmp_path, text) == []


def test_many_dead_ends_are_not_all_told(tmp_path: Path) -> None:
    slots = [f"{{id: q{number}, unlocked_if: {{any_of: []}}}}" for number in range(2000)]
    assert len(dead_ends(tmp_path, hunt_text(*slots))) == MAX_DEAD_ENDS


def test_a_slot_that_never_unlocks_by_itself_is_warned_of(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, hunt_text("{id: p2, visible_if: []}"), PUZZLE))
    assert told(loaded)[0] == (
        "hunt.yaml:8: warning: slot `p2` has neither `unlockable_if` nor `unlocked_if`: it never unlocks by itself"
    )
