"""Twelve bugs that a checker worth its name must find, each put into the server's own code for a while or for good.

A bug that only shows when somebody is slow brings that slowness along as its `strain`. Strain alone is no fault:
without the bug the same run has to be found correct.
"""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar
from itertools import count
from types import ModuleType
from typing import Any
from unittest.mock import patch

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.faults.planting import PLANTS, Patches, listed, plant, planted, script, strained, text_of
from hunt.game.board import Board
from hunt.game.entries import Entry, sealed
from hunt.live import protocol
from hunt.live.connection import Connection
from hunt.live.shared import Shared
from hunt.log.source import Source
from hunt.log.tail import Tail
from hunt.log.writer import Writer, _Attempt
from hunt.replica import diagnosis, filler, keys, reader, rebuild, replica, scripts, source
from hunt.replica.commands import stream_range
from hunt.replica.filler import Filler
from hunt.replica.messages import decode
from hunt.replica.pace import Pace
from hunt.replica.rebuild import Builder
from hunt.replica.scripts import Appended, Scripts, Swap, Verdict
from hunt.replica.scrubber import Scrubber

__all__ = ["PLANTS", "plant", "planted", "strained"]

STRAINED_SECONDS = 0.6
"""How long a builder may be silent under strain, so that a short run meets one that is."""


# --- the writer


@listed(
    "replica_phantom",
    "phantom",
    faults=("commit_cut_before", "killed_before_commit"),
    model_faults=("commits_break", "kill"),
)
def publish_before_commit() -> Patches:
    """Entries are published before COMMIT has returned."""
    writing: ContextVar[Writer] = ContextVar("writing")
    carry_out, insert = Writer._carry_out, _Attempt.insert

    async def carrying_out(self: Writer, jobs: list[Any]) -> None:
        writing.set(self)
        await carry_out(self, jobs)

    async def inserting(self: _Attempt) -> None:
        await insert(self)
        if self.ahead.entries:
            writing.get().publish(self.ahead.entries, self.previous_digest)
            await asyncio.sleep(0.02)  # as long as a COMMIT may take

    yield patch.object(Writer, "_carry_out", carrying_out)
    yield patch.object(_Attempt, "insert", inserting)


def _failing_commits() -> Patches:
    """Now and then COMMIT does not arrive."""
    commit, commits = AsyncConnection.commit, count(1)

    async def committing(self: AsyncConnection) -> None:
        if next(commits) % 20 == 0:
            raise OperationalError("COMMIT", None, ConnectionError("the connection is gone"))
        await commit(self)

    yield patch.object(AsyncConnection, "commit", committing)


@listed("hole_in_the_log", faults=("commit_cut_before",), model_faults=("commits_break",), strain=_failing_commits)
def id_from_a_sequence() -> Patches:
    """Ids are taken before COMMIT from a counter that a rollback does not turn back."""
    last = 0

    def numbered(draft: Any, *, id: int, **fields: Any) -> Entry:
        nonlocal last
        last = max(last + 1, id)
        return sealed(draft, id=last, **fields)

    yield patch("hunt.game.board.sealed", numbered)


# --- the sockets


@listed("skipped_reset", faults=("sql_restored", "sql_restored_from_a_fresh_dump"), model_faults=("restore",))
def skipped_reset() -> Patches:
    """A socket goes on after SQL was restored, though the client's piece is not of this log."""

    async def trusting(_connection: Connection, subscription: Any) -> None:
        subscription.is_doubtful = False

    yield patch.object(Connection, "_check_cursor", trusting)


@listed("stale_value", "not_converged", faults=(), model_faults=("cut",))
def stale_cache() -> Patches:
    """A value that was made once is sent again after the log has changed it."""
    yield patch.object(Shared, "touch", lambda _shared, _team_id, _entry: None)


@listed("missing_field", faults=(), model_faults=())
def frame_without_prev() -> Patches:
    """Frames do not say which one they follow."""
    real = protocol.append

    def append(sub: str, prev: int, chunk: protocol.Chunk, mac: str) -> bytes:
        return real(sub, prev, chunk, mac).replace(b',"prev":%d' % prev, b"", 1)

    yield patch.object(protocol, "append", append)


@listed("lost_entry", faults=("publish_suppressed",), model_faults=("unpublished",))
def gap_ignored() -> Patches:
    """Whoever appends to the stream or reads it goes on where an entry is missing."""

    def accept(self: Tail, entries: Iterable[Entry], _previous: str) -> None:
        new = [entry for entry in entries if entry.id > self.board.head]
        for entry in new:
            _apply_anyhow(self.board, entry)
        if new:
            self.ring.extend(new)
            for listener in self.listeners:
                listener(new)

    def between(self: Tail, after: int, upto: int) -> list[Entry]:
        return [entry for entry in self.ring if after < entry.id <= upto]

    def digest_at(self: Tail, id: int) -> str | None:
        if id == self.board.head:
            return self.board.digest
        return next((entry.digest for entry in self.ring if entry.id == id), None)

    yield script(
        "append",
        (
            "if head < previous then return {'GAP', meta[2]} end",
            "if head < previous then head, meta[3] = previous, ARGV[3] end",
        ),
        ("redis.pcall('XLEN', KEYS[2]) == head", "true"),
    )
    yield patch.object(reader, "decode_dense", lambda _after, messages: [decode(message) for message in messages])
    yield patch.object(reader, "_head_of", lambda replica: replica.head)
    yield patch("hunt.live.feed.check_chain", lambda *_: None)
    yield patch.object(Tail, "accept", accept)
    yield patch.object(Tail, "between", between)
    yield patch.object(Tail, "digest_at", digest_at)


def _apply_anyhow(board: Board, entry: Entry) -> None:
    board.head = entry.id - 1
    board.apply(entry)


# --- the replica


def _whatever_it_follows(module: ModuleType) -> Any:
    """A module reads on in the log without a look at the digest that it has come from."""
    real = source.lines_after

    async def lines(log: Source, id: int, _digest: str, limit: int) -> Any:
        return await real(log, id, await log.digest_at(id) or "", limit)

    return patch.object(module, "lines_after", lines)


@listed("replica_hole", faults=("killed_after_commit", "publish_suppressed"), model_faults=("unpublished", "kill"))
def xadd_that_swallows_smaller() -> Patches:
    """Everybody adds their own entries to the stream, and does not mind when Redis has a newer one already."""
    naive = """
local meta = redis.call('HMGET', KEYS[1], 'rules', 'head')
if meta[1] ~= ARGV[1] then return {'RESET', '0'} end
local last = tonumber(ARGV[2]) + (#ARGV - 4) / 2
for i = 1, (#ARGV - 4) / 2 do
  redis.pcall('XADD', KEYS[2], '0-' .. string.format('%.0f', tonumber(ARGV[2]) + i), 'entry', ARGV[2 + 2 * i])
end
if last > tonumber(meta[2]) then
  redis.call('HSET', KEYS[1], 'head', last, 'digest', ARGV[#ARGV - 1], 'seal', ARGV[#ARGV])
end
return {'OK', string.format('%.0f', last)}
"""
    yield script("append", (text_of("append"), naive))


@listed(
    "replica_differs",
    faults=("entry_edited", "sql_restored", "sql_restored_from_a_fresh_dump"),
    model_faults=("rewrite", "restore"),
)
def no_digest_check() -> Patches:
    """The replica is compared with the log by ids and lengths alone."""

    async def advance(self: Scrubber, count: int) -> int:
        raw = await stream_range(self._redis, keys.STREAM, self._position, None, count)
        self._position += len(raw)
        return len(raw)

    async def page(source: Any, id: int, _digest: str, limit: int) -> Any:
        return await source.lines(id, limit)

    diagnose = diagnosis.diagnose
    yield script("append", ("ARGV[3 + 2 * (head - previous)] ~= meta[3]", "false"))
    yield patch("hunt.replica.reconciler.diagnose", lambda found, head, _: diagnose(found, head, found.digest))
    yield patch.object(Scrubber, "_window", advance)
    yield patch.object(filler, "lines_after", page)
    yield patch.object(rebuild, "lines_after", page)


@listed("team_index_ahead", faults=(), model_faults=())
def team_index_without_its_entries() -> Patches:
    """A team's score is moved, and the entries that belong to it are added another time."""
    yield script(
        "team",
        ("for i = 6, #ARGV, 2 do", "for i = 6, #ARGV - 2, 2 do"),
        ("redis.pcall('XLEN', KEYS[3]) == tonumber(ARGV[4])", "true"),
    )


def _impatient() -> Patches:
    yield patch.object(scripts, "PROGRESS_SECONDS", STRAINED_SECONDS)


def _slow_to_swap() -> Patches:
    """One builder stands still before it swaps, for longer than the others wait. Nor is filling quick."""
    swap, fill = Scripts.swap, Filler.fill

    async def swapping(self: Scripts, token: str, head: int, digest: str, denied: str) -> Swap:
        stall = 2.5 * STRAINED_SECONDS
        if await self._swap.registered_client.set("stalled", token, nx=True, px=int(2 * stall * 1000)):
            await asyncio.sleep(stall)
        return await swap(self, token, head, digest, denied)

    async def filling(self: Filler, head: int) -> Verdict:
        await asyncio.sleep(STRAINED_SECONDS / 2)
        return await fill(self, head)

    yield from _impatient()
    yield patch.object(Scripts, "swap", swapping)
    yield patch.object(Filler, "fill", filling)


@listed(
    "replica_went_back",
    faults=("redis_flushed", "stream_deleted"),
    model_faults=("unpublished",),
    strain=_slow_to_swap,
)
def swap_without_a_token() -> Patches:
    """A builder puts its stream in place though others have taken over from it long ago."""
    yield script(
        "swap",
        ("if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'LOST' end", ""),
        ("then return 'BEHIND' end", "then redis.call('PING') end"),
    )
    yield script("chunk", ("redis.call('PEXPIRE', KEYS[2], ARGV[2])", ""))


def _slow_repair() -> Patches:
    """Whoever finds that a rebuild is needed takes its time, so that the log may outgrow the replica first."""
    rebuilding = Builder.rebuild

    async def later(self: Builder, reason: str, gen: str | None = None) -> bool:
        await asyncio.sleep(4 * STRAINED_SECONDS)
        return await rebuilding(self, reason, gen)

    yield patch.object(Builder, "rebuild", later)


@listed(
    "replica_glued",
    faults=("sql_restored", "sql_restored_from_a_fresh_dump"),
    model_faults=("restore",),
    strain=_slow_repair,
)
def previous_digest_from_redis() -> Patches:
    """Whether entries follow what the replica holds is asked of the replica, not of the log."""
    append = Filler.append

    async def appending(self: Filler, previous: int, digest: str, lines: Any) -> Appended:
        found = await self._scripts.inspect()
        return await append(self, previous, found.digest if found.head == previous else digest, lines)

    yield _whatever_it_follows(filler)
    yield patch.object(Filler, "append", appending)


def _slow_rebuild() -> Patches:
    """A rebuild takes longer than a builder may be silent."""
    pace = Pace(0.0, 4, 0.05)
    yield from _impatient()
    yield patch.object(replica, "Builder", lambda scripts, source, health, _: Builder(scripts, source, health, pace))


@listed(
    "not_repaired",
    faults=("redis_flushed", "stream_deleted"),
    model_faults=("flush",),
    strain=_slow_rebuild,
)
def rebuild_taken_over_by_age() -> Patches:
    """A builder is relieved some time after it began, however well it gets on."""
    yield script("chunk", ("redis.call('PEXPIRE', KEYS[1], ARGV[2])", ""))
