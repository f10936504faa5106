"""What a restored backup takes away is known to the row, whoever writes meanwhile."""

import asyncio
import random

import pytest
from benchmarks.faults.backups import BackupFailed, Backups
from faults_evidence import row_of
from sqlalchemy.engine import make_url

from hunt.game.commands import Grant
from servers import PostgresServer
from stores import Process, migrated_database, postgres_store, process, team_names
from waiting import eventually

__all__ = ["migrated_database", "postgres_store"]

pytestmark = pytest.mark.anyio

ENTRIES_BETWEEN = 20


@pytest.fixture
def backups(postgres_server: PostgresServer, postgres_store: str) -> Backups:
    database = make_url(postgres_store).database or ""
    return Backups(postgres_server, database, random.Random(1), stopwatch=lambda: 7.0)


async def _write_until(end: asyncio.Event, each: Process) -> None:
    while not end.is_set():
        await each.submit(Grant(teams=(1,), keys=1))


async def _go_on(*processes: Process) -> None:
    """Until both have written some more."""
    for each in processes:
        count = len(each.published) + ENTRIES_BETWEEN

        async def are_there(each: Process = each, count: int = count) -> bool:
            return len(each.published) >= count

        await eventually(are_there)


async def test_what_a_restore_takes_is_known_to_the_row_while_others_write(
    backups: Backups, postgres_store: str
) -> None:
    end = asyncio.Event()
    async with process(postgres_store) as here, process(postgres_store) as there:
        await here.register(1)
        backup = await backups.make()
        await here.register(2)
        async with asyncio.TaskGroup() as writing:
            for each in (here, there):
                writing.create_task(_write_until(end, each))
            await _go_on(here, there)
            restore = await backups.restore(backup)
            await _go_on(here, there)
            end.set()
        rows = await here.check()
        written = sorted([*here.published, *there.published], key=lambda entry: entry.id)
    assert (restore.at, restore.kept) == (7.0, backup.head)
    assert restore.lost == [row_of(entry) for entry in written if entry not in rows]
    assert len(restore.lost) >= 2 * ENTRIES_BETWEEN
    assert await team_names(postgres_store) == {1: ("team1", "Team 1")}


async def test_a_backup_that_cannot_be_restored_changes_nothing(backups: Backups, postgres_store: str) -> None:
    async with process(postgres_store) as here:
        await here.register(1)
        backup = await backups.make()
        await here.register(2)
        before = await here.rows()
        backup.file.write_bytes(backup.file.read_bytes()[:-100])
        with pytest.raises(BackupFailed, match="pg_restore"):
            await backups.restore(backup)
        assert await here.check() == before
