"""Answers, partial answers and canned responses of one puzzle: each guess has exactly one reply."""

import re
from typing import TypeVar

import msgspec

from hunt.content.guess_text import spellings
from hunt.content.model import CannedResponse, PartialAnswer, PuzzleYaml
from hunt.content.problems import Report, Where, quoted
from hunt.content.yaml_file import Whereabouts

MAX_GUESS = 255
"""Characters in a guess; longer ones are refused, so nothing that has to be guessed may be longer."""

_PATTERN = re.compile(
    r"\.[*+]|\.\{|\\[a-zA-Z.]|\[[^\]]*[\]][*+?{]|\[\^|\[\w-\w|\(\?|\w\s*\|\s*\w|^\^|\w\$$|\)[*+?{]|^/.*/[a-z]*$"
)
"""What is written in regular expressions and hardly ever in an answer."""

Reply = TypeVar("Reply", CannedResponse, PartialAnswer)


class AnswerOrAnswers(PuzzleYaml, frozen=True, kw_only=True):
    """A `puzzle.yaml` in which a single `answer` may stand in the place of `answers`."""

    answer: str | None = None


def with_usable_answers(puzzle: AnswerOrAnswers, whereabouts: Whereabouts, report: Report) -> PuzzleYaml:
    """The puzzle with guesses that can be used, canonical in its replies, and perhaps no answer.

    Of two guesses that are the same, or can be spelled alike, an answer wins, then a partial answer.
    """
    return _Checker(whereabouts, report).check(puzzle)


class _Checker:
    def __init__(self, whereabouts: Whereabouts, report: Report) -> None:
        self._whereabouts = whereabouts
        self._report = report
        self._owner: dict[str, str] = {}
        """Who replies to each canonical text."""
        self._respelled: dict[str, str] = {}
        """Who replies to it because it is another spelling of what the authors wrote."""

    def check(self, puzzle: AnswerOrAnswers) -> PuzzleYaml:
        values = msgspec.structs.asdict(puzzle)
        del values["answer"]
        values["answers"] = self._answers(puzzle)
        values["partial_answers"] = self._replies(puzzle.partial_answers, "partial answer")
        values["canned_responses"] = self._replies(puzzle.canned_responses, "canned response")
        return PuzzleYaml(**values)

    def _answers(self, puzzle: AnswerOrAnswers) -> tuple[str, ...]:
        answers = puzzle.answers if puzzle.answer is None else (puzzle.answer, *puzzle.answers)
        where = self._whereabouts.of(puzzle, "answers" if puzzle.answer is None else "answer")
        if puzzle.answer is not None and puzzle.answers:
            self._report.error(where, "there is an `answer` and a list of `answers`: write one of the two")
        if not answers:
            self._report.error(self._whereabouts.of(puzzle), "`answer` is missing")
        return tuple(text for text in answers if self._is_usable(text, "an answer", where))

    def _replies(self, replies: tuple[Reply, ...], kind: str) -> tuple[Reply, ...]:
        checked = [self._reply(reply, f"{kind} {number}") for number, reply in enumerate(replies, 1)]
        return tuple(reply for reply in checked if reply.guess)

    def _reply(self, reply: Reply, owner: str) -> Reply:
        where = self._whereabouts.of(reply, "guess")
        forms = [form for text in reply.guess if self._is_usable(text, owner, where) for form in spellings(text)]
        return msgspec.structs.replace(reply, guess=tuple(form for form in forms if self._replies_to(form, owner)))

    def _replies_to(self, form: str, owner: str) -> bool:
        """Whether nothing before this owner has a reply to the form."""
        return self._owner.get(form, self._respelled.get(form)) == owner

    def _is_usable(self, text: str, owner: str, where: Where) -> bool:
        plain, *others = spellings(text)
        fault = self._fault_of(text, plain, owner)
        if fault is not None:
            self._report.error(where, f"{owner}: {quoted(text)} {fault}")
        elif plain in self._owner:
            self._report.warning(where, f"{owner}: {quoted(text)} is needless, {quoted(plain)} is there already")
        elif self._respelled.get(plain, owner) != owner:
            other = self._respelled[plain]
            self._report.warning(where, f"{owner}: {quoted(text)} gets no reply of its own: {other} can be spelled so")
        else:
            if _PATTERN.search(text):
                message = f"{owner}: {quoted(text)} looks like a pattern, but is compared as the text {quoted(plain)}"
                self._report.warning(where, message)
            self._owner[plain] = owner
            for form in others:
                self._respelled.setdefault(form, owner)
            return True
        return False

    def _fault_of(self, text: str, plain: str, owner: str) -> str | None:
        if not plain:
            return "holds no letter or digit, so nobody can guess it"
        if max(len(text), len(plain)) > MAX_GUESS:
            return f"is longer than {MAX_GUESS} characters, so nobody can guess it"
        other = self._owner.get(plain, owner)
        return None if other == owner else f"already has a reply: {other}"
