"""A few seeds of the model; `python -m benchmarks.faults --model SEEDS` runs as many as there is time for."""

import asyncio
import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from benchmarks.faults.evidence import REQUIRED, Evidence, Finding
from benchmarks.faults.model import Broken, Outcome, Summary, judge, simulate, tell
from benchmarks.faults.model.loop import KICKOFF, START_SECONDS, Stuck, VirtualLoop
from benchmarks.faults.model.process import Process
from benchmarks.faults.model.seeding import chance_of
from benchmarks.faults.model.sql import Database, SqlSource
from sqlalchemy.exc import IntegrityError

from hunt.game.entries import Entry
from hunt.log.reader import row_of
from hunt.log.source import LogAway

pytestmark = pytest.mark.anyio

SEEDS = range(6)
MORE_SEEDS = 6
"""Seeds beyond those, taken one by one while some kind of event is still to be met."""

FEW_STEPS = 24
ROOT = Path(__file__).parents[2]
REPLAY = f"""
from hashlib import sha256
import msgspec
from benchmarks.faults.model import simulate
print(sha256(msgspec.json.encode(simulate(3, {FEW_STEPS}))).hexdigest())
"""


@pytest.fixture(scope="module")
def summary() -> Summary:
    return Summary()


def _fingerprint(evidence: Evidence) -> str:
    return hashlib.sha256(msgspec.json.encode(evidence)).hexdigest()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_keeps_every_promise(seed: int, summary: Summary) -> None:
    outcome = judge(seed)
    summary.add(outcome)
    assert not outcome.findings, (outcome.replay, outcome.findings)
    assert outcome.frames > 100
    assert outcome.commands > 50


def test_the_seeds_together_meet_each_kind_of_event(summary: Summary) -> None:
    seeds = iter(range(SEEDS.stop, SEEDS.stop + MORE_SEEDS))
    while summary.not_covered and (seed := next(seeds, None)) is not None:
        summary.add(judge(seed))
    assert not summary.failed
    assert not summary.not_covered


def test_a_seed_replays_exactly_in_another_process() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    run = subprocess.run(
        [sys.executable, "-c", REPLAY], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == _fingerprint(simulate(3, FEW_STEPS))


def test_a_seed_replays_exactly_and_another_seed_is_another_run() -> None:
    first = _fingerprint(simulate(4, FEW_STEPS))
    assert first == _fingerprint(simulate(4, FEW_STEPS))
    assert first != _fingerprint(simulate(5, FEW_STEPS))


def test_without_faults_nothing_goes_wrong_and_nothing_is_repaired() -> None:
    evidence = simulate(1, FEW_STEPS, faults=())
    assert evidence.faults == []
    assert {command.status for command in evidence.commands} == {200}
    assert [row["id"] for row in evidence.rows] == list(range(1, len(evidence.rows) + 1))
    assert len(evidence.redis.stream) == len(evidence.rows)
    assert evidence.events_met["fork"] == evidence.events_met["reset"] == evidence.events_met["scrub_hit"] == 0


def test_a_named_fault_is_the_only_one_that_strikes() -> None:
    evidence = simulate(2, FEW_STEPS, faults=("restore",))
    assert {fault.kind for fault in evidence.faults} == {"restore"}
    assert evidence.restores


def test_a_task_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_process: Process, _team_id: int) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("benchmarks.faults.model.players._me", failing)
    with pytest.raises(Broken, match="nobody foresaw this"):
        simulate(1, FEW_STEPS, faults=())


def test_a_failing_seed_is_told_with_the_command_that_runs_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(seed=7, findings=[], events_met={}, faults={}, commands=0, frames=0)
    tell(outcome)
    assert capsys.readouterr().out == ""
    tell(msgspec.structs.replace(outcome, findings=[Finding(name="phantom", text="a ghost")]))
    told = capsys.readouterr().out
    assert "python -m benchmarks.faults --model 1 --seed 7" in told
    assert "phantom: a ghost" in told


def test_what_no_seed_has_met_is_not_covered() -> None:
    summary = Summary()
    assert summary.not_covered == list(REQUIRED)
    assert "under-covered: no gap, no duplicate" in summary.as_text()


def test_time_jumps_to_what_comes_next() -> None:
    loop = VirtualLoop()

    async def wait() -> float:
        with suppress(TimeoutError):
            async with asyncio.timeout(7200):
                await loop.create_future()
        return loop.time()

    assert loop.run(wait()) == pytest.approx(START_SECONDS + 7200)


def test_a_loop_in_which_nothing_can_happen_says_so() -> None:
    loop = VirtualLoop()

    async def wait() -> None:
        await loop.create_future()

    with pytest.raises(Stuck):
        loop.run(wait())


async def test_a_restored_database_ends_where_its_dump_did() -> None:
    source, database = _source_of([_row(id) for id in range(1, 6)])
    lost = database.restore(3)
    assert [stored.id for stored in lost] == [4, 5]
    assert await source.head() == (3, "digest 3")
    assert [entry.id for entry in await source.entries(1, 10)] == [2, 3]
    assert await source.digest_at(4) is None


async def test_an_id_that_is_taken_is_refused_with_all_that_came_with_it() -> None:
    _, database = _source_of([_row(1)])
    with pytest.raises(IntegrityError):
        database.add([_row(2), _row(1)])
    assert database.head == 1


async def test_a_database_that_is_away_cannot_be_read() -> None:
    source, database = _source_of([_row(1)])
    database.is_away = True
    with pytest.raises(LogAway):
        await source.head()


class _Unhindered:
    """A process to which nothing happens."""

    async def pause(self, _chance: object, *, slow: bool) -> None:
        assert not slow


def _source_of(rows: list[dict[str, Any]]) -> tuple[SqlSource, Database]:
    database = Database(chance_of(0, "sql"))
    database.add(rows)
    return SqlSource(database, cast(Any, _Unhindered())), database


def _row(id: int) -> dict[str, Any]:
    entry = Entry(id=id, team_id=1, timestamp=KICKOFF, type="gate_completed", slug="started", digest=f"digest {id}")
    return row_of(entry)
