"""What conditions refer to: every id must exist, and no count may ask for more than there is."""

from collections.abc import Mapping

from hunt.content.model import (
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
    all_conditions,
)
from hunt.content.problems import Report, quoted
from hunt.content.yaml_file import Whereabouts

_COUNT_KEYS = {PuzzlesSolved: "puzzles_solved", PuzzlesUnlocked: "puzzles_unlocked"}


def check_references(hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> None:
    """Reports every unknown id in a condition, and every count that can never be reached."""
    checker = _Checker(hunt, whereabouts, report)
    for condition, round_ in all_conditions(hunt):
        checker.check(condition, round_)


class _Checker:
    def __init__(self, hunt: HuntYaml, whereabouts: Whereabouts, report: Report) -> None:
        self._whereabouts = whereabouts
        self._report = report
        slots = [slot for round_ in hunt.rounds for slot in round_.puzzles]
        self._slots = {slot.id: slot.slug for slot in slots}
        self._slot_of_slug = {slot.slug: slot.id for slot in slots if slot.slug}
        self._known: dict[str, Mapping[str, object]] = {
            "slot": self._slots,
            "gate": {gate.id: None for round_ in hunt.rounds for gate in round_.gates},
            "interaction": {item.id: None for round_ in hunt.rounds for item in round_.interactions},
            "round": {round_.slug: None for round_ in hunt.rounds},
        }

    def check(self, condition: Condition, round_: RoundYaml) -> None:
        match condition:
            case SlotSolved(id=name):
                self._name("slot_solved", "slot", name, condition)
            case SlotUnlocked(id=name):
                self._name("slot_unlocked", "slot", name, condition)
            case GateSatisfied(id=name):
                self._name("gate_satisfied", "gate", name, condition)
            case InteractionCompleted(id=name):
                self._name("interaction_completed", "interaction", name, condition)
            case RoundUnlocked(slug=name):
                self._name("round_unlocked", "round", name, condition)
            case PuzzlesSolved() | PuzzlesUnlocked():
                self._count(condition, round_)

    def _name(self, key: str, kind: str, name: str, condition: Condition) -> None:
        if name not in self._known[kind]:
            named = "slug" if kind == "round" else "id"
            message = f"{quoted(f'{key}: {name}')}: no {kind} has this {named}{self._hint(kind, name)}"
            self._report.error(self._whereabouts.of(condition), message)

    def _count(self, condition: PuzzlesSolved | PuzzlesUnlocked, round_: RoundYaml) -> None:
        key = _COUNT_KEYS[type(condition)]
        for name in condition.slots or ():
            self._name("slots", "slot", name, condition)
        if condition.slots is None:
            have, which = sum(not slot.is_meta for slot in round_.puzzles), "non-metas are in this round"
        else:
            have, which = len(condition.slots), "slots are listed"
        if condition.n > have:
            message = f"{quoted(f'{key}: {condition.n}')} is never true: only {have} {which}"
            self._report.warning(self._whereabouts.of(condition), message)

    def _hint(self, kind: str, name: str) -> str:
        if kind == "slot" and name in self._slot_of_slug:
            return f", it is a puzzle's slug; did you mean its slot {quoted(self._slot_of_slug[name])}?"
        others = [other for other, known in self._known.items() if other != kind and name in known]
        if others:
            return f", but there is {'an' if others[0] == 'interaction' else 'a'} {others[0]} of that name"
        if kind != "slot":
            return self._report.did_you_mean(name, self._known[kind])
        near = self._report.nearest(name, [*self._slots, *self._slot_of_slug])
        return "" if near is None else f"; did you mean {self._spelt(near)}?"

    def _spelt(self, near: str) -> str:
        if near in self._slots:
            return quoted(near)
        return f"{quoted(self._slot_of_slug[near])}, the slot of {quoted(near)}"
