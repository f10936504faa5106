"""The checker finds nothing in a correct run, and each kind of damage by its name."""

import msgspec
import pytest
from benchmarks.faults.checker import check, frames_checked, not_covered
from benchmarks.faults.evidence import REQUIRED, Evidence, Fault
from benchmarks.faults.findings import PROMISES
from faults_damage import SPOILED
from faults_evidence import Run, a_restored_run, a_run


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A correct run."""
    return _saved(a_run())


def _saved(run: Run) -> bytes:
    return msgspec.json.encode(run.evidence())


def _loaded(saved: bytes) -> Evidence:
    return msgspec.json.decode(saved, type=Evidence)


def names(evidence: Evidence) -> set[str]:
    return {finding.name for finding in check(evidence)}


def test_nothing_is_found_in_a_correct_run(whole: bytes) -> None:
    assert check(_loaded(whole)) == []


def test_nothing_is_found_in_a_correct_run_in_which_sql_went_back() -> None:
    evidence = a_restored_run().evidence()
    assert check(evidence) == []


def test_every_promise_has_a_test() -> None:
    assert PROMISES.keys() == SPOILED.keys()


@pytest.mark.parametrize("name", PROMISES)
def test_damage_is_found_by_its_name(name: str, whole: bytes) -> None:
    for spoil in SPOILED[name]:
        evidence = _loaded(whole)
        evidence = spoil(evidence) or evidence
        assert names(evidence) == {name}, check(evidence)


def test_what_is_seen_while_a_fault_writes_into_redis_is_not_held_against_the_servers(whole: bytes) -> None:
    evidence = _loaded(whole)
    evidence.sightings[6].entries[-1][1]["entry"] = "forged"
    at = evidence.sightings[6].at
    evidence.faults.append(Fault(kind="rewrite", at=at, until=at, repaired_at=at + 0.5, writes_redis=True))
    assert check(evidence) == []


def test_a_run_says_what_it_has_not_met(whole: bytes) -> None:
    evidence = _loaded(whole)
    assert not_covered(evidence) == list(REQUIRED)
    evidence.events_met = dict.fromkeys(REQUIRED, 1) | {"fork": 0}
    assert not_covered(evidence) == ["fork"]
    assert frames_checked(evidence) > 30
