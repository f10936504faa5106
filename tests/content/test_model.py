from pathlib import Path

from writing import hunt_text, load_with

from hunt.content.model import AnyOf, GateSatisfied, PuzzlesSolved, SlotSolved, all_conditions


def test_every_condition_comes_with_its_round_those_within_others_too(tmp_path: Path) -> None:
    inner = "{any_of: [{puzzles_solved: 1}, {slot_solved: p1}]}"
    text = hunt_text(rounds=f"  - {{slug: second, title: S, unlock_if: {inner}}}")
    found = [(condition, round_.slug) for condition, round_ in all_conditions(load_with(tmp_path, {}, text).hunt)]
    either = (PuzzlesSolved(1), SlotSolved("p1"))
    assert found[0] == (GateSatisfied("hunt_started"), "first")
    assert found[2:] == [(condition, "second") for condition in (AnyOf(either), *either)]
