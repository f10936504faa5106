"""Conditions as authors write them: one key, or a list of conditions that must all hold."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET
from yaml.nodes import MappingNode, Node, SequenceNode

from hunt.content import scalars
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
from hunt.content.yaml_file import Pair, Read, YamlFile
from hunt.content.yaml_nodes import described

NEVER = AnyOf(())
"""Stands, as this very object, for every condition that could not be read or is missing, which was reported."""

_SINGLE: dict[str, tuple[Callable[[Any], Condition], Read]] = {
    "slot_solved": (SlotSolved, scalars.name),
    "slot_unlocked": (SlotUnlocked, scalars.name),
    "interaction_completed": (InteractionCompleted, scalars.name),
    "gate_satisfied": (GateSatisfied, scalars.name),
    "round_unlocked": (RoundUnlocked, scalars.name),
    "after": (After, scalars.moment),
}
_COUNTS: dict[str, type[PuzzlesSolved | PuzzlesUnlocked]] = {
    "puzzles_solved": PuzzlesSolved,
    "puzzles_unlocked": PuzzlesUnlocked,
}
_KINDS = (*_SINGLE, *_COUNTS, "any_of")


def read_condition(file: YamlFile, node: Node, place: str) -> Condition:
    """The condition at a node, `NEVER` when it makes no sense."""
    if isinstance(node, SequenceNode):
        return _noted(file, node, place, AllOf(_several(file, node, place)))
    if not isinstance(node, MappingNode):
        message = f"must be a condition like {{slot_solved: some_id}} or a list of them, not {described(node)}"
        file.error(node, place, message)
        return NEVER
    pairs = file.mapping(node, place, (*_KINDS, "slots"))
    return NEVER if pairs is None else _one(file, node, place, pairs)


def _one(file: YamlFile, node: Node, place: str, pairs: dict[str, Pair]) -> Condition:
    slots = pairs.pop("slots", None)
    if not pairs and slots is None and node.value:
        return NEVER  # none of its keys is known, which was reported
    if len(pairs) != 1:
        file.error(node, place, "a condition has exactly one of the keys " + ", ".join(_KINDS))
        return NEVER
    [(key, pair)] = pairs.items()
    if slots is not None and key not in _COUNTS:
        file.error(slots.node, place, f"`slots` goes with `puzzles_solved` and `puzzles_unlocked`, not with `{key}`")
    place = f"{place}.{key}"
    if key == "any_of":
        return _any_of(file, pair.node, place)
    if key in _COUNTS:
        return _count(file, key, pair.node, slots, place)
    make, read = _SINGLE[key]
    value = read(file, pair.node, place)
    return NEVER if value is UNSET else _noted(file, pair.node, place, make(value))


def _any_of(file: YamlFile, node: Node, place: str) -> Condition:
    if isinstance(node, SequenceNode):
        return _noted(file, node, place, AnyOf(_several(file, node, place)))
    file.error(node, place, f"must be a list of conditions, not {described(node)}")
    return NEVER


def _count(file: YamlFile, key: str, node: Node, slots: Pair | None, place: str) -> Condition:
    number = scalars.whole_number(file, node, place)
    if number is UNSET:
        return NEVER
    if slots is None:
        return _noted(file, node, place, _COUNTS[key](number))
    if not isinstance(slots.node, SequenceNode):
        file.error(slots.node, f"{place}.slots", f"must be a list of slot ids, not {described(slots.node)}")
        return NEVER
    read = [scalars.name(file, item, f"{place}.slots[{index}]") for index, item in enumerate(slots.node.value)]
    condition = _COUNTS[key](number, tuple(name for name in read if name is not UNSET))
    return _noted(file, node, place, condition)


def _several(file: YamlFile, node: SequenceNode, place: str) -> tuple[Condition, ...]:
    return tuple(read_condition(file, item, f"{place}[{index}]") for index, item in enumerate(node.value))


def _noted(file: YamlFile, node: Node, place: str, condition: Condition) -> Condition:
    file.whereabouts.put(condition, file.where(node, place), {})
    return condition
