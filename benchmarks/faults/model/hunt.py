"""The hunt that is played: two rounds, enough canned answers that every guess of a run is another one."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from hunt.content import Hunt, load

STARTED = "started"
CANNED = 400
"""Guesses of a puzzle that are answered and cost nothing; a wrong one would make the team wait."""

OPEN = ("lantern", "mirror")
PUZZLES = (*OPEN, "ladder", "vault")
ANSWER = "ANSWER"


def canned(number: int) -> str:
    """The guess of this number, as it stands in the log."""
    return "CANNED" + "".join(chr(65 + int(digit)) for digit in str(number))


def hunt_yaml() -> dict[str, Any]:
    """`hunt.yaml` as a program reads it."""
    started = {"gate_satisfied": STARTED}
    return {
        "title": "The Modelled Hunt",
        "rounds": [
            {
                "slug": "downstairs",
                "title": "Downstairs",
                "unlock_if": started,
                "gates": [{"id": STARTED, "title": "It has begun"}],
                "puzzles": [
                    {"id": "d1", "slug": "lantern", "unlocked_if": started},
                    {"id": "d2", "slug": "mirror", "unlocked_if": started},
                    {"id": "d3", "slug": "ladder", "unlockable_if": started},
                ],
            },
            {
                "slug": "upstairs",
                "title": "Upstairs",
                "unlock_if": {"slot_solved": "d1"},
                "puzzles": [{"id": "u1", "slug": "vault", "unlocked_if": {"slot_solved": "d1"}}],
            },
        ],
    }


@cache
def hunt() -> Hunt:
    """The same as the server reads it from a folder."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "hunt.yaml").write_text(yaml.safe_dump(hunt_yaml()))
        responses = [{"guess": canned(number), "response": "Keep going."} for number in range(CANNED)]
        for slug in PUZZLES:
            (root / "puzzles" / slug).mkdir(parents=True)
            puzzle = {"title": slug.title(), "answer": ANSWER, "canned_responses": responses}
            (root / "puzzles" / slug / "puzzle.yaml").write_text(yaml.safe_dump(puzzle))
            (root / "puzzles" / slug / "puzzle.md").write_text("Look.")
        return load(root).hunt
