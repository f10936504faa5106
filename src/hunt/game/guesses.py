"""What a guess is worth, and when the next one is allowed."""

import math
import unicodedata
from datetime import datetime, timedelta
from functools import lru_cache

from hunt.content import spellings
from hunt.content.model import Puzzle
from hunt.game import entries as e
from hunt.game.refusals import Invalid
from hunt.game.state import Guess, PuzzleState

MAX_GUESS_LENGTH = 255
"""Characters, of the text as typed and of its canonical form alike."""

FREE_WRONG_GUESSES = 2

CORRECT = "Correct!"

ANSWERS_KEPT = 4_096
"""Answers whose spellings are kept; more than a hunt has."""


def is_text(text: str) -> bool:
    """Whether both stores can hold it: no NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any(unicodedata.category(char) == "Cs" for char in text)


def spelled(text: str) -> tuple[str, ...]:
    """The spellings of a typed guess; Invalid where it is no text, is too long, or nothing is left to compare."""
    if not is_text(text):
        raise Invalid("bad_characters", "The guess holds characters that are no text. Type it again.")
    if len(text) > MAX_GUESS_LENGTH:
        raise Invalid("too_long", f"A guess has at most {MAX_GUESS_LENGTH} characters; this one has {len(text)}.")
    forms = spellings(text)
    if not forms[0]:
        raise Invalid("empty_guess", "A guess needs at least one letter or digit.")
    if len(forms[0]) > MAX_GUESS_LENGTH:
        raise Invalid("too_long", f"Spelled out, this guess is longer than {MAX_GUESS_LENGTH} letters and digits.")
    return forms


def judged(puzzle: Puzzle, forms: tuple[str, ...], typed: str) -> e.GuessSubmitted:
    """The verdict on a guess by its spellings, with the reply that the authors wrote for it.

    Of several spellings the first that has such a reply is the one compared: `möwe` is right for `MOEWE`.
    """
    said = _judged(puzzle, forms[0], typed)
    if said.verdict == "incorrect" and len(forms) > 1:
        others = (_judged(puzzle, form, typed) for form in forms[1:])
        said = next((other for other in others if other.verdict != "incorrect"), said)
    return said


def _judged(puzzle: Puzzle, form: str, typed: str) -> e.GuessSubmitted:
    slug, typed = puzzle.slug, "" if typed == form else typed
    for answer in puzzle.answers:
        if is_spelling(form, answer):
            return e.GuessSubmitted(slug, form, "correct", CORRECT, None, typed)
    for partial in puzzle.partial_answers:
        if form in partial.guess:
            return e.GuessSubmitted(slug, form, "partial", partial.response, None, typed)
    for canned in puzzle.canned_responses:
        if form in canned.guess:
            return e.GuessSubmitted(slug, form, "canned", canned.response, canned.link, typed)
    return e.GuessSubmitted(slug, form, "incorrect", "Incorrect.", None, typed)


def earns_prize(puzzle: Puzzle, canonical_input: str) -> bool:
    """Whether this partial answer already pays the puzzle's keys."""
    return any(partial.prize and canonical_input in partial.guess for partial in puzzle.partial_answers)


@lru_cache(maxsize=ANSWERS_KEPT)
def _right(answer: str) -> frozenset[str]:
    return frozenset(spellings(answer))


def is_spelling(canonical_input: str, answer: str) -> bool:
    """Whether the guess is this answer."""
    return canonical_input in _right(answer)


def earlier(puzzle: PuzzleState, canonical_input: str) -> Guess | None:
    """The same guess as the team made it last, if it did; else one whose text can be spelled like this too.

    A record may stem from a version that compared other forms, so its text is reduced again.
    """
    other: Guess | None = None
    for guess in reversed(puzzle.guesses):
        if guess.canonical_input == canonical_input:
            return guess
        if other is None and (guess.typed or not guess.canonical_input.isascii()):
            other = guess if canonical_input in spellings(guess.text) else None
    return other


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
