"""Redis beside SQL: entry by entry at the end, and what was seen of the stream on the way."""

import json
from itertools import pairwise

from benchmarks.faults.evidence import Evidence, Fault, Sighting
from benchmarks.faults.findings import Findings
from benchmarks.faults.histories import Histories, Line

Message = tuple[str, dict[str, str]]


def check_replica(evidence: Evidence, histories: Histories, findings: Findings) -> None:
    """The whole replica as it was at the end."""
    lines = histories.final.lines
    _check_stream(evidence.redis.stream, lines, findings)
    for member, score in evidence.redis.scores.items():
        if not member.isdigit() or score != int(score):
            findings.add("team_stream_differs", f"the index of teams says {score} for {member}")
            continue
        if score > len(lines):
            findings.add("team_index_ahead", f"team {member} stands at {score:.0f}, the log at {len(lines)}")
        mine = [line for line in lines if line.id <= score and line.is_of(int(member))]
        _check_team(member, score, evidence.redis.teams.get(member, []), mine, findings)
    for member in sorted(name for name, stream in evidence.redis.teams.items() if stream):
        if member not in evidence.redis.scores:
            findings.add("team_stream_differs", f"team {member} has a stream, but no place in the index")


def _number(message: Message) -> int | None:
    """The entry's id in a message's id, None where it is of another form."""
    time, _, number = message[0].partition("-")
    return int(number) if time == "0" and number.isdigit() else None


def _check_stream(stream: list[Message], lines: list[Line], findings: Findings) -> None:
    rows, last = {line.id: line for line in lines}, 0
    held = {_number(message) for message in stream}
    for message in stream:
        number = _number(message)
        if number not in rows or number <= last:
            findings.add("replica_extra", f"message {message[0]} belongs to no row")
        elif message[1] != {"entry": rows[number].body}:
            findings.add("replica_differs", f"message {message[0]} is not the row: {message[1]}")
        last = max(last, number or 0)
    missing = [id for id in rows if id not in held]
    if holes := [id for id in missing if id < last]:
        findings.add("replica_hole", f"the stream ends at {last} and lacks entries {holes[:5]}")
    if len(missing) > len(holes):
        findings.add("replica_behind", f"the stream ends at {last}, the log at {len(lines)}")


def _check_team(member: str, score: float, stream: list[Message], lines: list[Line], findings: Findings) -> None:
    right = [(f"0-{line.id}", {"entry": line.body}) for line in lines]
    if stream == right:
        return
    rows, held = dict(right), dict(stream)
    missing = [id for id in rows if id not in held]
    if [*held.items()] == [row for row in right if row[0] in held] and len(held) == len(stream):
        findings.add("team_index_ahead", f"team {member} stands at {score:.0f}, but its stream lacks {missing[:5]}")
    else:
        wrong = [id for id, fields in stream if rows.get(id) != fields]
        findings.add(
            "team_stream_differs", f"the stream of team {member} differs from the log at {wrong[:5] or 'its order'}"
        )


def check_sightings(evidence: Evidence, histories: Histories, findings: Findings) -> None:
    """What was seen of the stream is, at every moment, one piece of one committed log that does not go back."""
    watcher = _Watcher(histories, [fault for fault in evidence.faults if fault.writes_redis], findings)
    for sighting in sorted(evidence.sightings, key=lambda sighting: sighting.at):
        watcher.see(sighting)


class _Watcher:
    def __init__(self, histories: Histories, tampering: list[Fault], findings: Findings) -> None:
        self._histories = histories
        self._windows = [(fault.at, _end(fault)) for fault in tampering]
        self._findings = findings
        self._head, self._at = 0, 0.0
        self._lines: dict[str, Line | None] = {}

    def see(self, sighting: Sighting) -> None:
        messages = sorted(sighting.entries, key=lambda message: _number(message) or 0)
        head = (_number(messages[-1]) or 0) if messages else 0
        if not self._is_tampered(self._at, sighting.at):
            if head < self._head and not self._histories.lost_since(self._head, sighting.at):
                text = f"the stream ended at {self._head}, and at {sighting.at:.2f} s at {head}"
                self._findings.add("replica_went_back", text)
            self._check(messages, f"at {sighting.at:.2f} s")
        self._head, self._at = head, sighting.at

    def _is_tampered(self, since: float, at: float) -> bool:
        return any(start <= at and end >= since for start, end in self._windows)

    def _check(self, messages: list[Message], when: str) -> None:
        lines = [self._line(message, when) for message in messages]
        for before, after in pairwise(lines):
            if before is None or after is None:
                continue
            if after.id != before.id + 1:
                self._findings.add("replica_hole", f"{when} entry {after.id} came right after {before.id}")
            elif not after.follows(before.digest):
                text = f"{when} entry {after.id} of one history followed entry {before.id} of another"
                self._findings.add("replica_glued", text)

    def _line(self, message: Message, when: str) -> Line | None:
        """The committed row in a message; whatever else it is, is told once."""
        body = message[1].get("entry", "")
        if body not in self._lines:
            line = self._lines[body] = self._histories.committed(_digest(body))
            if line is None:
                self._findings.add("replica_phantom", f"{when} the stream held {message}, which was never committed")
            elif message != (f"0-{line.id}", {"entry": line.body}):
                self._findings.add("replica_differs", f"{when} message {message[0]} was not the row: {message[1]}")
        return self._lines[body]


def _digest(body: str) -> str:
    try:
        return str(json.loads(body)["digest"])
    except (ValueError, KeyError, TypeError):
        return ""


def _end(fault: Fault) -> float:
    return fault.until + fault.allowed if fault.repaired_at is None else max(fault.repaired_at, fault.until)


def check_repairs(evidence: Evidence, findings: Findings) -> None:
    for fault in evidence.faults:
        told = f"{fault.kind} at {fault.at:.1f} s {fault.detail}".strip()
        if fault.repaired_at is None:
            findings.add("not_repaired", f"{told} was never repaired")
        elif fault.repaired_at > fault.until + fault.allowed:
            late = fault.repaired_at - fault.until
            findings.add("not_repaired", f"{told} was repaired after {late:.1f} s; {fault.allowed:.1f} s are allowed")
