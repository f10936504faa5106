"""Which texts may be slugs and ids, and that each is given once."""

import re

from hunt.content.problems import Report, Where, quoted
from hunt.content.spelling import caseless, folded

MAX_NAME = 200
"""Characters in a slug, an id or the name of a page."""

RESERVED = "assets"
"""A script's `assets/x` on the page `/puzzles/<slug>` asks for `/puzzles/assets/x`."""

_FORBIDDEN = re.compile(r"[/\\?#\s\x00-\x1f\x7f-\x9f]")


def fault_of(name: str) -> str | None:
    """Why a text cannot be a slug or an id, as the end of a sentence; None when it can."""
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME} characters"
    if name == RESERVED:
        return "stands for a folder of files in addresses"
    if name.startswith("."):
        return "begins with a dot"
    found = _FORBIDDEN.search(name)
    if found is None:
        return None
    character = "a space" if found[0] == " " else quoted(found[0])
    return f"holds {character}, which cannot stand in an address"


def readable(name: str) -> str:
    """A slug as a title: `unreal_islands` is "Unreal Islands"."""
    words = re.split(r"[_\-\s]+", name)
    return " ".join(word[:1].upper() + word[1:] for word in words if word) or name


class Register:
    """The names of one kind of thing; each may be given once."""

    def __init__(self, kind: str, report: Report) -> None:
        self._kind = kind
        self._report = report
        self._first: dict[str, Where] = {}
        self._alike: dict[str, str] = {}

    def add(self, name: str, where: Where) -> bool:
        """Whether the name may be used; if not, that was reported, unless it is empty (which was reported before)."""
        if not name:
            return False
        fault = fault_of(name)
        first = self._first.setdefault(folded(name), where)
        if fault is not None:
            self._report.error(where, f"the {self._kind} {quoted(name)} {fault}")
        elif first is not where:
            earlier = f"in line {first.line} already ({first.place})"
            self._report.error(where, f"the {self._kind} {quoted(name)} is given {earlier}")
        else:
            self._warn_of_twin(name, where)
        return fault is None and first is where

    def _warn_of_twin(self, name: str, where: Where) -> None:
        other = self._alike.setdefault(caseless(name), name)
        if other != name:
            message = f"the {self._kind} {quoted(name)} differs from {quoted(other)} in capitals only"
            self._report.warning(where, f"{message}: people and many computers take them for one")
