"""The rows themselves, and what came of every command."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from benchmarks.faults.evidence import Command, Evidence
from benchmarks.faults.findings import Findings
from benchmarks.faults.histories import GENESIS, Histories, History, Line


def check_log(histories: Histories, findings: Findings) -> None:
    """Dense ids, a whole chain and no guess twice, in every history that there was."""
    for history in histories.all:
        known = histories.restores[history.number - 1].kept if history.number else 0
        _check_chain(history, known, findings)
        _check_guesses(history, known, findings)


def _check_chain(history: History, known: int, findings: Findings) -> None:
    digest = history.lines[known - 1].digest if known else GENESIS
    for expected, line in enumerate(history.lines[known:], known + 1):
        if line.id != expected:
            findings.add("hole_in_the_log", f"entry {line.id} stands where {expected} belongs")
            return
        if not line.follows(digest):
            findings.add("broken_chain", f"the digest of entry {line.id} does not follow from it and the one before")
            return
        digest = line.digest


def _check_guesses(history: History, known: int, findings: Findings) -> None:
    first: dict[tuple[object, ...], int] = {}
    for line in history.lines:
        if line.type != "puzzle_guess_submitted":
            continue
        guess = (line.team_id, line.slug, line.data.get("canonical_input"))
        if guess in first and line.id > known:
            findings.add("guess_written_twice", f"entries {first[guess]} and {line.id} are the same guess {guess}")
        first.setdefault(guess, line.id)


def check_commands(evidence: Evidence, histories: Histories, findings: Findings) -> None:
    """Acknowledged: in the log exactly once. Refused: not there. Unknown: once at most."""
    finder = _Finder(evidence.commands)
    found = [finder.rows(history.lines) for history in histories.all]
    lost = [(restore, finder.rows(lines)) for restore, lines in histories.losses()]
    for command in evidence.commands:
        rows = found[-1].get(command.key, [])
        asked_at = command.sent_at if command.asked_at is None else command.asked_at
        gone = [line for restore, lines in lost if asked_at <= restore.at for line in lines.get(command.key, [])]
        # What a restore took away before the answer was sent may have been written by a try inside the server.
        stood = any(command.key in lines and (command.answered_at or 0.0) <= restore.at for restore, lines in lost)
        if command.status == 500:
            findings.add("server_error", f"{_told(command)} was answered 500")
        if any(len(each.get(command.key, [])) > 1 for each in found):
            findings.add("written_twice", f"{_told(command)} stands in the log more than once")
        elif command.status is not None and 400 <= command.status < 500:
            if rows or (stood and command.attempts == 1):
                findings.add("refused_but_written", f"{_told(command)} was refused ({command.status}), yet it is there")
        elif command.status is not None and command.status < 300:
            _check_acknowledged(command, [*rows, *gone], findings)


def _check_acknowledged(command: Command, rows: list[Line], findings: Findings) -> None:
    if not rows:
        findings.add("acknowledged_lost", f"{_told(command)} was answered {command.status}, and is not in the log")
        return
    ids = command.ids
    if ids and not any(min(ids) <= line.id <= max(ids) for line in rows):
        findings.add("wrong_ids", f"{_told(command)} was answered with {ids}, its row is {rows[0].id}")
    if command.epoch is not None and all(command.epoch < line.id for line in rows):
        findings.add("answer_before_own_act", f"{_told(command)} is entry {rows[0].id}, its answer of {command.epoch}")


def _told(command: Command) -> str:
    return f"the {command.kind} {command.key} of team {command.team_id}"


class _Finder:
    """Finds the rows of commands by what they were expected to write; one pass for each kind of expectation."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._wanted: dict[tuple[str, ...], dict[tuple[Any, ...], str]] = {}
        seen: Counter[tuple[Any, ...]] = Counter()
        for command in commands:
            names = tuple(sorted(command.expects))
            values = tuple(command.expects[name] for name in names)
            seen[names + values] += 1
            if seen[names + values] > 1:
                raise ValueError(f"two commands expect the same row: {command.expects}")
            self._wanted.setdefault(names, {})[values] = command.key

    def rows(self, lines: Iterable[Line]) -> dict[str, list[Line]]:
        """The rows of each command, by its key."""
        found: dict[str, list[Line]] = {}
        for line in lines:
            for names, keys in self._wanted.items():
                key = keys.get(tuple(_field(line, name) for name in names))
                if key is not None:
                    found.setdefault(key, []).append(line)
        return found


def _field(line: Line, name: str) -> Any:
    if name.startswith("data."):
        value = line.data.get(name.removeprefix("data."))
        return value if isinstance(value, str | int | None) else None
    if name == "currency_delta":
        return line.keys
    return line.clues if name == "strong_currency_delta" else getattr(line, name)
