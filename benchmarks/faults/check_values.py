"""Datasets that are replaced, and reads: each value beside the fold of the log at the id that it says it stands at."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from benchmarks.faults.findings import Findings
from benchmarks.faults.fold import HuntShape, TeamFold, TeamLog, Value
from benchmarks.faults.fold_values import DATASETS, same
from benchmarks.faults.histories import Histories, History, Line

MAX_STUDIED = 40
"""Wrong values for which it is found out what they are instead; it takes a fold of the team's log each."""

_LINK = re.compile(r"/puzzles/([^\"/?#<>\s]+)")


class Claim(Struct, kw_only=True):
    """Somebody was told that this is `dataset` at `epoch` (`at` seconds after the start)."""

    team_id: int
    dataset: str
    slug: str
    epoch: int
    value: Any
    at: float
    told: str
    wrong: str = "wrong_value"
    """The finding where it is not, nor anything that has a name of its own."""


class Values:
    """Collects claims, and the final values that sockets hold; `check` judges them team by team."""

    def __init__(self, hunt: HuntShape, histories: Histories, findings: Findings) -> None:
        self._hunt = hunt
        self._histories = histories
        self._findings = findings
        self._claims: dict[int, dict[object, Claim]] = {}
        self._finals: dict[int, dict[object, Claim]] = {}
        self._logs: dict[tuple[int, int], TeamLog] = {}
        self._accused: list[Any] = []
        self._studied = 0

    def log(self, team_id: int, history: History) -> TeamLog:
        """What a team's growing datasets hold in a history."""
        key = (team_id, history.number)
        if key not in self._logs:
            self._logs[key] = TeamLog(self._hunt, team_id, history.lines)
        return self._logs[key]

    def claim(self, claim: Claim, text: str) -> None:
        """Take down a claim; `text` tells it from others, so that what many were told is judged once."""
        key = (claim.dataset, claim.slug, claim.epoch, claim.wrong, text)
        self._claims.setdefault(claim.team_id, {}).setdefault(key, claim)

    def final(self, claim: Claim, text: str) -> None:
        """The same for what somebody holds at the end, which must be the newest."""
        key = (claim.dataset, claim.slug, text)
        self._finals.setdefault(claim.team_id, {}).setdefault(key, claim)

    def check(self) -> None:
        for team_id, claims in self._claims.items():
            open_claims = list(claims.values())
            for history in reversed(self._histories.all):
                open_claims = self._unproven(team_id, history, open_claims)
            for claim in open_claims:
                self._accuse(claim)
                self._accused.append(claim.value)
        for team_id, claims in self._finals.items():
            for claim in self._unproven(team_id, self._histories.final, list(claims.values())):
                if claim.value not in self._accused:
                    text = f"{claim.told} ends as something else than SQL holds: {_short(claim.value)}"
                    self._findings.add("not_converged", text)

    def _unproven(self, team_id: int, history: History, claims: list[Claim]) -> list[Claim]:
        """The claims that this history does not bear out."""
        sweep = _Sweep(self._hunt, team_id, self.log(team_id, history).lines)
        unproven = []
        for claim in sorted(claims, key=lambda claim: claim.epoch):
            is_possible = claim.epoch <= history.head and history.number <= self._histories.current(claim.at).number
            if not is_possible or not sweep.holds(claim):
                unproven.append(claim)
        return unproven

    def _accuse(self, claim: Claim) -> None:
        known = [history for history in self._histories.all if claim.epoch <= history.head]
        if not known:
            self._findings.add("phantom", f"{claim.told} stands at entry {claim.epoch}, which there never was")
            return
        name = claim.wrong
        if self._studied < MAX_STUDIED:
            self._studied += 1
            lines = self.log(claim.team_id, known[-1]).lines
            name = _study(self._hunt, claim, lines)
        self._findings.add(name, f"{claim.told}, of entry {claim.epoch}: {_short(claim.value)}")


class _Sweep:
    """Goes through a team's log once, for claims in the order of their epochs."""

    def __init__(self, hunt: HuntShape, team_id: int, lines: list[Line]) -> None:
        self._hunt = hunt
        self._fold = TeamFold(hunt, team_id)
        self._lines = lines
        self._next = 0
        self._values: dict[tuple[str, str], tuple[int, Value | None]] = {}

    def holds(self, claim: Claim) -> bool:
        while self._next < len(self._lines) and self._lines[self._next].id <= claim.epoch:
            self._fold.apply(self._lines[self._next])
            self._next += 1
        if claim.dataset not in DATASETS:
            return not (_mentioned(claim.value) & _unseen(self._hunt, self._fold))
        return same(claim.dataset, self._value(claim.dataset, claim.slug), claim.value)

    def _value(self, dataset: str, slug: str) -> Value | None:
        version, value = self._values.get((dataset, slug), (-1, None))
        if version != self._fold.version:
            value = DATASETS[dataset](self._fold, slug)
            self._values[dataset, slug] = (self._fold.version, value)
        return value


def _study(hunt: HuntShape, claim: Claim, lines: list[Line]) -> str:
    """What a wrong value is: one that tells too much, one of an earlier entry, or just wrong."""
    fold, make, was_right = TeamFold(hunt, claim.team_id), DATASETS.get(claim.dataset), False
    for line in lines:
        if line.id > claim.epoch:
            break
        fold.apply(line)
        was_right = was_right or (make is not None and same(claim.dataset, make(fold, claim.slug), claim.value))
    if _mentioned(claim.value) & _unseen(hunt, fold):
        return "locked_content"
    return "stale_value" if was_right and claim.wrong == "wrong_value" else claim.wrong


def _unseen(hunt: HuntShape, fold: TeamFold) -> set[str]:
    """The slugs and titles that the team must not be told."""
    slugs = [slug for slug in hunt.slots if not fold.sees(slug)]
    return {*slugs, *(hunt.titles[slug] for slug in slugs if slug in hunt.titles)}


def _mentioned(value: Any) -> set[str]:
    """The slugs and titles that a value names."""
    names: set[str] = set()
    for name, text in _texts(value):
        if name in {"slug", "title", "puzzles"}:
            names.add(text)
        names.update(map(unquote, _LINK.findall(text)))
    return names


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value with the name it stands under; the keys of an object count too."""
    match value:
        case str():
            yield name, value
        case list():
            for item in value:
                yield from _texts(item, name)
        case dict():
            for key, item in value.items():
                yield name, key
                yield from _texts(item, key)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
