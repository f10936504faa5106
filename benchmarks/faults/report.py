"""The figures of runs: for people at a terminal, and as Markdown for docs/reliability.md."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import median

from msgspec import Struct

from benchmarks.faults.checker import frames_checked, not_covered
from benchmarks.faults.evidence import REQUIRED, Evidence, Finding

DEFINITE_BELOW = 300


class Judged(Struct, kw_only=True):
    """One run: what it left behind, what the checker says of it, and how long it took."""

    evidence: Evidence
    findings: list[Finding]
    seconds: float

    @property
    def under_covered(self) -> list[str]:
        return not_covered(self.evidence)

    @property
    def is_green(self) -> bool:
        return not self.findings and not self.under_covered and not self.evidence.complaints


class Mending(Struct, frozen=True):
    """How often a kind of fault struck, and how long it took until the replica equalled SQL again (seconds)."""

    count: int
    times: list[float]
    never: int

    @property
    def half(self) -> str:
        return f"{median(self.times):.2f}" if self.times else "none"

    @property
    def worst(self) -> str:
        return "never" if self.never else f"{max(self.times, default=0.0):.2f}"


def mendings(runs: Iterable[Judged]) -> dict[str, Mending]:
    """By kind of fault, in alphabetical order."""
    times: defaultdict[str, list[float | None]] = defaultdict(list)
    for judged in runs:
        for fault in judged.evidence.faults:
            late = None if fault.repaired_at is None else max(0.0, fault.repaired_at - fault.until)
            times[fault.kind].append(late)
    return {kind: _mending(found) for kind, found in sorted(times.items())}


def _mending(found: list[float | None]) -> Mending:
    known = [late for late in found if late is not None]
    return Mending(len(found), known, len(found) - len(known))


def totals(runs: list[Judged]) -> dict[str, str]:
    """What all runs together did, one line each."""
    commands = [command for judged in runs for command in judged.evidence.commands]
    repeated = sum(command.attempts > 1 for command in commands)
    acknowledged = [command for command in commands if command.status is not None and command.status < DEFINITE_BELOW]
    together = _mending([late for mending in mendings(runs).values() for late in _all_times(mending)])
    wrong = sum(len(judged.findings) for judged in runs)
    return {
        "runs": str(len(runs)),
        "seeds": ", ".join(str(judged.evidence.seed) for judged in runs),
        "minutes": f"{sum(judged.seconds for judged in runs) / 60:.1f}",
        "faults injected": str(sum(len(judged.evidence.faults) for judged in runs)),
        "commands sent": f"{len(commands)}, {repeated} of them more than once",
        "commands acknowledged": str(len(acknowledged)),
        "rows of the logs at the end": str(sum(len(judged.evidence.rows) for judged in runs)),
        "answers to reads checked": str(sum(len(judged.evidence.reads) for judged in runs)),
        "frames checked": str(sum(frames_checked(judged.evidence) for judged in runs)),
        "time to repair, p50 / max": f"{together.half} s / {together.worst} s",
        "wrong answers": str(wrong),
        "errors that nobody foresaw": str(sum(len(judged.evidence.complaints) for judged in runs)),
    }


def _all_times(mending: Mending) -> list[float | None]:
    return [*mending.times, *[None] * mending.never]


def events(runs: list[Judged]) -> dict[str, int]:
    """How often each kind of event that a run has to meet came about."""
    met: Counter[str] = Counter()
    for judged in runs:
        met.update(judged.evidence.events_met)
    return {kind: met[kind] for kind in REQUIRED}


def as_text(runs: list[Judged]) -> str:
    lines = [f"{name + ':':28} {value}" for name, value in totals(runs).items()]
    lines += ["", f"{'fault':32} {'times':>5}  {'p50 s':>6}  {'max s':>6}"]
    lines += [
        f"{kind:32} {mending.count:5}  {mending.half:>6}  {mending.worst:>6}"
        for kind, mending in mendings(runs).items()
    ]
    lines += ["", "met: " + ", ".join(f"{kind} {count}" for kind, count in events(runs).items())]
    for judged in runs:
        lines += [f"seed {judged.evidence.seed}: {finding.name}: {finding.text}" for finding in judged.findings]
        lines += [f"seed {judged.evidence.seed}: a server said {line}" for line in judged.evidence.complaints]
        if judged.under_covered:
            lines.append(
                f"seed {judged.evidence.seed} is under-covered: it never met {', '.join(judged.under_covered)}"
            )
    return "\n".join(lines)


def as_markdown(runs: list[Judged]) -> str:
    """The same figures as tables."""
    lines = ["| figure | |", "| --- | --- |"]
    lines += [f"| {name} | {value} |" for name, value in totals(runs).items()]
    lines += ["", "| fault | times | time to repair p50, s | max, s |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {kind.replace('_', ' ')} | {mending.count} | {mending.half} | {mending.worst} |"
        for kind, mending in mendings(runs).items()
    ]
    lines += ["", "| event | times |", "| --- | --- |"]
    lines += [f"| {kind.replace('_', ' ')} | {count} |" for kind, count in events(runs).items()]
    return "\n".join(lines) + "\n"
