"""What a state is entitled to and has not got yet."""

from datetime import datetime

from hunt.content.model import Hunt, Round, Slot
from hunt.game import entries as e
from hunt.game.conditions import Asker, Reached
from hunt.game.state import TeamState


def cascade(hunt: Hunt, state: TeamState, now: datetime) -> list[e.AnyEvent]:
    """The events that follow by themselves from `state` at `now`, in the order in which they are to be appended.

    Conditions are monotone, so it does not matter in which order they are asked: passes over the hunt in file order
    are repeated until one finds nothing new. Rounds come first in the result, so that a puzzle that opens together
    with its round is not stray.
    """
    search = _Search(hunt, state, now)
    while search.found_more():
        pass
    return search.events()


class _Search:
    def __init__(self, hunt: Hunt, state: TeamState, now: datetime) -> None:
        self.hunt = hunt
        self.reached = Reached.by(state)
        self.asker = Asker(hunt, self.reached, now)
        self.had_unlocked = frozenset(self.reached.unlocked)
        self.rounds: list[str] = []
        self.visible: list[str] = []
        self.unlockable: list[str] = []
        self.unlocked: list[str] = []
        self.interactions: list[str] = []
        self.gates: list[str] = []

    def found_more(self) -> bool:
        """Whether a pass over the whole hunt found something new."""
        before = self._size()
        for round_ in self.hunt.rounds:
            self._look_at(round_)
        return self._size() > before

    def events(self) -> list[e.AnyEvent]:
        reached = self.reached
        return [
            *(e.RoundUnlocked(slug) for slug in self.rounds),
            *(e.PuzzleVisible(slug) for slug in self.visible),
            *(e.PuzzleUnlockable(slug) for slug in self.unlockable if slug not in reached.unlocked),
            *(e.PuzzleUnlocked(slug) for slug in self.unlocked),
            *(e.InteractionUnlocked(id) for id in self.interactions),
            *(e.GateCompleted(id) for id in self.gates),
        ]

    def _size(self) -> int:
        found = (self.rounds, self.visible, self.unlockable, self.unlocked, self.interactions, self.gates)
        return sum(map(len, found))

    def _look_at(self, round_: Round) -> None:
        reached, holds = self.reached, self.asker.holds
        if round_.slug not in reached.rounds and holds(round_.unlock_if, round_):
            reached.rounds.add(round_.slug)
            self.rounds.append(round_.slug)
        for slot in round_.puzzles:
            if slot.slug not in self.had_unlocked:
                self._look_at_slot(slot, round_)
        for interaction in round_.interactions:
            if interaction.id not in reached.interactions and holds(interaction.unlock_if, round_):
                reached.interactions.add(interaction.id)
                self.interactions.append(interaction.id)
        for gate in round_.gates:
            if gate.id not in reached.gates and holds(gate.satisfied_if, round_):
                reached.gates.add(gate.id)
                self.gates.append(gate.id)

    def _look_at_slot(self, slot: Slot, round_: Round) -> None:
        reached, slug, holds = self.reached, slot.slug, self.asker.holds
        if slug not in reached.visible and holds(slot.visible_if, round_):
            reached.visible.add(slug)
            self.visible.append(slug)
        if slug not in reached.unlockable and holds(slot.unlockable_if, round_):
            reached.unlockable.add(slug)
            self.unlockable.append(slug)
        if slug not in reached.unlocked and holds(slot.unlocked_if, round_):
            reached.unlocked.add(slug)
            self.unlocked.append(slug)


def prizes_due(hunt: Hunt, state: TeamState) -> list[tuple[str, int]]:
    """The puzzles, with their keys, that were solved for all teams at once and not yet paid to this one."""
    return [
        (slug, slot.earns)
        for slug, puzzle in state.puzzles.items()
        if puzzle.solved and not puzzle.prize_earned and (slot := hunt.slot_of.get(slug)) and slot.earns
    ]
