"""What a state is entitled to and has not got yet."""

from collections.abc import Iterable
from datetime import datetime

from hunt.content.model import Hunt, Round, Slot
from hunt.game import entries as e
from hunt.game.board import Ahead
from hunt.game.conditions import Asker, Reached
from hunt.game.state import TeamState

APPEND_ORDER = (
    e.RoundUnlocked,
    e.PuzzleVisible,
    e.PuzzleUnlockable,
    e.PuzzleUnlocked,
    e.InteractionUnlocked,
    e.GateCompleted,
)


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
    """Passes over a hunt; `found` holds what they found, in the order of finding."""

    def __init__(self, hunt: Hunt, state: TeamState, now: datetime) -> None:
        self.hunt = hunt
        self.reached = Reached.by(state)
        self.asker = Asker(hunt, self.reached, now)
        self.had_unlocked = frozenset(self.reached.unlocked)
        self.found: list[e.AnyEvent] = []

    def found_more(self) -> bool:
        """Whether a pass over the whole hunt found something new."""
        before = len(self.found)
        for round_ in self.hunt.rounds:
            self._look_at(round_)
        return len(self.found) > before

    def events(self) -> list[e.AnyEvent]:
        """What was found, in the order in which it is appended; what is unlocked need not become unlockable."""
        unlocked = self.reached.unlocked
        needed = [each for each in self.found if not isinstance(each, e.PuzzleUnlockable) or each.slug not in unlocked]
        return sorted(needed, key=lambda event: APPEND_ORDER.index(type(event)))

    def _look_at(self, round_: Round) -> None:
        reached, holds = self.reached, self.asker.holds
        if round_.slug not in reached.rounds and holds(round_.unlock_if, round_):
            reached.rounds.add(round_.slug)
            self.found.append(e.RoundUnlocked(round_.slug))
        for slot in round_.puzzles:
            if slot.slug not in self.had_unlocked:
                self._look_at_slot(slot, round_)
        for interaction in round_.interactions:
            if interaction.id not in reached.interactions and holds(interaction.unlock_if, round_):
                reached.interactions.add(interaction.id)
                self.found.append(e.InteractionUnlocked(interaction.id))
        for gate in round_.gates:
            if gate.id not in reached.gates and holds(gate.satisfied_if, round_):
                reached.gates.add(gate.id)
                self.found.append(e.GateCompleted(gate.id))

    def _look_at_slot(self, slot: Slot, round_: Round) -> None:
        reached, slug, holds = self.reached, slot.slug, self.asker.holds
        if slug not in reached.visible and holds(slot.visible_if, round_):
            reached.visible.add(slug)
            self.found.append(e.PuzzleVisible(slug))
        if slug not in reached.unlockable and holds(slot.unlockable_if, round_):
            reached.unlockable.add(slug)
            self.found.append(e.PuzzleUnlockable(slug))
        if slug not in reached.unlocked and holds(slot.unlocked_if, round_):
            reached.unlocked.add(slug)
            self.found.append(e.PuzzleUnlocked(slug))


def follow(ahead: Ahead, team_ids: Iterable[int]) -> None:
    """Append what these teams, which exist, are entitled to in the state that `ahead` has reached."""
    for team_id in team_ids:
        state = ahead.team(team_id)
        if state is None:
            raise AssertionError(f"team {team_id} was found before")
        for slug, keys in prizes_due(ahead.hunt, state):
            ahead.append(e.Draft(team_id=team_id, event=e.PrizePaid(slug), currency_delta=keys))
        for event in cascade(ahead.hunt, state, ahead.now):
            ahead.append(e.Draft(team_id=team_id, event=event))


def prizes_due(hunt: Hunt, state: TeamState) -> list[tuple[str, int]]:
    """The puzzles, with their keys, that were solved for all teams at once and not yet paid to this one."""
    return [
        (slug, slot.earns)
        for slug, puzzle in state.puzzles.items()
        if puzzle.solved and not puzzle.prize_earned and (slot := hunt.slot_of.get(slug)) and slot.earns
    ]
