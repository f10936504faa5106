"""What is different between two versions of a hunt, in words."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from hunt.content.model import Hunt, HuntYaml, Puzzle, Round

_WORDS = {
    "html": "text",
    "assets": "files",
    "solution_html": "solution",
    "solution_assets": "files of the solution",
    "unlock_if": "condition",
    "puzzles": "slots",
    "canned_responses": "canned responses",
    "partial_answers": "partial answers",
    "answer_cost": "answer cost",
    "exchange_rate": "exchange rate",
    "is_stub": "",
}
"""What a field is called in a sentence, where that is not its name. Empty: what it says shows elsewhere."""


def changes(before: Hunt, after: Hunt) -> tuple[str, ...]:
    """A line for each thing that was added, removed or changed; files count by name."""
    return tuple(_changes(before, after))


def _changes(before: Hunt, after: Hunt) -> Iterator[str]:
    settings = _different(before, after, set(HuntYaml.__struct_fields__) - {"rounds"})
    if settings:
        yield f"hunt.yaml: {settings}"
    rounds, old_rounds = after.round, before.round
    yield from _of_kind("round", old_rounds, rounds, set(Round.__struct_fields__))
    if list(old_rounds) != list(rounds) and old_rounds.keys() == rounds.keys():
        yield "hunt.yaml: order of the rounds"
    yield from _of_kind("puzzle", before.puzzles, after.puzzles, set(Puzzle.__struct_fields__))
    yield from _of_kind("page", before.pages, after.pages, {"title", "html"})
    if before.theme != after.theme:
        yield "theme: files"


def _of_kind(kind: str, before: Mapping[str, Struct], after: Mapping[str, Struct], fields: set[str]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"{kind} {name}: removed"
        elif name not in before:
            yield f"{kind} {name}: added"
        elif before[name] != after[name]:
            yield f"{kind} {name}: {_different(before[name], after[name], fields)}"


def _different(before: Struct, after: Struct, fields: set[str]) -> str:
    """The fields that differ, in the order of the struct."""
    names = [
        name for name in before.__struct_fields__ if name in fields and getattr(before, name) != getattr(after, name)
    ]
    return ", ".join(filter(None, (_WORDS.get(name, name) for name in names)))
