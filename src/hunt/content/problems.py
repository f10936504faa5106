"""What is wrong with a hunt folder, told so that its authors can mend it."""

import difflib
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from hunt.content.guess_text import canonical
from hunt.content.model import Hunt

MAX_QUOTED = 80
"""Characters of an author's text that a message repeats."""

MAX_COMPARISONS = 100_000
"""Names that one load compares while it looks for the nearest valid one; after that it suggests nothing more."""

Level = Literal["error", "warning"]

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Where(NamedTuple):
    """Where something stands: the file relative to the hunt folder, the line from 1, the path of keys in the file."""

    file: str
    line: int | None = None
    place: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """One error or warning. `str()` gives the line that is printed."""

    level: Level
    file: str
    line: int | None = None
    place: str = ""
    message: str

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        return f"{printable(self.file)}{line}: {self.level}: {self.message}"


class Loaded(Struct, frozen=True):
    """A hunt that can be played as far as its folder makes sense, and everything that is wrong with the folder."""

    hunt: Hunt
    problems: tuple[Problem, ...] = ()
    faulty: frozenset[str] = frozenset()
    """The parts that are played although they have errors: `hunt.yaml`, `puzzles/<slug>`, `rounds/<slug>`, …"""
    kept: tuple[str, ...] = ()
    """The parts that are played as they were before, because the folder has nothing to take their place."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        return _only("error", self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return _only("warning", self.problems)


class HuntUnreadable(Exception):
    """There is no hunt in the folder at all; `problems` are the errors among those given: they say why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = _only("error", problems)
        super().__init__("\n".join(map(str, self.problems)))


class Report:
    """Collects the problems of one load."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.errors = 0
        """How many of the problems are errors."""
        self._comparisons_left = MAX_COMPARISONS

    def error(self, where: Where, message: str) -> None:
        self.errors += 1
        self._add("error", where, message)

    def warning(self, where: Where, message: str) -> None:
        self._add("warning", where, message)

    def did_you_mean(self, name: str, names: Iterable[str]) -> str:
        """The end of a sentence that suggests the nearest of `names`, or nothing when none is near."""
        near = self.nearest(name, names)
        return "" if near is None else f"; did you mean {quoted(near)}?"

    def nearest(self, name: str, names: Iterable[str]) -> str | None:
        """The one of `names` that somebody who wrote `name` probably meant."""
        candidates = list(names)
        self._comparisons_left -= len(candidates)
        if self._comparisons_left < 0:
            return None
        plain = canonical(name)
        same = next((other for other in candidates if plain and canonical(other) == plain), None)
        return same or next(iter(difflib.get_close_matches(name, candidates, n=1)), None)

    def in_order(self) -> tuple[Problem, ...]:
        """Every problem, `hunt.yaml` first, then by file and line."""
        return tuple(sorted(self.problems, key=_order))

    def _add(self, level: Level, where: Where, message: str) -> None:
        problem = Problem(level=level, file=where.file, line=where.line, place=where.place, message=message)
        self.problems.append(problem)


def _only(level: Level, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.level == level)


def _order(problem: Problem) -> tuple[bool, str, int]:
    return problem.file != "hunt.yaml", problem.file, problem.line or 0


def line_in(text: str, part: str) -> int | None:
    """The line, from 1, in which a part of the text begins; None when it is not in it."""
    at = text.find(part)
    return None if at < 0 else text.count("\n", 0, at) + 1


def quoted(text: str) -> str:
    """An author's text between backticks, shortened, harmless on a terminal."""
    short = text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…"
    return f"`{printable(short)}`"


def printable(text: str) -> str:
    """The text with everything escaped that a terminal should not get (controls, lone surrogates, line ends)."""
    return _UNSHOWABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def is_showable(text: str) -> bool:
    """Whether the text is free of controls, line ends and lone surrogates. (Joiners are fine: emoji need them.)"""
    return not _UNSHOWABLE.search(text)
