"""Small hunt folders for the tests of `hunt.content`."""

from collections.abc import Mapping
from pathlib import Path

from hunt.content import Hunt, HuntUnreadable, Loaded, load

Files = Mapping[str, str | bytes]
"""Texts and bytes by the path of the file in the folder."""

P1 = "{id: p1, slug: one, unlocked_if: {round_unlocked: first}}"
STARTED = "{id: hunt_started}"


def hunt_text(
    *puzzles: str, head: str = "", gates: tuple[str, ...] = (), interactions: tuple[str, ...] = (), rounds: str = ""
) -> str:
    """A `hunt.yaml` with one round of one puzzle, `one`, and whatever else is given, an item a line."""
    parts = [("puzzles", (P1, *puzzles)), ("gates", (STARTED, *gates)), ("interactions", interactions)]
    items = [line for name, given in parts if given for line in (f"    {name}:", *(f"    - {item}" for item in given))]
    start = ["  - slug: first", "    title: The First", "    unlock_if: {gate_satisfied: hunt_started}"]
    return "\n".join(["title: A Hunt", *head.splitlines(), "rounds:", *start, *items, *rounds.splitlines()]) + "\n"


GOOD = hunt_text()
"""Nothing is wrong with it once its puzzle is written."""

PUZZLE: Files = {"puzzles/one/puzzle.yaml": "title: One\nanswer: YES\n", "puzzles/one/puzzle.md": "Say yes.\n"}


def write(folder: Path, hunt: str | None = GOOD, files: Files | None = None) -> Path:
    """Writes `hunt.yaml` and other files, and gives the folder."""
    texts = (files or {}) if hunt is None else {"hunt.yaml": hunt, **(files or {})}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def load_with(folder: Path, files: Files, hunt: str = GOOD) -> Loaded:
    """Loads the good hunt with the good puzzle, some files added or replaced."""
    return load(write(folder, hunt, {**PUZZLE, **files}))


def told(loaded: Loaded) -> list[str]:
    """Every problem as it is printed."""
    return [str(problem) for problem in loaded.problems]


def why_unreadable(folder: Path) -> list[str]:
    """What is said when there is no hunt in the folder."""
    try:
        load(folder)
    except HuntUnreadable as error:
        return [str(problem) for problem in error.problems]
    raise AssertionError("it could be read")


def good(loaded: Loaded) -> Hunt:
    """The hunt, which must have no problem."""
    assert told(loaded) == []
    return loaded.hunt
