"""Each planted bug is found by its name; what makes it show, without the bug, is not."""

from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest
from benchmarks.faults.checker import check
from benchmarks.faults.evidence import Evidence, Redis, Row
from benchmarks.faults.model import simulate, world
from benchmarks.faults.planted import PLANTS, plant, planted, strained
from faults_evidence import message, row_of
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from hunt.live import protocol
from hunt.log.reader import LogReader
from stores import migrated_file, process, sqlite_store

__all__ = ["migrated_file", "sqlite_store"]

pytestmark = pytest.mark.anyio

STEPS = 30
SEEDS = range(4)
"""The model tells by the seed what happens when, so some seeds do not meet what a bug needs."""

QUIET_SECONDS = 6.0
"""Of the model's time: a run with a bug may never come to rest."""

IN_SQL = {"id_from_a_sequence"}
"""What the model cannot show, for its processes do not go on without the log."""

STRAINED = [name for name, each in PLANTS.items() if [*each.strain()]]


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with capture_logs(), patch.object(world, "QUIET_SECONDS", QUIET_SECONDS):
        yield


def names(evidence: Evidence) -> set[str]:
    return {finding.name for finding in check(evidence)}


def test_there_are_twelve() -> None:
    assert len(PLANTS) == 12
    assert all(each.sentence for each in PLANTS.values())


@pytest.mark.parametrize("name", [name for name in PLANTS if name not in IN_SQL])
def test_a_planted_bug_is_found_by_its_name(name: str) -> None:
    expected, found = {*PLANTS[name].findings}, set[str]()
    for seed in SEEDS:
        found |= names(simulate(seed, STEPS, [name]))
        if found & expected:
            return
    pytest.fail(f"only {found} was found")


@pytest.mark.parametrize("name", STRAINED)
def test_what_makes_a_bug_show_is_none_itself(name: str) -> None:
    with strained(name):
        assert check(simulate(0, STEPS, faults=PLANTS[name].model_faults)) == []


async def test_ids_from_a_sequence_leave_a_hole(sqlite_store: str) -> None:
    evidence = await _after_a_failed_commit(sqlite_store, ["id_from_a_sequence"])
    assert names(evidence) & {*PLANTS["id_from_a_sequence"].findings}


async def test_a_failed_commit_by_itself_leaves_nothing(sqlite_store: str) -> None:
    assert check(await _after_a_failed_commit(sqlite_store, [])) == []


async def _after_a_failed_commit(store: str, plants: list[str]) -> Evidence:
    """What the real writer leaves behind in a real database."""
    commit, failures = AsyncConnection.commit, [OperationalError("COMMIT", None, Exception("the connection is gone"))]

    async def committing(connection: AsyncConnection) -> None:
        if failures:
            raise failures.pop()
        await commit(connection)

    with ExitStack() as stack:
        for name in plants:
            stack.enter_context(planted(name))
        async with process(store) as writing:
            await writing.register(1)
            with (
                patch.object(AsyncConnection, "commit", committing),
                patch("hunt.log.writer.RETRY_SECONDS", (0.0, 0.0)),
            ):
                await writing.guess("one")
            rows = await LogReader(writing.engine).entries(0, 100)
    return _evidence([row_of(entry) for entry in rows])


def _evidence(rows: list[Row]) -> Evidence:
    redis = Redis(stream=[message(row) for row in rows], teams={}, scores={})
    return Evidence(seed=0, secret_key="", rows=rows, redis=redis, commands=[], listeners=[])


def test_a_bug_can_be_planted_for_good() -> None:
    before = protocol.append
    try:
        plant("frame_without_prev")
        assert protocol.append is not before
    finally:
        patch.stopall()
    assert protocol.append is before


def test_a_bug_that_no_longer_fits_the_script_says_so() -> None:
    with patch("benchmarks.faults.planting.text_of", lambda _name: "return 1"), pytest.raises(AssertionError):
        plant("gap_ignored")
