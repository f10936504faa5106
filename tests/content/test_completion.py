"""Settings that make sense, ids and slugs that are given once and can stand in an address."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from writing import PUZZLE, good, hunt_text, load_with, told, write

from hunt.content import Loaded, load
from hunt.content.condition_reader import NEVER

HEAD = """subtitle: For a test
start: 2026-01-16T17:00:00Z
end: 2026-01-18T17:00:00+01:00
accent: "#b5572c"
registration: closed
solutions: released
exchange_rate: 3
"""


def loaded_from(folder: Path, text: str) -> tuple[Loaded, list[str]]:
    loaded = load(write(folder, text, PUZZLE))
    return loaded, [str(problem) for problem in loaded.errors]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            hunt_text("{id: p1, slug: two, unlocked_if: []}"),
            "the slot `p1` is given in line 7 already (rounds[0].puzzles[0].id)",
        ),
        (
            hunt_text("{id: p2, slug: one, unlocked_if: []}"),
            "the puzzle slug `one` is given in line 7 already (rounds[0].puzzles[0].slug)",
        ),
        (
            hunt_text(gates=("{id: hunt_started}",)),
            "the gate `hunt_started` is given in line 9 already (rounds[0].gates[0].id)",
        ),
        (
            hunt_text(interactions=("{id: i, title: I, unlock_if: []}",) * 2),
            "the interaction `i` is given in line 11 already (rounds[0].interactions[0].id)",
        ),
        (
            hunt_text(rounds="  - {slug: first, title: Again, unlock_if: []}"),
            "the round `first` is given in line 3 already (rounds[0].slug)",
        ),
        (hunt_text("{id: p/2, unlocked_if: []}"), "the slot `p/2` holds `/`, which cannot stand in an address"),
        (
            hunt_text("{id: p2, slug: a b, unlocked_if: []}"),
            "the puzzle slug `a b` holds a space, which cannot stand in an address",
        ),
        (hunt_text("{id: p2, slug: .x, unlocked_if: []}"), "the puzzle slug `.x` begins with a dot"),
        (hunt_text(gates=("{id: a?b}",)), "the gate `a?b` holds `?`, which cannot stand in an address"),
        (
            hunt_text(rounds="  - {slug: stray_leads, title: S, unlock_if: []}"),
            "no round may have the slug `stray_leads`: locked rounds' puzzles have it",
        ),
        (hunt_text(rounds="  - {title: S, unlock_if: []}"), "`slug` is missing"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_error(tmp_path: Path, text: str, problem: str) -> None:
    _, [told_error] = loaded_from(tmp_path, text)
    assert told_error.endswith(f"error: {problem}")


def test_of_two_things_with_one_id_the_first_stays(tmp_path: Path) -> None:
    text = hunt_text(
        "{id: p1, slug: two, unlocked_if: []}",
        gates=("{id: g, title: A}", "{id: g, title: B}"),
        interactions=("{id: i, title: A, unlock_if: []}", "{id: i, title: B, unlock_if: []}"),
        rounds="  - {slug: first, title: Again, unlock_if: []}",
    )
    hunt = loaded_from(tmp_path, text)[0].hunt
    assert [round_.title for round_ in hunt.rounds] == ["The First"]
    assert [slot.slug for slot in hunt.rounds[0].puzzles] == ["one"]
    assert [gate.title for gate in hunt.rounds[0].gates] == [None, "A"]
    assert [item.title for item in hunt.rounds[0].interactions] == ["A"]


def test_a_slot_whose_slug_is_taken_is_a_stub_by_its_id(tmp_path: Path) -> None:
    hunt = loaded_from(tmp_path, hunt_text("{id: p2, slug: one, unlocked_if: []}"))[0].hunt
    assert [slot.slug for slot in hunt.rounds[0].puzzles] == ["one", "p2"]
    assert hunt.puzzles["p2"].is_stub
    assert list(hunt.puzzles) == ["one", "p2"]


def test_a_slot_whose_id_is_another_ones_slug_is_left_out(tmp_path: Path) -> None:
    loaded, [_problem] = loaded_from(tmp_path, hunt_text("{id: one, unlocked_if: []}"))
    assert [slot.id for slot in loaded.hunt.rounds[0].puzzles] == ["p1"]


def test_a_missing_unlock_condition_is_an_error_and_never_true(tmp_path: Path) -> None:
    text = hunt_text(interactions=("{id: i, title: I}",), rounds="  - {slug: second, title: S}")
    loaded, problems = loaded_from(tmp_path, text)
    assert problems == ["hunt.yaml:11: error: `unlock_if` is missing", "hunt.yaml:12: error: `unlock_if` is missing"]
    assert loaded.hunt.round["second"].unlock_if is NEVER
    assert loaded.hunt.interactions["i"].unlock_if is NEVER


def test_missing_titles_are_made_from_names(tmp_path: Path) -> None:
    text = hunt_text(interactions=("{id: meet_us, unlock_if: []}",), rounds="  - {slug: the_second, unlock_if: []}")
    hunt = loaded_from(tmp_path, text)[0].hunt
    assert hunt.round["the_second"].title == "The Second"
    assert hunt.interactions["meet_us"].title == "Meet Us"


def test_ids_that_yaml_takes_for_numbers_are_texts(tmp_path: Path) -> None:
    text = hunt_text("{id: 007, slug: 1e3, unlocked_if: {slot_solved: 007}}")
    loaded, problems = loaded_from(tmp_path, text)
    assert problems == []
    assert [(slot.id, slot.slug) for slot in loaded.hunt.rounds[0].puzzles][1] == ("007", "1e3")


def test_the_head_of_a_hunt_is_read(tmp_path: Path) -> None:
    hunt = good(load_with(tmp_path, {}, hunt_text(head=HEAD)))
    assert (hunt.title, hunt.subtitle, hunt.accent) == ("A Hunt", "For a test", "#b5572c")
    assert hunt.start == datetime(2026, 1, 16, 17, tzinfo=UTC)
    assert hunt.end == datetime(2026, 1, 18, 16, tzinfo=UTC)
    assert (hunt.registration, hunt.solutions, hunt.exchange_rate) == ("closed", "released", 3)


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("start: 2026-01-02T00:00:00Z\nend: 2026-01-01T00:00:00Z", "3: error: the hunt ends before it starts"),
        ("exchange_rate: 0", "2: error: must be at least 1"),
        (
            "accent: 'red; background: url(x)'",
            '2: error: must be a colour like "#b5572c", not `red; background: url(x)`',
        ),
        ("accent: #ff0000", "2: warning: `accent` has no value (one that begins with # needs quotes)"),
        ("registration: opne", "2: error: must be `open` or `closed`, not `opne`; did you mean `open`?"),
        ("solutions: yes", "2: error: must be `released` or `hidden`, not `yes`"),
        (
            "start: 2026-01-02 12:00:00",
            "2: warning: `2026-01-02 12:00:00` has no time zone and is taken as UTC; write Z or +01:00 behind it",
        ),
        ("tilte: A", "2: error: unknown key `tilte`; did you mean `title`?"),
    ],
)
def test_a_fault_in_the_head_is_told_and_the_hunt_goes_on(tmp_path: Path, head: str, problem: str) -> None:
    loaded = load_with(tmp_path, {}, hunt_text(head=head))
    assert told(loaded) == [f"hunt.yaml:{problem}"]
    assert (loaded.hunt.exchange_rate, loaded.hunt.accent, loaded.hunt.registration) == (1, None, "open")


@pytest.mark.parametrize("accent", ["#a33", "teal", "rgb(160, 80, 40)", "hsl(120deg 50% 50%)", "oklch(0.6 0.1 40)"])
def test_any_usual_colour_is_an_accent(tmp_path: Path, accent: str) -> None:
    assert good(load_with(tmp_path, {}, hunt_text(head=f"accent: '{accent}'"))).accent == accent
