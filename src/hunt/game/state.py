"""A team's state and the one function that changes it.

Sets only grow and the first entry wins: what a team has reached it keeps, with the id and the time of the entry that
brought it. Puzzles and interactions are frozen, so a copy of a state is cheap and shares everything unchanged.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from hunt.content.model import Hunt, Link
from hunt.game import entries as e


class Mark(NamedTuple):
    """When something came about: the log id and the time (UTC) of its entry."""

    id: int
    at: datetime


class Guess(Struct, frozen=True, kw_only=True):
    """A guess as answered at the time; `id` and `at` are its entry's.

    `text` is what it can be judged by again: as typed where that has other spellings, else `canonical_input`.
    """

    id: int
    at: datetime
    canonical_input: str
    verdict: e.Verdict
    response: str
    link: Link | None = None
    typed: str = ""

    @property
    def text(self) -> str:
        return self.typed or self.canonical_input


class Hint(Struct, frozen=True, kw_only=True):
    """A question asked at headquarters and, once there is one, its answer."""

    id: int
    at: datetime
    question: str
    answer: str | None = None
    answered_at: datetime | None = None


class PuzzleState(Struct, frozen=True, kw_only=True):
    """What one team has reached on one puzzle. `wrong` holds the times of incorrect guesses since the last reset."""

    visible: Mark | None = None
    unlockable: Mark | None = None
    unlocked: Mark | None = None
    partially_solved: Mark | None = None
    solved: Mark | None = None
    answer: str | None = None
    stray: bool = False
    prize_earned: bool = False
    guesses: tuple[Guess, ...] = ()
    wrong: tuple[datetime, ...] = ()
    hints: tuple[Hint, ...] = ()
    hints_after_hours: int | None = None

    @property
    def seen(self) -> bool:
        """Whether the team may know that this puzzle exists."""
        return self.visible is not None or self.unlockable is not None or self.unlocked is not None

    def hints_open(self, now: datetime) -> bool:
        """Whether the team may ask at `now`: hints were opened, and the puzzle was unlocked long enough ago."""
        if self.hints_after_hours is None or self.unlocked is None:
            return False
        return now - self.unlocked.at >= timedelta(hours=self.hints_after_hours)

    @property
    def lock(self) -> "Lock":
        """`unlocked`, `unlockable` or `visible`; meaningful only where `seen`."""
        if self.unlocked is not None:
            return "unlocked"
        return "visible" if self.unlockable is None else "unlockable"


InteractionStep = Literal["unlocked", "running", "completed"]
Lock = Literal["visible", "unlockable", "unlocked"]


class InteractionState(Struct, frozen=True, kw_only=True):
    unlocked: Mark
    started: Mark | None = None
    completed: Mark | None = None
    result: str | None = None

    @property
    def state(self) -> InteractionStep:
        if self.completed is not None:
            return "completed"
        return "unlocked" if self.started is None else "running"


class TeamState(Struct, kw_only=True):
    """Everything that the log says about one team. `epoch` is the id of the last entry that touched it."""

    team_id: int | None
    username: str = ""
    name: str = ""
    registered: Mark | None = None
    active: bool = True
    epoch: int = 0
    currency: int = 0
    strong_currency: int = 0
    rounds: dict[str, Mark] = {}
    puzzles: dict[str, PuzzleState] = {}
    gates: dict[str, Mark] = {}
    interactions: dict[str, InteractionState] = {}

    def copy(self, team_id: int | None = None) -> "TeamState":
        """A state that can change without this one changing; of another team where `team_id` is given."""
        return msgspec.structs.replace(
            self,
            team_id=self.team_id if team_id is None else team_id,
            rounds=self.rounds.copy(),
            puzzles=self.puzzles.copy(),
            gates=self.gates.copy(),
            interactions=self.interactions.copy(),
        )

    def puzzle(self, slug: str) -> PuzzleState:
        return self.puzzles.get(slug, _UNSEEN)


_UNSEEN = PuzzleState()


def apply(hunt: Hunt, state: TeamState, entry: e.Entry) -> None:
    """Let `state` be as it is after `entry`, which is of this team or of all teams. Never fails on a stored entry."""
    state.epoch = entry.id
    state.currency += entry.currency_delta
    state.strong_currency += entry.strong_currency_delta
    event = e.event_of(entry)
    if isinstance(event, _PUZZLE_EVENTS):
        before = state.puzzle(event.slug)
        state.puzzles[event.slug] = _puzzle_after(hunt, state, before, event, entry)
    elif event is not None:
        _apply_elsewhere(state, event, Mark(entry.id, entry.timestamp))


_PuzzleEvent = (
    e.PuzzleVisible
    | e.PuzzleUnlockable
    | e.PuzzleUnlocked
    | e.GuessSubmitted
    | e.PuzzlePartiallySolved
    | e.PuzzleSolved
    | e.RateLimitsReset
    | e.HintsUnlocked
    | e.HintRequested
    | e.HintAnswered
    | e.PrizePaid
)
_PUZZLE_EVENTS = _PuzzleEvent.__args__


def _puzzle_after(
    hunt: Hunt, state: TeamState, before: PuzzleState, event: _PuzzleEvent, entry: e.Entry
) -> PuzzleState:
    mark = Mark(entry.id, entry.timestamp)
    change = msgspec.structs.replace
    match event:
        case e.GuessSubmitted():
            return _guessed(before, event, mark)
        case e.PuzzleVisible():
            return change(before, visible=before.visible or mark)
        case e.PuzzleUnlockable():
            return change(before, unlockable=before.unlockable or mark)
        case e.PuzzleUnlocked():
            return _unlocked(hunt, state, before, event.slug, mark)
        case e.PuzzlePartiallySolved():
            return change(
                before,
                partially_solved=before.partially_solved or mark,
                prize_earned=before.prize_earned or event.prize,
            )
        case e.PuzzleSolved():
            # A solve of all teams pays nobody by itself: some have earned the prize before, see `prizes_due`.
            unlocked = _unlocked(hunt, state, before, event.slug, mark)
            return change(
                unlocked,
                solved=before.solved or mark,
                answer=event.answer if before.answer is None else before.answer,
                prize_earned=before.prize_earned or entry.team_id is not None,
            )
        case e.PrizePaid():
            return change(before, prize_earned=True)
        case e.RateLimitsReset():
            return change(before, wrong=())
        case e.HintsUnlocked():
            return change(before, hints_after_hours=event.after_hours)
        case e.HintRequested():
            asked = Hint(id=mark.id, at=mark.at, question=event.question)
            return change(before, hints=(*before.hints, asked))
        case e.HintAnswered():
            return change(before, hints=tuple(_answered(hint, event, mark) for hint in before.hints))


def _guessed(before: PuzzleState, event: e.GuessSubmitted, mark: Mark) -> PuzzleState:
    guess = Guess(
        id=mark.id,
        at=mark.at,
        canonical_input=event.canonical_input,
        verdict=event.verdict,
        response=event.response,
        link=event.link,
        typed="" if event.typed.isascii() else event.typed,
    )
    wrong = (*before.wrong, mark.at) if event.verdict == "incorrect" else before.wrong
    return msgspec.structs.replace(before, guesses=(*before.guesses, guess), wrong=wrong)


def _unlocked(hunt: Hunt, state: TeamState, before: PuzzleState, slug: str, mark: Mark) -> PuzzleState:
    round_ = hunt.round_of.get(slug)
    stray = round_ is None or round_.slug not in state.rounds
    return msgspec.structs.replace(before, unlocked=before.unlocked or mark, stray=before.stray or stray)


def _answered(hint: Hint, event: e.HintAnswered, mark: Mark) -> Hint:
    if hint.id != event.request:
        return hint
    return msgspec.structs.replace(hint, answer=event.answer, answered_at=mark.at)


def _apply_elsewhere(state: TeamState, event: e.AnyEvent | e.PrizePaid, mark: Mark) -> None:
    match event:
        case e.RoundUnlocked():
            state.rounds.setdefault(event.slug, mark)
        case e.GateCompleted():
            state.gates.setdefault(event.slug, mark)
        case e.InteractionUnlocked() | e.InteractionStarted() | e.InteractionCompleted():
            before = state.interactions.get(event.slug) or InteractionState(unlocked=mark)
            state.interactions[event.slug] = _interaction_after(before, event, mark)
        case e.TeamRegistered():
            state.username, state.name, state.registered = event.username, event.name, mark
        case e.TeamRenamed():
            state.name, state.username = event.name, event.username or state.username
        case e.TeamDeactivated():
            state.active = False
        case e.TeamReactivated():
            state.active = True
        case _:  # says something to people, changes nothing that the rules ask about
            pass


def _interaction_after(before: InteractionState, event: e.AnyEvent, mark: Mark) -> InteractionState:
    match event:
        case e.InteractionStarted():
            return msgspec.structs.replace(before, started=before.started or mark)
        case e.InteractionCompleted() if before.completed is None:
            return msgspec.structs.replace(before, started=before.started or mark, completed=mark, result=event.result)
        case _:
            return before
