"""A hunt folder with one of everything, small enough to know by heart."""

from pathlib import Path
from typing import Any

import yaml

Mapping = dict[str, Any]

START = "hunt_started"

UNICODE_SLUGS = ("🔎🧊", "ಕಾಬವದೋೀ್", "_land")
"""Slugs of puzzles that are open from the start: not every hunt is written in ASCII."""

SECRETS = ("vault", "Vault", "attic", "Attic", "QUICKSILVER", "COBWEB", "under_the_stairs")
"""Names, titles and answers that nobody may see before `lantern` and `meta` are solved."""

ANSWERS = {"lantern": "LIGHTHOUSE", "mirror": "MOON", "ladder": "RUNG", "meta": "NIGHTFALL", "vault": "QUICKSILVER"}

CONTENT = {
    "lantern": "Look at the *lamp*.\n\n![A lamp](assets/lamp.svg)\n",
    "mirror": "Read it backwards.",
    "ladder": "Climb.",
    "meta": "Put it all together.",
    "vault": "Open the Vault.",
    "attic": "Cobwebs in the Attic.",
    "drifter": "Washed ashore.",
}

LAMP = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="3"/></svg>'


def write_small_hunt(folder: Path, **top: Any) -> Path:
    """Writes the hunt into the folder, made if need be, and gives the folder. `top` are keys of `hunt.yaml`.

    With `hunt_started`: `lantern` and `mirror` are unlocked, `ladder` costs a key, `meta` is visible. Solving `lantern`
    unlocks `meta`, lets `drifter` go astray and opens `tea` (by the team); `meta` opens the round `upstairs`.
    `parade` is an interaction that headquarters runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hunt = {"title": "The Small Hunt", "subtitle": "One of everything", "accent": "#2a6f97", **top, "rounds": _rounds()}
    _write(folder / "hunt.yaml", yaml.safe_dump(hunt, sort_keys=False, allow_unicode=True))
    for slug, text in CONTENT.items():
        _puzzle(folder, slug, text)
    for number, slug in enumerate(UNICODE_SLUGS):
        _write(folder / "puzzles" / slug / "puzzle.yaml", yaml.safe_dump({"title": f"Odd {number}", "answer": "ODD"}))
        _write(folder / "puzzles" / slug / "puzzle.md", "Odd.")
    _write(folder / "puzzles/lantern/assets/lamp.svg", LAMP)
    _write(folder / "puzzles/vault/assets/key.svg", LAMP)
    _write(folder / "puzzles/lantern/solution/index.md", "It was the *lighthouse* all along.\n\n![Beam](beam.svg)\n")
    _write(folder / "puzzles/lantern/solution/beam.svg", LAMP)
    _write(folder / "rounds/downstairs/art.svg", LAMP)
    _write(folder / "rounds/upstairs/art.svg", LAMP)
    _write(folder / "pages/rules.md", "# Rules\n\nBe kind.\n")
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _puzzle(folder: Path, slug: str, text: str) -> None:
    written: Mapping = {"title": slug.title(), "answer": ANSWERS.get(slug, "COBWEB"), "authors": ["Ada Example"]}
    if slug == "lantern":
        link = {"display": "the rules", "href": "/pages/rules"}
        written["canned_responses"] = [{"guess": "lamp", "response": "Nearly. What is it for?", "link": link}]
        written["partial_answers"] = [{"guess": "light", "response": "And where is it?"}]
        written["hints"] = [{"about": "Where to start", "text": "At the lamp."}]
        written["answer_cost"] = 1
    _write(folder / "puzzles" / slug / "puzzle.yaml", yaml.safe_dump(written, allow_unicode=True))
    _write(folder / "puzzles" / slug / "puzzle.md", text)


def _rounds() -> list[Mapping]:
    started = {"gate_satisfied": START}
    odd = [{"id": f"odd{n}", "slug": slug, "unlocked_if": started} for n, slug in enumerate(UNICODE_SLUGS)]
    downstairs: Mapping = {
        "slug": "downstairs",
        "title": "Downstairs",
        "blurb": "Where it begins.",
        "unlock_if": started,
        "puzzles": [
            {"id": "d1", "slug": "lantern", "unlocked_if": started},
            {"id": "d2", "slug": "mirror", "unlocked_if": started},
            {"id": "d3", "slug": "ladder", "unlockable_if": started},
            {"id": "dm", "slug": "meta", "is_meta": True, "visible_if": started, "unlocked_if": {"slot_solved": "d1"}},
            *odd,
        ],
        "gates": [{"id": START, "title": "The door is open"}],
        "interactions": [
            {"id": "tea", "title": "Tea", "by": "team", "unlock_if": {"slot_solved": "d1"}},
            {"id": "parade", "title": "The parade", "unlock_if": started},
        ],
    }
    upstairs: Mapping = {
        "slug": "upstairs",
        "title": "Attic floor",
        "unlock_if": {"slot_solved": "dm"},
        "puzzles": [
            {"id": "u1", "slug": "vault", "unlocked_if": {"round_unlocked": "upstairs"}},
            {"id": "u2", "slug": "attic", "unlockable_if": {"round_unlocked": "upstairs"}, "unlock_cost": 2},
            {"id": "u3", "slug": "drifter", "unlocked_if": {"slot_solved": "d1"}},
        ],
        "interactions": [
            {"id": "under_the_stairs", "title": "Under the stairs", "by": "team", "unlock_if": {"slot_solved": "u1"}}
        ],
    }
    return [downstairs, upstairs]
