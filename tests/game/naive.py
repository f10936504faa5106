"""The rules a second time, slow and simple, written from the page that describes them and sharing no code with the first.

A team is a few sets; conditions are asked by going through everything; time stands for itself.
"""

from dataclasses import dataclass, field
from datetime import datetime

from hunt.content import model as c

KINDS = (
    "round_unlocked",
    "puzzle_visible",
    "puzzle_unlockable",
    "puzzle_unlocked",
    "interaction_unlocked",
    "gate_completed",
)
"""In the order in which a cascade appends them."""


@dataclass
class NaiveTeam:
    rounds: set[str] = field(default_factory=set)
    visible: set[str] = field(default_factory=set)
    unlockable: set[str] = field(default_factory=set)
    unlocked: set[str] = field(default_factory=set)
    solved: set[str] = field(default_factory=set)
    stray: set[str] = field(default_factory=set)
    interactions: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)
    gates: set[str] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    keys: int = 0

    @property
    def seen(self) -> set[str]:
        return self.visible | self.unlockable | self.unlocked


def slot_with(hunt: c.Hunt, id: str) -> c.Slot | None:
    for round_ in hunt.rounds:
        for slot in round_.puzzles:
            if slot.id == id:
                return slot
    return None


def round_with(hunt: c.Hunt, slug: str) -> c.Round:
    for round_ in hunt.rounds:
        for slot in round_.puzzles:
            if slot.slug == slug:
                return round_
    raise LookupError(slug)


def true(hunt: c.Hunt, team: NaiveTeam, now: datetime, round_: c.Round, condition: c.Condition | None) -> bool:
    """Whether the condition, which stands in `round_`, is true."""
    if condition is None:
        return False
    if isinstance(condition, c.AllOf):
        return [true(hunt, team, now, round_, part) for part in condition.conditions].count(False) == 0
    if isinstance(condition, c.AnyOf):
        return [true(hunt, team, now, round_, part) for part in condition.conditions].count(True) > 0
    if isinstance(condition, c.After):
        return not now < condition.at
    if isinstance(condition, c.PuzzlesSolved | c.PuzzlesUnlocked):
        return counted(hunt, team, round_, condition) >= condition.n
    if isinstance(condition, c.SlotSolved | c.SlotUnlocked):
        slot = slot_with(hunt, condition.id)
        return slot is not None and slot.slug in (team.solved if isinstance(condition, c.SlotSolved) else team.unlocked)
    if isinstance(condition, c.RoundUnlocked):
        return any(condition.slug == each.slug for each in hunt.rounds) and condition.slug in team.rounds
    if isinstance(condition, c.GateSatisfied):
        return (
            any(condition.id == gate.id for each in hunt.rounds for gate in each.gates) and condition.id in team.gates
        )
    known = any(condition.id == item.id for each in hunt.rounds for item in each.interactions)
    return known and condition.id in team.completed


def counted(hunt: c.Hunt, team: NaiveTeam, round_: c.Round, condition: c.PuzzlesSolved | c.PuzzlesUnlocked) -> int:
    reached = team.solved if isinstance(condition, c.PuzzlesSolved) else team.unlocked
    total = 0
    if condition.slots is None:
        for slot in round_.puzzles:
            if not slot.is_meta and slot.slug in reached:
                total += 1
        return total
    for id in condition.slots:
        found = slot_with(hunt, id)
        if found is not None and found.slug in reached:
            total += 1
    return total


def entitled(hunt: c.Hunt, team: NaiveTeam, now: datetime) -> set[tuple[str, str]]:
    """Everything whose condition is true in the state as it is, as (kind, name)."""
    found = set()
    for round_ in hunt.rounds:
        asked: list[tuple[str, str, c.Condition | None]] = [("round_unlocked", round_.slug, round_.unlock_if)]
        for slot in round_.puzzles:
            asked += [
                ("puzzle_visible", slot.slug, slot.visible_if),
                ("puzzle_unlockable", slot.slug, slot.unlockable_if),
                ("puzzle_unlocked", slot.slug, slot.unlocked_if),
            ]
        asked += [("interaction_unlocked", item.id, item.unlock_if) for item in round_.interactions]
        asked += [("gate_completed", gate.id, gate.satisfied_if) for gate in round_.gates]
        found |= {(kind, name) for kind, name, condition in asked if true(hunt, team, now, round_, condition)}
    return found


def sets_of(team: NaiveTeam) -> dict[str, set[str]]:
    return dict(
        zip(
            KINDS,
            (team.rounds, team.visible, team.unlockable, team.unlocked, team.interactions, team.gates),
            strict=True,
        )
    )


def cascade(hunt: c.Hunt, team: NaiveTeam, now: datetime) -> set[tuple[str, str]]:
    """Grow the team's sets until nothing changes; what has to be appended for it."""
    sets = sets_of(team)
    had = {kind: set(names) for kind, names in sets.items()}
    had_seen = team.seen
    while new := {(kind, name) for kind, name in entitled(hunt, team, now) if name not in sets[kind]}:
        for kind, name in new:
            sets[kind].add(name)
    appended = {(kind, name) for kind, names in sets.items() for name in names - had[kind]}
    team.stray |= {
        name for kind, name in appended if kind == "puzzle_unlocked" and round_with(hunt, name).slug not in team.rounds
    }
    # What a team sees already is not made visible, what it has is not made unlockable.
    return {
        (kind, name)
        for kind, name in appended
        if not (kind == "puzzle_visible" and name in had_seen)
        and not (kind == "puzzle_unlockable" and name in team.unlocked)
    }


def unlock(hunt: c.Hunt, team: NaiveTeam, slug: str) -> None:
    team.unlocked.add(slug)
    if round_with(hunt, slug).slug not in team.rounds:
        team.stray.add(slug)


def solve(hunt: c.Hunt, team: NaiveTeam, slug: str) -> None:
    unlock(hunt, team, slug)
    team.solved.add(slug)


def pay(hunt: c.Hunt, team: NaiveTeam, slug: str) -> None:
    """The prize, unless it was paid before."""
    (slot,) = [slot for round_ in hunt.rounds for slot in round_.puzzles if slot.slug == slug]
    if slug not in team.paid:
        team.keys += (0 if slot.is_meta else 1) if slot.prize is None else slot.prize
        team.paid.add(slug)
