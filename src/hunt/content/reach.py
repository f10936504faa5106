"""What a team can get to at all, if it solves whatever it can and operators satisfy every gate that waits for them.

Conditions are monotone, so to try everything until nothing new comes about gives the answer.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from hunt.content.condition_reader import NEVER
from hunt.content.model import (
    After,
    AllOf,
    AnyOf,
    Condition,
    GateSatisfied,
    HuntYaml,
    InteractionCompleted,
    PuzzlesSolved,
    PuzzlesUnlocked,
    RoundUnlocked,
    RoundYaml,
    SlotSolved,
    SlotUnlocked,
)
from hunt.content.problems import Report, quoted
from hunt.content.yaml_file import Whereabouts

MAX_DEAD_ENDS = 20
"""Dead ends that are reported; to look behind each costs another walk over the whole hunt."""


class Thing(NamedTuple):
    """Something that can come about: a round, slot, interaction or gate."""

    kind: str
    name: str


class Step(NamedTuple):
    """Any of the conditions, written in the round, lets the thing come about; `struct` and `field` say where."""

    thing: Thing
    conditions: tuple[Condition, ...]
    round: RoundYaml
    struct: Struct
    field: str


def check_reach(hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> None:
    """Warns of slots without a condition, and of what can never come about: once per cause, then taken as passed."""
    _check_slots(hunt, whereabouts, report)
    reach = Reach(hunt)
    for _ in range(MAX_DEAD_ENDS):
        step = reach.first_dead_end()
        if step is None:
            return
        message = f"{step.thing.kind} {quoted(step.thing.name)} is out of reach: nothing that a team can do leads to it"
        report.warning(whereabouts.of(step.struct, step.field), message)
        reach.passed(step.thing)


def _check_slots(hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> None:
    for slot in (slot for round_ in hunt.rounds for slot in round_.puzzles):
        if slot.unlockable_if is None and slot.unlocked_if is None:
            message = (
                f"slot {quoted(slot.id)} has neither `unlockable_if` nor `unlocked_if`: it never unlocks by itself"
            )
            report.warning(whereabouts.of(slot), message)


class Reach:
    """Everything in a hunt that can come about; `reached` has all of it."""

    def __init__(self, hunt: HuntYaml) -> None:
        steps = [step for round_ in hunt.rounds for step in _steps(round_)]
        self._all = {step.thing for step in steps}
        self.reached: set[Thing] = set()
        self._ahead = [step for step in steps if step.conditions]
        self._feeders = {
            round_.slug: [slot.id for slot in round_.puzzles if not slot.is_meta] for round_ in hunt.rounds
        }
        self.reached |= {step.thing for step in steps if not step.conditions}
        self._walk()

    def first_dead_end(self) -> Step | None:
        return next(iter(self._ahead), None)

    def passed(self, thing: Thing) -> None:
        """Takes something as come about, and goes on from there."""
        self.reached.add(thing)
        self._walk()

    def _walk(self) -> None:
        before = -1
        while before != len(self.reached):
            before = len(self.reached)
            for step in self._ahead:
                if any(self._holds(condition, step.round) for condition in step.conditions):
                    self.reached.add(step.thing)
            self._ahead = [step for step in self._ahead if step.thing not in self.reached]

    def _holds(self, condition: Condition, round_: RoundYaml) -> bool:
        match condition:
            case SlotSolved(id=name) | SlotUnlocked(id=name):
                return self._has("slot", name)
            case InteractionCompleted(id=name):
                return self._has("interaction", name)
            case GateSatisfied(id=name):
                return self._has("gate", name)
            case RoundUnlocked(slug=name):
                return self._has("round", name)
            case PuzzlesSolved(n=n, slots=slots) | PuzzlesUnlocked(n=n, slots=slots):
                return self._counts(n, self._feeders[round_.slug] if slots is None else slots)
            case After():
                return True
            case AllOf(conditions=inner):
                return all(self._holds(condition, round_) for condition in inner)
            case AnyOf(conditions=inner):
                return condition is NEVER or any(self._holds(condition, round_) for condition in inner)

    def _has(self, kind: str, name: str) -> bool:
        """Whether the thing came about; an unknown one counts, it is an error of its own already."""
        thing = Thing(kind, name)
        return thing in self.reached or thing not in self._all

    def _counts(self, n: int, slots: Iterable[str]) -> bool:
        names = list(slots)
        return n > len(names) or sum(self._has("slot", name) for name in names) >= n


def _steps(round_: RoundYaml) -> Iterator[Step]:
    yield Step(Thing("round", round_.slug), (round_.unlock_if,), round_, round_, "unlock_if")
    for item in round_.interactions:
        yield Step(Thing("interaction", item.id), (item.unlock_if,), round_, item, "unlock_if")
    for slot in round_.puzzles:
        yield Step(Thing("slot", slot.id), _given(slot.unlocked_if, slot.unlockable_if), round_, slot, "id")
    for gate in round_.gates:
        yield Step(Thing("gate", gate.id), _given(gate.satisfied_if), round_, gate, "satisfied_if")


def _given(*conditions: Condition | None) -> tuple[Condition, ...]:
    return tuple(condition for condition in conditions if condition is not None)
