"""What comes of a command. Pure: the state is the `Ahead` that is passed in, time is its `now`.

Every handler first finds out whether the command can be done and raises a `Refused` if not, then appends. So a refusal
never leaves half a command behind.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import singledispatch
from typing import Any, TypeVar

from hunt.content import canonical
from hunt.content.model import Puzzle, Slot
from hunt.game import commands as cmd
from hunt.game import entries as e
from hunt.game.board import Ahead
from hunt.game.cascade import cascade, prizes_due
from hunt.game.guesses import cleaned, earlier, earns_prize, is_text, judged, next_guess_at, seconds_until
from hunt.game.refusals import Conflict, Forbidden, Invalid, MustWait, NotFound
from hunt.game.state import InteractionState, PuzzleState, TeamState

InternalData = dict[str, Any] | None
T = TypeVar("T")

MAX_QUESTION_LENGTH = 2_000
MAX_RESULT_LENGTH = 1_000


@singledispatch
def decide(command: cmd.Command, _ahead: Ahead, _internal_data: InternalData = None) -> cmd.GuessAnswer | None:
    """Append to the `Ahead` whatever `command` brings about, the cascade included; a guess is answered.

    Raises a `Refused` when the command cannot be done; nothing is appended then.
    """
    raise TypeError(f"no rule for {type(command).__name__}")


def follow(ahead: Ahead, team_ids: Iterable[int]) -> None:
    """Append what these teams are entitled to in the state that `ahead` has reached."""
    for team_id in team_ids:
        state = _team(ahead, team_id)
        for slug, keys in prizes_due(ahead.hunt, state):
            ahead.append(e.Draft(team_id=team_id, event=e.PrizePaid(slug), currency_delta=keys))
        for event in cascade(ahead.hunt, state, ahead.now):
            ahead.append(e.Draft(team_id=team_id, event=event))


# --- what teams do


@decide.register
def _(command: cmd.SubmitGuess, ahead: Ahead, _internal_data: InternalData = None) -> cmd.GuessAnswer:
    team_id, slug = command.team_id, command.slug
    state = _active_team(ahead, team_id)
    puzzle, before = _unlocked_puzzle(ahead, state, slug)
    canonical_input = cleaned(command.text)
    if repeated := _repetition(puzzle, before, canonical_input):
        return repeated
    if before.solved:
        raise Conflict("already_solved", f"This puzzle is solved; the answer is {before.answer}.")
    allowed_at = next_guess_at(before)
    if allowed_at is not None and ahead.now < allowed_at:
        raise MustWait(allowed_at, seconds_until(allowed_at, ahead.now))
    verdict = judged(puzzle, canonical_input)
    entry = ahead.append(e.Draft(team_id=team_id, event=verdict))
    if verdict.verdict == "correct":
        _append_solve(ahead, team_id, puzzle)
        follow(ahead, [team_id])
    elif verdict.verdict == "partial":
        _append_partial(ahead, team_id, puzzle, canonical_input)
        follow(ahead, [team_id])
    return _answer(entry.id, verdict)


def _repetition(puzzle: Puzzle, before: PuzzleState, canonical_input: str) -> cmd.GuessAnswer | None:
    if guess := earlier(before, canonical_input):
        said = e.GuessSubmitted(puzzle.slug, canonical_input, guess.verdict, guess.response, guess.link)
        return _answer(guess.id, said, duplicate=True)
    if before.solved and canonical_input in {canonical(text) for text in (before.answer or "", *puzzle.answers)}:
        said = e.GuessSubmitted(puzzle.slug, canonical_input, "correct", "Correct!")
        return _answer(before.solved.id, said, duplicate=True)
    return None


def guess_answer(entry: e.Entry) -> cmd.GuessAnswer | None:
    """The reply that was given to a guess when `entry` was written; None for any other entry."""
    event = e.event_of(entry)
    return _answer(entry.id, event) if isinstance(event, e.GuessSubmitted) else None


def _answer(id: int, said: e.GuessSubmitted, *, duplicate: bool = False) -> cmd.GuessAnswer:
    return cmd.GuessAnswer(
        id=id,
        canonical_input=said.canonical_input,
        verdict=said.verdict,
        response=said.response,
        link=said.link,
        duplicate=duplicate,
    )


def _append_solve(ahead: Ahead, team_id: int, puzzle: Puzzle, internal_data: InternalData = None) -> None:
    state = _team(ahead, team_id)
    keys = 0 if state.puzzle(puzzle.slug).prize_earned else ahead.hunt.slot_of[puzzle.slug].earns
    event = e.PuzzleSolved(puzzle.slug, puzzle.answers[0])
    ahead.append(e.Draft(team_id=team_id, event=event, currency_delta=keys), internal_data)


def _append_partial(ahead: Ahead, team_id: int, puzzle: Puzzle, canonical_input: str) -> None:
    before = _team(ahead, team_id).puzzle(puzzle.slug)
    pays = earns_prize(puzzle, canonical_input) and not before.prize_earned
    if pays or not before.partially_solved:
        event = e.PuzzlePartiallySolved(puzzle.slug, prize=pays)
        keys = ahead.hunt.slot_of[puzzle.slug].earns if pays else 0
        ahead.append(e.Draft(team_id=team_id, event=event, currency_delta=keys))


@decide.register
def _(command: cmd.UnlockPuzzle, ahead: Ahead, _internal_data: InternalData = None) -> None:
    state = _active_team(ahead, command.team_id)
    slot, _, before = _seen_puzzle(ahead, state, command.slug)
    if before.unlocked:
        raise Conflict("already_unlocked", "This puzzle is unlocked already.")
    if not before.unlockable:
        raise Conflict("not_for_sale", "This puzzle cannot be unlocked with keys yet.")
    if state.currency < slot.unlock_cost:
        raise Conflict(
            "insufficient_currency",
            f"Unlocking this puzzle takes {_count(slot.unlock_cost, 'key')}; you have {state.currency}.",
        )
    event = e.PuzzleUnlocked(command.slug)
    ahead.append(e.Draft(team_id=command.team_id, event=event, currency_delta=-slot.unlock_cost))
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.BuyAnswer, ahead: Ahead, _internal_data: InternalData = None) -> None:
    state = _active_team(ahead, command.team_id)
    puzzle, before = _unlocked_puzzle(ahead, state, command.slug)
    if before.solved:
        raise Conflict("already_solved", f"This puzzle is solved; the answer is {before.answer}.")
    if puzzle.answer_cost is None:
        raise Conflict("not_for_sale", "The answer of this puzzle is not for sale.")
    if state.strong_currency < puzzle.answer_cost:
        raise Conflict(
            "insufficient_currency",
            f"This answer costs {_count(puzzle.answer_cost, 'clue')}; you have {state.strong_currency}.",
        )
    event = e.AnswerBought(command.slug, puzzle.answers[0])
    ahead.append(e.Draft(team_id=command.team_id, event=event, strong_currency_delta=-puzzle.answer_cost))
    _append_solve(ahead, command.team_id, puzzle)
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.ExchangeCurrency, ahead: Ahead, _internal_data: InternalData = None) -> None:
    state = _active_team(ahead, command.team_id)
    if state.strong_currency < 1:
        raise Conflict("insufficient_currency", "You have no clue to exchange for keys.")
    ahead.append(
        e.Draft(
            team_id=command.team_id,
            event=e.StrongCurrencyExchanged(),
            currency_delta=ahead.hunt.exchange_rate,
            strong_currency_delta=-1,
        )
    )
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.StartInteraction, ahead: Ahead, _internal_data: InternalData = None) -> None:
    before = _own_interaction(ahead, command.team_id, command.id)
    if before.started:
        raise Conflict("already_started", "This interaction has been started already.")
    ahead.append(e.Draft(team_id=command.team_id, event=e.InteractionStarted(command.id)))
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.CompleteInteraction, ahead: Ahead, _internal_data: InternalData = None) -> None:
    before = _own_interaction(ahead, command.team_id, command.id)
    if before.completed:
        raise Conflict("already_completed", "This interaction is complete already.")
    _check_text(command.result or "", "result", MAX_RESULT_LENGTH)
    event = e.InteractionCompleted(command.id, command.result)
    ahead.append(e.Draft(team_id=command.team_id, event=event))
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.RequestHint, ahead: Ahead, _internal_data: InternalData = None) -> None:
    state = _active_team(ahead, command.team_id)
    _, before = _unlocked_puzzle(ahead, state, command.slug)
    if before.solved:
        raise Conflict("already_solved", f"This puzzle is solved; the answer is {before.answer}.")
    if not hints_open(before, ahead.now):
        raise Conflict("hints_closed", "Hints for this puzzle cannot be asked for yet.")
    if any(hint.answer is None for hint in before.hints):
        raise Conflict("hint_outstanding", "Your last question about this puzzle is not answered yet.")
    if not command.question.strip():
        raise Invalid("empty_question", "Write what you have done so far and where you are stuck.")
    _check_text(command.question, "question", MAX_QUESTION_LENGTH)
    event = e.HintRequested(command.slug, command.question.strip())
    ahead.append(e.Draft(team_id=command.team_id, event=event))


def hints_open(puzzle: PuzzleState, now: datetime) -> bool:
    """Whether the team may ask about this puzzle at `now`: hints were opened, and it was unlocked long enough ago."""
    if puzzle.hints_after_hours is None or puzzle.unlocked is None:
        return False
    return (now - puzzle.unlocked.at).total_seconds() >= puzzle.hints_after_hours * 3600


@decide.register
def _(command: cmd.RegisterTeam, ahead: Ahead, internal_data: InternalData = None) -> None:
    event = e.TeamRegistered(command.username, command.name)
    ahead.append(e.Draft(team_id=command.team_id, event=event), internal_data)
    follow(ahead, [command.team_id])


@decide.register
def _(command: cmd.RenameTeam, ahead: Ahead, internal_data: InternalData = None) -> None:
    if _team(ahead, command.team_id).name != command.name:
        ahead.append(e.Draft(team_id=command.team_id, event=e.TeamRenamed(command.name)), internal_data)


@decide.register
def _(command: cmd.SetTeamActive, ahead: Ahead, internal_data: InternalData = None) -> None:
    if _team(ahead, command.team_id).active != command.active:
        event = e.TeamReactivated() if command.active else e.TeamDeactivated()
        ahead.append(e.Draft(team_id=command.team_id, event=event), internal_data)


# --- what headquarters does


@decide.register
def _(command: cmd.SatisfyGate, ahead: Ahead, internal_data: InternalData = None) -> None:
    _known(command.id, ahead.hunt.gates, "gate")
    event = e.GateCompleted(command.id)
    _act(ahead, command, internal_data, lambda state: None if command.id in state.gates else (event, 0, 0))


@decide.register
def _(command: cmd.Grant, ahead: Ahead, internal_data: InternalData = None) -> None:
    event = e.StrongCurrencyAdjusted() if command.clues else e.CurrencyAdjusted()
    _act(ahead, command, internal_data, lambda _: (event, command.keys, command.clues))


@decide.register
def _(command: cmd.OpenPuzzle, ahead: Ahead, internal_data: InternalData = None) -> None:
    _known(command.slug, ahead.hunt.slot_of, "puzzle")
    event = e.PuzzleUnlocked(command.slug)
    _act(ahead, command, internal_data, lambda state: None if state.puzzle(command.slug).unlocked else (event, 0, 0))


@decide.register
def _(command: cmd.SolvePuzzle, ahead: Ahead, internal_data: InternalData = None) -> None:
    slot = _known(command.slug, ahead.hunt.slot_of, "puzzle")
    event = e.PuzzleSolved(command.slug, ahead.hunt.puzzles[command.slug].answers[0])

    def solve(state: TeamState) -> "_Change | None":
        before = state.puzzle(command.slug)
        if before.solved:
            return None
        pays = state.team_id is not None and not before.prize_earned
        return event, slot.earns if pays else 0, 0

    _act(ahead, command, internal_data, solve)


@decide.register
def _(command: cmd.ResetRateLimit, ahead: Ahead, internal_data: InternalData = None) -> None:
    _known(command.slug, ahead.hunt.slot_of, "puzzle")
    _act(ahead, command, internal_data, lambda _: (e.RateLimitsReset(command.slug), 0, 0))


@decide.register
def _(command: cmd.OpenHints, ahead: Ahead, internal_data: InternalData = None) -> None:
    _known(command.slug, ahead.hunt.slot_of, "puzzle")
    if command.after_hours < 0:
        raise Invalid("bad_hours", "`after_hours` is a whole number of hours, 0 or more.")
    event = e.HintsUnlocked(command.slug, command.after_hours)
    _act(ahead, command, internal_data, lambda _: (event, 0, 0))


@decide.register
def _(command: cmd.MoveInteraction, ahead: Ahead, internal_data: InternalData = None) -> None:
    _known(command.id, ahead.hunt.interactions, "interaction")
    _check_text(command.result or "", "result", MAX_RESULT_LENGTH)
    rank = _INTERACTION_STATES.index(command.to)
    events: tuple[e.AnyEvent, ...] = (
        e.InteractionUnlocked(command.id),
        e.InteractionStarted(command.id),
        e.InteractionCompleted(command.id, command.result),
    )

    def move(state: TeamState) -> "_Change | None":
        before = state.interactions.get(command.id)
        reached = -1 if before is None else _INTERACTION_STATES.index(before.state)
        return None if reached >= rank else (events[rank], 0, 0)

    _act(ahead, command, internal_data, move)


_INTERACTION_STATES = ("unlocked", "running", "completed")

_Change = tuple[e.AnyEvent, int, int]
"""An event with the keys and the clues that it brings."""


def _act(
    ahead: Ahead, command: cmd.Act, internal_data: InternalData, change: Callable[[TeamState], _Change | None]
) -> None:
    """Append `change` for each of the command's teams, or once for all, and what follows for those it changed."""
    ids = command.teams
    states = [ahead.everyone] if ids is None else [_team(ahead, id) for id in dict.fromkeys(ids)]
    changed: list[int] = []
    for state in states:
        if found := change(state):
            event, keys, clues = found
            draft = e.Draft(team_id=state.team_id, event=event, currency_delta=keys, strong_currency_delta=clues)
            ahead.append(draft, internal_data)
            changed += ahead.team_ids if state.team_id is None else [state.team_id]
    follow(ahead, changed)


@decide.register
def _(command: cmd.CatchUp, ahead: Ahead, _internal_data: InternalData = None) -> None:
    follow(ahead, command.teams)


# --- finding what a command speaks of


def _team(ahead: Ahead, team_id: int) -> TeamState:
    state = ahead.team(team_id)
    if state is None:
        raise NotFound(f"There is no team with the id {team_id}.")
    return state


def _active_team(ahead: Ahead, team_id: int) -> TeamState:
    state = _team(ahead, team_id)
    if not state.active:
        raise Forbidden("team_deactivated", "This team is deactivated. Ask headquarters.")
    return state


def _seen_puzzle(ahead: Ahead, state: TeamState, slug: str) -> tuple[Slot, Puzzle, PuzzleState]:
    slot, before = ahead.hunt.slot_of.get(slug), state.puzzle(slug)
    if slot is None or not before.seen:
        raise NotFound("There is no such puzzle, or your team has not reached it yet.")
    return slot, ahead.hunt.puzzles[slug], before


def _unlocked_puzzle(ahead: Ahead, state: TeamState, slug: str) -> tuple[Puzzle, PuzzleState]:
    _, puzzle, before = _seen_puzzle(ahead, state, slug)
    if not before.unlocked:
        raise Conflict("not_unlocked", "This puzzle is not unlocked yet.")
    return puzzle, before


def _own_interaction(ahead: Ahead, team_id: int, id: str) -> InteractionState:
    state = _active_team(ahead, team_id)
    interaction, before = ahead.hunt.interactions.get(id), state.interactions.get(id)
    if interaction is None or before is None:
        raise NotFound("There is no such interaction, or your team has not reached it yet.")
    if interaction.by != "team":
        raise Forbidden("not_yours", "Headquarters runs this interaction and will find you.")
    return before


def _known(id: str, those: dict[str, T], noun: str) -> T:
    if id not in those:
        raise NotFound(f"The hunt has no {noun} `{id}`.")
    return those[id]


def _check_text(text: str, noun: str, limit: int) -> None:
    if len(text) > limit:
        raise Invalid("too_long", f"The {noun} has at most {limit} characters; this one has {len(text)}.")
    if not is_text(text):
        raise Invalid("bad_characters", f"The {noun} holds characters that are no text.")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
