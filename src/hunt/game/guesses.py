"""What a guess is worth, and when the next one is allowed."""

import math
import unicodedata
from datetime import datetime, timedelta

from hunt.content import canonical
from hunt.content.model import Puzzle
from hunt.game import entries as e
from hunt.game.refusals import Invalid
from hunt.game.state import Guess, PuzzleState

MAX_GUESS_LENGTH = 255
"""Characters, of the text as typed and of its canonical form alike."""

FREE_WRONG_GUESSES = 2


def is_text(text: str) -> bool:
    """Whether both stores can hold it: no NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any(unicodedata.category(char) == "Cs" for char in text)


def cleaned(text: str) -> str:
    """The canonical form of a typed guess; Invalid when nothing is left of it or it is too long."""
    if not is_text(text):
        raise Invalid("bad_characters", "The guess holds characters that are no text. Type it again.")
    if len(text) > MAX_GUESS_LENGTH:
        raise Invalid("too_long", f"A guess has at most {MAX_GUESS_LENGTH} characters; this one has {len(text)}.")
    canonical_input = canonical(text)
    if not canonical_input:
        raise Invalid("empty_guess", "A guess needs at least one letter or digit.")
    if len(canonical_input) > MAX_GUESS_LENGTH:
        raise Invalid("too_long", f"Spelled out, this guess is longer than {MAX_GUESS_LENGTH} letters and digits.")
    return canonical_input


def judged(puzzle: Puzzle, canonical_input: str) -> e.GuessSubmitted:
    """The verdict on a guess, with the reply that the authors wrote for it."""
    if canonical_input in map(canonical, puzzle.answers):
        return e.GuessSubmitted(puzzle.slug, canonical_input, "correct", "Correct!")
    for partial in puzzle.partial_answers:
        if canonical_input in partial.guess:
            return e.GuessSubmitted(puzzle.slug, canonical_input, "partial", partial.response)
    for canned in puzzle.canned_responses:
        if canonical_input in canned.guess:
            return e.GuessSubmitted(puzzle.slug, canonical_input, "canned", canned.response, canned.link)
    return e.GuessSubmitted(puzzle.slug, canonical_input, "incorrect", "Incorrect.")


def earns_prize(puzzle: Puzzle, canonical_input: str) -> bool:
    """Whether this partial answer already pays the puzzle's keys."""
    return any(partial.prize and canonical_input in partial.guess for partial in puzzle.partial_answers)


def earlier(puzzle: PuzzleState, canonical_input: str) -> Guess | None:
    """The same guess as the team made it before, if it did."""
    return next((guess for guess in puzzle.guesses if guess.canonical_input == canonical_input), None)


def next_guess_at(puzzle: PuzzleState) -> datetime | None:
    """From when (UTC) a new guess is allowed; None while nothing limits it.

    Over the incorrect guesses t_0 … t_{n-1} since the last reset, the two first of them free: the latest of
    t_i + (n-1-i)² minutes. Source: the rule of the MIT Mystery Hunt 2025.
    """
    times = puzzle.wrong
    if len(times) < FREE_WRONG_GUESSES:
        return None
    last = len(times) - 1
    return max(at + timedelta(minutes=(last - i) ** 2) for i, at in enumerate(times))


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds, rounded up; at least 1."""
    return max(1, math.ceil((moment - now).total_seconds()))
