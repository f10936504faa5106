"""Conditions as authors write them: one key, or a list of conditions that must all hold."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET
from yaml.nodes import MappingNode, Node, SequenceNode

from hunt.content import scalars
from hunt.content.mappings import Entry, read_mapping
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
from hunt.content.source import Read, Source

NEVER = AnyOf(())
"""Stands, as this very object, for every condition that could not be read or is missing, which was reported."""

_SINGLE: dict[str, tuple[Callable[[Any], Condition], Read]] = {
    "slot_solved": (SlotSolved, scalars.text),
    "slot_unlocked": (SlotUnlocked, scalars.text),
    "interaction_completed": (InteractionCompleted, scalars.text),
    "gate_satisfied": (GateSatisfied, scalars.text),
    "round_unlocked": (RoundUnlocked, scalars.text),
    "after": (After, scalars.moment),
}
_COUNTS: dict[str, type[PuzzlesSolved | PuzzlesUnlocked]] = {
    "puzzles_solved": PuzzlesSolved,
    "puzzles_unlocked": PuzzlesUnlocked,
}
_KINDS = (*_SINGLE, *_COUNTS, "any_of")


def read_condition(source: Source, node: Node, place: str) -> Condition:
    """The condition at a node, `NEVER` when it makes no sense."""
    if isinstance(node, SequenceNode):
        return _marked(source, node, place, AllOf(_several(source, node, place)))
    if not isinstance(node, MappingNode):
        message = f"must be a condition like {{slot_solved: some_id}} or a list of them, not {scalars.kind(node)}"
        source.error(node, place, message)
        return NEVER
    entries = read_mapping(source, node, place, (*_KINDS, "slots"))
    return NEVER if entries is None else _one(source, node, place, entries)


def _one(source: Source, node: Node, place: str, entries: dict[str, Entry]) -> Condition:
    slots = entries.pop("slots", None)
    if not entries and slots is None and node.value:
        return NEVER  # none of its keys is known, which was reported
    if len(entries) != 1:
        source.error(node, place, "a condition has exactly one of the keys " + ", ".join(_KINDS))
        return NEVER
    [(key, entry)] = entries.items()
    if slots is not None and key not in _COUNTS:
        source.error(slots.node, place, f"`slots` goes with `puzzles_solved` and `puzzles_unlocked`, not with `{key}`")
    place = f"{place}.{key}"
    if key == "any_of":
        return _any_of(source, entry.node, place)
    if key in _COUNTS:
        return _count(source, key, entry.node, slots, place)
    make, read = _SINGLE[key]
    value = read(source, entry.node, place)
    return NEVER if value is UNSET else _marked(source, entry.node, place, make(value))


def _any_of(source: Source, node: Node, place: str) -> Condition:
    if isinstance(node, SequenceNode):
        return _marked(source, node, place, AnyOf(_several(source, node, place)))
    source.error(node, place, f"must be a list of conditions, not {scalars.kind(node)}")
    return NEVER


def _count(source: Source, key: str, node: Node, slots: Entry | None, place: str) -> Condition:
    number = scalars.whole_number(source, node, place)
    if number is UNSET:
        return NEVER
    if slots is None:
        return _marked(source, node, place, _COUNTS[key](number))
    if not isinstance(slots.node, SequenceNode):
        source.error(slots.node, f"{place}.slots", f"must be a list of slot ids, not {scalars.kind(slots.node)}")
        return NEVER
    read = [scalars.text(source, item, f"{place}.slots[{index}]") for index, item in enumerate(slots.node.value)]
    condition = _COUNTS[key](number, tuple(name for name in read if name is not UNSET))
    return _marked(source, node, place, condition)


def _several(source: Source, node: SequenceNode, place: str) -> tuple[Condition, ...]:
    return tuple(read_condition(source, item, f"{place}[{index}]") for index, item in enumerate(node.value))


def _marked(source: Source, node: Node, place: str, condition: Condition) -> Condition:
    source.marks.put(condition, source.mark(node, place), {})
    return condition
