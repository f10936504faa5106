"""Answers over HTTP: none older than what the client had seen, each equal to the fold of the log where it stands."""

from urllib.parse import parse_qs, urlsplit

from benchmarks.faults.check_values import Claim, Values
from benchmarks.faults.evidence import Evidence, Read
from benchmarks.faults.findings import Findings
from benchmarks.faults.fold import Value, same_entry, without_epoch
from benchmarks.faults.histories import Histories, canonical


def check_reads(evidence: Evidence, histories: Histories, values: Values, findings: Findings) -> None:
    reads = _Reads(histories, values, findings)
    for read in evidence.reads:
        if read.status == 500:
            findings.add("server_error", f"{read.path} for team {read.team_id} from {read.process} was answered 500")
        elif read.status == 200 and isinstance(read.body, dict):
            reads.check(read)


class _Reads:
    def __init__(self, histories: Histories, values: Values, findings: Findings) -> None:
        self._histories = histories
        self._values = values
        self._findings = findings

    def check(self, read: Read) -> None:
        path = urlsplit(read.path).path
        told = f"{read.path} for team {read.team_id} from {read.process} at {read.answered_at:.2f} s"
        if path == "/api/me":
            self._check_state(read, read.body["state"], told)
        elif path == "/api/activity":
            self._check_activity(read, told)

    def _check_age(self, read: Read, epoch: int, told: str) -> None:
        if epoch < read.wanted and not self._histories.lost_since(read.wanted, read.answered_at):
            self._findings.add("stale_read", f"{told} is of entry {epoch}, before {read.wanted}")

    def _check_state(self, read: Read, state: Value, told: str) -> None:
        epoch = state["epoch"]
        self._check_age(read, epoch, told)
        claim = Claim(
            team_id=read.team_id,
            dataset="team_state",
            slug="",
            epoch=epoch,
            value=without_epoch(state),
            at=read.answered_at,
            told=told,
            wrong="wrong_read",
        )
        self._values.claim(claim, canonical(state))

    def _check_activity(self, read: Read, told: str) -> None:
        query = parse_qs(urlsplit(read.path).query)
        since, limit = int(query.get("since", ["0"])[0]), int(query.get("limit", ["0"])[0])
        head, entries = read.body["head"], read.body["entries"]
        self._check_age(read, head["id"], told)
        histories = self._histories.with_mac(head["id"], head["mac"])
        if not histories:
            self._findings.add("wrong_read", f"{told}: the log was never at {head}")
            return
        everything = self._values.log(read.team_id, histories[-1]).activity
        right = [entry for entry in everything if since < entry["id"] <= head["id"]][: limit or None]
        if len(right) != len(entries) or not all(map(same_entry, right, entries)):
            ids = [entry.get("id") for entry in entries]
            text = f"{told}: {len(ids)} entries {ids[:3]} … {ids[-3:]} instead of {len(right)}"
            self._findings.add("wrong_read", text)
