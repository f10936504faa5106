"""What teams do. Every rule first finds out whether it can be done and raises a `Refused` if not, then appends."""

from hunt.content.model import Puzzle
from hunt.game import commands as cmd
from hunt.game import entries as e
from hunt.game.board import Ahead
from hunt.game.cascade import follow
from hunt.game.guesses import (
    CORRECT,
    earlier,
    earns_prize,
    is_spelling,
    judged,
    next_guess_at,
    seconds_until,
    spelled,
)
from hunt.game.lookups import MAX_RESULT_LENGTH, active_team, check_text, seen_puzzle, team, unlocked_puzzle
from hunt.game.refusals import Conflict, Forbidden, Invalid, MustWait, NotFound
from hunt.game.state import Guess, InteractionState, Mark, PuzzleState

MAX_QUESTION_LENGTH = 2_000
"""Characters, of a question to headquarters."""


def submit_guess(command: cmd.SubmitGuess, ahead: Ahead) -> cmd.GuessAnswer:
    team_id, slug, typed = command.team_id, command.slug, command.text
    state = active_team(ahead, team_id)
    puzzle, before = unlocked_puzzle(ahead, state, slug)
    said = judged(puzzle, spelled(typed), typed)
    repeated = earlier(before, said.canonical_input)
    if before.solved:
        return _answer_after_solve(puzzle, before, before.solved, said, repeated)
    if repeated is None:
        _check_wait(ahead, before)
    elif repeated.verdict == said.verdict:  # else the hunt was corrected, and for that nobody has to wait
        return _recorded(said.canonical_input, repeated)
    entry = ahead.append(e.Draft(team_id=team_id, event=said))
    if said.verdict == "correct":
        _append_solve(ahead, team_id, puzzle)
        follow(ahead, [team_id])
    elif said.verdict == "partial":
        _append_partial(ahead, team_id, puzzle, said.canonical_input)
        follow(ahead, [team_id])
    return _answer(entry.id, said)


def _check_wait(ahead: Ahead, before: PuzzleState) -> None:
    allowed_at = next_guess_at(before)
    if allowed_at is not None and ahead.now < allowed_at:
        raise MustWait(allowed_at, seconds_until(allowed_at, ahead.now))


def _answer_after_solve(
    puzzle: Puzzle, before: PuzzleState, solved: Mark, said: e.GuessSubmitted, repeated: Guess | None
) -> cmd.GuessAnswer:
    """Nothing is written any more: the right answer, today's or the team's own, is right, and the rest as recorded."""
    text = said.canonical_input
    if repeated is not None and (repeated.verdict == "correct" or said.verdict != "correct"):
        return _recorded(text, repeated)
    if said.verdict == "correct" or is_spelling(text, before.answer or ""):
        return _answer(solved.id, e.GuessSubmitted(puzzle.slug, text, "correct", CORRECT), duplicate=True)
    raise Conflict("already_solved", f"This puzzle is solved; the answer is {before.answer}.")


def _recorded(canonical_input: str, guess: Guess) -> cmd.GuessAnswer:
    return cmd.GuessAnswer(
        id=guess.id,
        canonical_input=canonical_input,
        verdict=guess.verdict,
        response=guess.response,
        link=guess.link,
        duplicate=True,
    )


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


def _append_solve(ahead: Ahead, team_id: int, puzzle: Puzzle) -> None:
    state = team(ahead, team_id)
    keys = 0 if state.puzzle(puzzle.slug).prize_earned else ahead.hunt.slot_of[puzzle.slug].earns
    event = e.PuzzleSolved(puzzle.slug, puzzle.answers[0])
    ahead.append(e.Draft(team_id=team_id, event=event, currency_delta=keys))


def _append_partial(ahead: Ahead, team_id: int, puzzle: Puzzle, canonical_input: str) -> None:
    before = team(ahead, team_id).puzzle(puzzle.slug)
    pays = earns_prize(puzzle, canonical_input) and not before.prize_earned
    if pays or not before.partially_solved:
        event = e.PuzzlePartiallySolved(puzzle.slug, prize=pays)
        keys = ahead.hunt.slot_of[puzzle.slug].earns if pays else 0
        ahead.append(e.Draft(team_id=team_id, event=event, currency_delta=keys))


def unlock_puzzle(command: cmd.UnlockPuzzle, ahead: Ahead) -> None:
    state = active_team(ahead, command.team_id)
    slot, _, before = seen_puzzle(ahead, state, command.slug)
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


def buy_answer(command: cmd.BuyAnswer, ahead: Ahead) -> None:
    state = active_team(ahead, command.team_id)
    puzzle, before = unlocked_puzzle(ahead, state, command.slug)
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


def exchange_currency(command: cmd.ExchangeCurrency, ahead: Ahead) -> None:
    state = active_team(ahead, command.team_id)
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


def start_interaction(command: cmd.StartInteraction, ahead: Ahead) -> None:
    before = _own_interaction(ahead, command.team_id, command.id)
    if before.started:
        raise Conflict("already_started", "This interaction has been started already.")
    ahead.append(e.Draft(team_id=command.team_id, event=e.InteractionStarted(command.id)))
    follow(ahead, [command.team_id])


def complete_interaction(command: cmd.CompleteInteraction, ahead: Ahead) -> None:
    before = _own_interaction(ahead, command.team_id, command.id)
    if before.completed:
        raise Conflict("already_completed", "This interaction is complete already.")
    check_text(command.result or "", "result", MAX_RESULT_LENGTH)
    event = e.InteractionCompleted(command.id, command.result)
    ahead.append(e.Draft(team_id=command.team_id, event=event))
    follow(ahead, [command.team_id])


def request_hint(command: cmd.RequestHint, ahead: Ahead) -> None:
    state = active_team(ahead, command.team_id)
    _, before = unlocked_puzzle(ahead, state, command.slug)
    if before.solved:
        raise Conflict("already_solved", f"This puzzle is solved; the answer is {before.answer}.")
    if not before.hints_open(ahead.now):
        raise Conflict("hints_closed", "Hints for this puzzle cannot be asked for yet.")
    if any(hint.answer is None for hint in before.hints):
        raise Conflict("hint_outstanding", "Your last question about this puzzle is not answered yet.")
    if not command.question.strip():
        raise Invalid("empty_question", "Write what you have done so far and where you are stuck.")
    check_text(command.question, "question", MAX_QUESTION_LENGTH)
    event = e.HintRequested(command.slug, command.question.strip())
    ahead.append(e.Draft(team_id=command.team_id, event=event))


def _own_interaction(ahead: Ahead, team_id: int, id: str) -> InteractionState:
    state = active_team(ahead, team_id)
    interaction, before = ahead.hunt.interactions.get(id), state.interactions.get(id)
    if interaction is None or before is None:
        raise NotFound("There is no such interaction, or your team has not reached it yet.")
    if interaction.by != "team":
        raise Forbidden("not_yours", "Headquarters runs this interaction and will find you.")
    return before


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
