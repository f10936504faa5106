"""Answers, partial answers and canned responses of one puzzle: each guess has exactly one reply."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from hunt.content.guess_text import canonical
from hunt.content.model import CannedResponse, PartialAnswer
from hunt.content.problems import Mark, Report, quoted
from hunt.content.shapes import PuzzleShape
from hunt.content.source import Marks

MAX_GUESS = 255
"""Characters in a guess; longer ones are refused, so nothing that has to be guessed may be longer."""

Reply = TypeVar("Reply", CannedResponse, PartialAnswer)


class Answers(Struct, frozen=True):
    """What of a puzzle's file can be guessed. `guess` of each reply holds canonical texts."""

    answers: tuple[str, ...]
    partial_answers: tuple[PartialAnswer, ...]
    canned_responses: tuple[CannedResponse, ...]


def check_answers(shape: PuzzleShape, marks: Marks, report: Report) -> Answers:
    """The guesses that can be used; of two that are the same an answer wins, then a partial answer."""
    return _Checker(marks, report).check(shape)


class _Checker:
    def __init__(self, marks: Marks, report: Report) -> None:
        self._marks = marks
        self._report = report
        self._owner: dict[str, str] = {}
        """Who replies to each canonical text."""

    def check(self, shape: PuzzleShape) -> Answers:
        answers = self._answers(shape)
        partial = self._replies(shape.partial_answers, "partial answer")
        return Answers(answers, partial, self._replies(shape.canned_responses, "canned response"))

    def _answers(self, shape: PuzzleShape) -> tuple[str, ...]:
        written = shape.answers if shape.answer is None else (shape.answer, *shape.answers)
        mark = self._marks.of(shape, "answers" if shape.answer is None else "answer")
        if shape.answer is not None and shape.answers:
            self._report.error(mark, "there is an `answer` and a list of `answers`: write one of the two")
        if not written:
            self._report.error(self._marks.of(shape), "`answer` is missing")
        return tuple(text for text in written if self._is_usable(text, "an answer", mark))

    def _replies(self, replies: tuple[Reply, ...], kind: str) -> tuple[Reply, ...]:
        checked = [self._reply(reply, f"{kind} {number}") for number, reply in enumerate(replies, 1)]
        return tuple(reply for reply in checked if reply.guess)

    def _reply(self, reply: Reply, owner: str) -> Reply:
        mark = self._marks.of(reply, "guess")
        usable = tuple(canonical(text) for text in reply.guess if self._is_usable(text, owner, mark))
        return msgspec.structs.replace(reply, guess=usable)

    def _is_usable(self, text: str, owner: str, mark: Mark) -> bool:
        plain = canonical(text)
        fault = self._fault_of(text, plain, owner)
        if fault is not None:
            self._report.error(mark, f"{owner}: {quoted(text)} {fault}")
        elif plain in self._owner:
            self._report.warning(mark, f"{owner}: {quoted(text)} is needless, {quoted(plain)} is there already")
        else:
            self._owner[plain] = owner
            return True
        return False

    def _fault_of(self, text: str, plain: str, owner: str) -> str | None:
        if not plain:
            return "holds no letter or digit, so nobody can guess it"
        if max(len(text), len(plain)) > MAX_GUESS:
            return f"is longer than {MAX_GUESS} characters, so nobody can guess it"
        other = self._owner.get(plain, owner)
        return None if other == owner else f"already has a reply: {other}"
