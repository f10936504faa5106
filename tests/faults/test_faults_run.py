"""The fault suite in its short form: a cluster, a load, a handful of faults, and not one promise broken."""

import functools
import secrets
from pathlib import Path

import pytest
from benchmarks.faults.__main__ import COMMAND
from benchmarks.faults.checker import check, not_covered
from benchmarks.faults.evidence import Evidence
from benchmarks.faults.injectors import INJECTORS
from benchmarks.faults.run import run
from benchmarks.faults.schedule import SHORT_KINDS, long_plan, short_plan

from servers import CannotRun, need

pytestmark = pytest.mark.anyio

MAX_SEED = 2**31
TRIES = 3
"""What a fault meets is chance: a run that did not meet everything says too little, and another one is made."""


async def test_a_cluster_under_faults_keeps_every_promise(tmp_path: Path) -> None:
    for _ in range(TRIES):
        evidence = await evidence_of(secrets.randbelow(MAX_SEED))
        evidence.save(kept := tmp_path / f"seed-{evidence.seed}.json")
        again = f"judged again: {COMMAND} --check {kept}\nagain: {COMMAND} --seed {evidence.seed} --short"
        assert not check(evidence), again
        assert not evidence.complaints, again
        assert_what_was_planned_happened(evidence)
        missed = not_covered(evidence)
        if not missed:
            return
    raise AssertionError(f"not one of {TRIES} runs met everything; the last one no {', '.join(missed)}")


async def evidence_of(seed: int) -> Evidence:
    try:
        return await run(short_plan(seed))
    except CannotRun as error:
        need(error)
        raise


def assert_what_was_planned_happened(evidence: Evidence) -> None:
    assert {fault.kind for fault in evidence.faults} >= set(SHORT_KINDS)
    assert {command.kind for command in evidence.commands} >= {"guess", "unlock", "ask", "grant"}


def test_the_same_seed_gives_the_same_faults_in_the_same_order() -> None:
    for plan_of in (short_plan, functools.partial(long_plan, minutes=3)):
        assert plan_of(7) == plan_of(7)
        assert plan_of(7) != plan_of(8)


def test_the_long_form_injects_every_kind_of_fault() -> None:
    plan = long_plan(1, 0)
    kinds = {hit.kind for strike in plan.strikes[: plan.least] for hit in strike.hits}
    assert kinds == set(INJECTORS)


def test_the_short_form_injects_faults_that_there_are() -> None:
    assert set(SHORT_KINDS) <= set(INJECTORS)
