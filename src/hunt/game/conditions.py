"""Whether a condition holds, given what a team has reached."""

from datetime import datetime

from msgspec import Struct

from hunt.content import model as c
from hunt.content.model import Condition, Hunt, Round
from hunt.game.state import TeamState


class Reached(Struct):
    """What a team has reached, as sets of slugs and ids. What is unlocked is in `unlockable`, that in `visible`."""

    rounds: set[str]
    visible: set[str]
    unlockable: set[str]
    unlocked: set[str]
    solved: set[str]
    interactions: set[str]
    completed: set[str]
    gates: set[str]

    @classmethod
    def by(cls, state: TeamState) -> "Reached":
        puzzles = state.puzzles.items()
        return cls(
            rounds=set(state.rounds),
            visible={slug for slug, puzzle in puzzles if puzzle.seen},
            unlockable={slug for slug, puzzle in puzzles if puzzle.unlockable or puzzle.unlocked},
            unlocked={slug for slug, puzzle in puzzles if puzzle.unlocked},
            solved={slug for slug, puzzle in puzzles if puzzle.solved},
            interactions=set(state.interactions),
            completed={id for id, interaction in state.interactions.items() if interaction.completed},
            gates=set(state.gates),
        )


class Asker:
    """Answers conditions of one hunt for one team at one moment; `reached` may grow while it is in use."""

    def __init__(self, hunt: Hunt, reached: Reached, now: datetime) -> None:
        self.hunt = hunt
        self.reached = reached
        self.now = now

    def holds(self, condition: Condition | None, round_: Round) -> bool:
        """Whether `condition`, written in `round_`, is true; None and ids that do not exist never are."""
        reached = self.reached
        match condition:
            case None:
                return False
            case c.AllOf(conditions):
                return all(self.holds(part, round_) for part in conditions)
            case c.AnyOf(conditions):
                return any(self.holds(part, round_) for part in conditions)
            case c.PuzzlesSolved(n, slots):
                return self._count(reached.solved, slots, round_) >= n
            case c.PuzzlesUnlocked(n, slots):
                return self._count(reached.unlocked, slots, round_) >= n
            case c.SlotSolved(id):
                return self._slug(id) in reached.solved
            case c.SlotUnlocked(id):
                return self._slug(id) in reached.unlocked
            case c.GateSatisfied(id):
                return id in self.hunt.gates and id in reached.gates
            case c.InteractionCompleted(id):
                return id in self.hunt.interactions and id in reached.completed
            case c.RoundUnlocked(slug):
                return slug in self.hunt.round and slug in reached.rounds
            case c.After(at):
                return self.now >= at

    def _count(self, those: set[str], slots: tuple[str, ...] | None, round_: Round) -> int:
        if slots is None:
            return sum(slot.slug in those for slot in round_.puzzles if not slot.is_meta)
        return sum(self._slug(id) in those for id in slots)

    def _slug(self, slot_id: str) -> str | None:
        slot = self.hunt.slots.get(slot_id)
        return None if slot is None else slot.slug


def moments(hunt: Hunt) -> list[datetime]:
    """Every time (UTC, ascending) at which some condition of the hunt may become true by itself."""
    return sorted({condition.at for condition, _ in c.all_conditions(hunt) if isinstance(condition, c.After)})
