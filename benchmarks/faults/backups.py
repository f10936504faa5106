"""Backups of PostgreSQL by its own programs, and the way back to one of them while everything runs on."""

import asyncio
import itertools
import json
import random
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

from msgspec import Struct

from benchmarks.faults.evidence import Restore
from benchmarks.faults.truth import Stopwatch
from servers import PostgresServer

PAUSE_SECONDS = (1.0, 4.0)
"""Between two backups."""

MAX_KEPT = 4
PROGRAM_SECONDS = 60.0
RESTORE = ("--clean", "--if-exists", "--single-transaction", "--file=-")

DROP = "DROP TABLE IF EXISTS public.activity_log;\n"
COMMIT = "COMMIT;\n"

REMEMBER = f"CREATE TEMPORARY TABLE before AS SELECT * FROM public.activity_log;\n{DROP}"
"""By then the restore has locked the log: nobody has written to it since, and nobody will before it has ended."""

LOST = """SELECT id, team_id, to_char(timezone('UTC', timestamp), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS timestamp,
  type, slug, currency_delta, strong_currency_delta, data, internal_data, digest
FROM before WHERE NOT EXISTS (SELECT FROM public.activity_log kept WHERE kept.digest = before.digest)"""
TELL = f"""
SELECT jsonb_build_object(
  'kept', (SELECT count(*) FROM public.activity_log),
  'lost', (SELECT coalesce(jsonb_agg(line ORDER BY id), '[]') FROM ({LOST}) line)
);
DROP TABLE before;
{COMMIT}"""


class BackupFailed(Exception):
    """A program of PostgreSQL gave up; the message is what it said."""


class Backup(Struct, frozen=True):
    """What SQL held when entry `head` was the newest, or one soon after it."""

    file: Path
    head: int


class Backups:
    """Made now and then, as `cron` would; those of a history that is gone are thrown away."""

    def __init__(self, postgres: PostgresServer, database: str, rng: random.Random, stopwatch: Stopwatch) -> None:
        self._postgres = postgres
        self._server = [f"--host={postgres.folder}", "--username=postgres", f"--dbname={database}"]
        self._rng = rng
        self._stopwatch = stopwatch
        self._numbers = itertools.count(1)
        self._kept: list[Backup] = []
        self._one_at_a_time = asyncio.Lock()

    async def watch(self) -> None:
        """Make one now and then until cancelled."""
        while True:
            with suppress(BackupFailed):
                await self.make()
            await asyncio.sleep(self._rng.uniform(*PAUSE_SECONDS))

    async def pick(self, rng: random.Random) -> Backup:
        """One of the last few, or a new one where there is none."""
        return rng.choice(self._kept) if self._kept else await self.make()

    async def make(self) -> Backup:
        """Raises BackupFailed."""
        file = self._postgres.folder / f"backup-{next(self._numbers)}"
        async with self._one_at_a_time:
            head = await _output_of(self._sql("--command=SELECT coalesce(max(id), 0) FROM activity_log"))
            await _output_of(self._program("pg_dump", "--format=custom", f"--file={file}", *self._server))
            backup = Backup(file, int(head))
            self._kept = [*self._kept, backup][-MAX_KEPT:]
        return backup

    async def restore(self, backup: Backup) -> Restore:
        """What `pg_restore --clean --if-exists --single-transaction` does, and which rows were lost by it.

        The log is looked at inside that one transaction. Raises BackupFailed, and nothing has changed then.
        """
        async with self._one_at_a_time:
            script = await _output_of(self._program("pg_restore", *RESTORE, str(backup.file)))
            ahead, drop, behind = script.partition(DROP)
            behind, commit, end = behind.rpartition(COMMIT)
            if not (drop and commit):
                raise AssertionError("pg_restore writes another script than it did")
            told = await _output_of(self._sql(), ahead + REMEMBER + behind + TELL + end)
            restored_at = self._stopwatch()
            self._kept = []
        found = json.loads(told.strip().rpartition("\n")[2])
        return Restore(at=restored_at, kept=found["kept"], lost=found["lost"])

    def _sql(self, *options: str) -> list[str]:
        return self._program("psql", "-qAtX", "--set=ON_ERROR_STOP=1", *self._server, *options)

    def _program(self, name: str, *options: str) -> list[str]:
        return [str(self._postgres.bin / name), *options]


async def _output_of(command: list[str], text: str = "") -> str:
    run = partial(subprocess.run, check=False, input=text, capture_output=True, text=True, timeout=PROGRAM_SECONDS)
    done = await asyncio.to_thread(run, command)
    if done.returncode:
        raise BackupFailed(f"{Path(command[0]).name}: {done.stderr.strip()}")
    return done.stdout
