from datetime import UTC, datetime
from pathlib import Path

import pytest
from writing import GOOD, PUZZLE, Files, good, hunt_text, load_with, told, write

from hunt.content import load

HEAD = """subtitle: For a test
start: 2026-01-16T17:00:00Z
end: 2026-01-18T17:00:00+01:00
accent: "#b5572c"
registration: closed
solutions: released
exchange_rate: 3
"""


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


@pytest.mark.parametrize("accent", ["#fff", "teal", "rgb(1, 2, 3)", "hsl(120deg 50% 50%)", "oklch(0.6 0.1 40)"])
def test_any_usual_colour_is_an_accent(tmp_path: Path, accent: str) -> None:
    assert good(load_with(tmp_path, {}, hunt_text(head=f"accent: '{accent}'"))).accent == accent


def test_a_slot_that_never_unlocks_by_itself_is_warned_of(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, hunt_text("{id: p2, visible_if: []}"), PUZZLE))
    assert told(loaded)[0] == (
        "hunt.yaml:8: warning: slot `p2` has neither `unlockable_if` nor `unlocked_if`: it never unlocks by itself"
    )


def test_folders_that_nothing_uses_are_warned_of_with_the_nearest_slug(tmp_path: Path) -> None:
    files: Files = {
        "puzzles/oen/puzzle.yaml": "",
        "rounds/frist/round.md": "",
        "puzzles/README.md": "",
    }
    loaded = load(write(tmp_path, GOOD, files))
    assert told(loaded)[1:] == [
        "puzzles/oen: warning: no slot uses this folder; did you mean `one`?",
        "rounds/frist: warning: no round uses this folder; did you mean `first`?",
    ]


def test_a_folder_that_nearly_has_the_right_name_is_warned_of(tmp_path: Path) -> None:
    loaded = load_with(tmp_path, {"puzzels/x": "", "drafts/y": ""})
    assert told(loaded) == ["puzzels: warning: nothing reads this folder; did you mean `puzzles`?"]


def test_a_theme_is_a_folder(tmp_path: Path) -> None:
    assert told(load_with(tmp_path, {"theme": "x"})) == ["theme: error: `theme` must be a folder"]


def test_a_theme_folder_is_fine(tmp_path: Path) -> None:
    assert told(load_with(tmp_path, {"theme/style.css": ""})) == []
