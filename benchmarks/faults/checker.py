"""Judges a run from what it left behind: SQL, Redis, and what clients sent and saw.

Nothing of the server's own code is used here, so that a mistake there cannot hide itself.
"""

from benchmarks.faults.check_log import check_commands, check_log
from benchmarks.faults.check_reads import check_reads
from benchmarks.faults.check_replica import check_repairs, check_replica, check_sightings
from benchmarks.faults.check_sockets import Client
from benchmarks.faults.check_values import Values
from benchmarks.faults.evidence import REQUIRED, Evidence, Finding
from benchmarks.faults.findings import Findings
from benchmarks.faults.fold import HuntShape
from benchmarks.faults.histories import Histories


def check(evidence: Evidence) -> list[Finding]:
    """Every promise that was not kept; an empty list when all were. The names are those of `findings.PROMISES`."""
    findings = Findings()
    histories = Histories(evidence)
    values = Values(HuntShape(evidence), histories, findings)
    check_log(histories, findings)
    check_commands(evidence, histories, findings)
    for listener in evidence.listeners:
        Client(listener, histories, values, findings).follow(listener.events)
    check_reads(evidence, histories, values, findings)
    values.check()
    check_replica(evidence, histories, findings)
    check_sightings(evidence, histories, findings)
    check_repairs(evidence, findings)
    return findings.all()


def not_covered(evidence: Evidence) -> list[str]:
    """The kinds of events that the run has not met: a run without a finding that lacks some says too little."""
    return [kind for kind in REQUIRED if not evidence.events_met.get(kind)]


def frames_checked(evidence: Evidence) -> int:
    return sum(event.what == "got" for listener in evidence.listeners for event in listener.events)
