"""Rebuilding aside and swapping in."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, lines, replica_at, running

from hunt.game.entries import Entry
from hunt.log.source import LogAway
from hunt.replica import RebuildFailed, keys
from hunt.replica.pace import Pace
from hunt.replica.scripts import Swap, Verdict
from hunt.replica.source import Forked, page_after
from waiting import eventually

pytestmark = pytest.mark.anyio
SMALL = Pace(0.0, 4, 0.0)


async def test_a_rebuilt_replica_holds_the_log_and_lives_for_ever(built: Parts) -> None:
    assert await built.stream() == built.log.rows
    assert await built.redis.ttl(keys.STREAM) == -1
    assert sorted(await built.redis.keys("*")) == [keys.META.encode(), keys.STREAM.encode()]


async def test_a_log_of_many_batches_is_rebuilt(parts: Parts) -> None:
    parts.log.grow(1000)
    assert await parts.builder.rebuild("For a test.")
    assert await parts.stream() == parts.log.rows


async def test_a_damaged_replica_is_replaced_and_has_another_gen(built: Parts) -> None:
    before = await built.scripts.inspect()
    await built.redis.xdel(keys.STREAM, "0-4")
    assert await built.scripts.mark_bad(before.gen, "a hole")
    assert await built.builder.rebuild("For a test.")
    after = await built.scripts.inspect()
    assert (after.damage, after.gen != before.gen) == ("", True)
    assert await built.stream() == built.log.rows


async def test_keys_of_other_kinds_in_the_way_are_replaced(parts: Parts) -> None:
    parts.log.grow(5)
    for name in (keys.STREAM, keys.META, keys.TEAMS):
        await parts.redis.set(name, "nonsense")
    assert await parts.builder.rebuild("For a test.")
    assert (await parts.scripts.inspect()).damage == ""


async def test_a_late_mark_does_not_hit_the_next_gen(built: Parts) -> None:
    before = await built.scripts.inspect()
    assert await built.builder.rebuild("For a test.")
    assert not await built.scripts.mark_bad(before.gen, "late")
    assert (await built.scripts.inspect()).damage == ""


async def test_while_somebody_builds_nobody_else_does(built: Parts) -> None:
    await built.redis.set(keys.BUILDER, "another", px=5_000)
    assert not await built.builder.rebuild("For a test.")
    await built.redis.delete(keys.BUILDER)
    assert await built.builder.rebuild("For a test.")


async def test_builders_at_the_same_moment_end_in_one_whole_replica(parts: Parts) -> None:
    parts.log.grow(600)
    others = [Parts(parts.redis, parts.log) for _ in range(4)]
    assert sum(await asyncio.gather(*(each.builder.rebuild("Race.") for each in others))) == 1
    assert await parts.stream() == parts.log.rows


async def test_what_another_process_has_rebuilt_since_it_was_looked_at_is_not_rebuilt(
    address: str, redis: Redis, log: MemoryLog
) -> None:
    log.grow(40)
    one, two = replica_at(address, log), replica_at(address, log)
    async with one as first, two as second:
        await first.rebuild()
        for damage in (redis.flushall(), redis.xdel(keys.STREAM, "0-17")):
            await damage
            finding = await second._reconciler.examine()
            assert finding is not None
            await first._reconciler._check(asked=True)
            before = (await first.status()).gen
            await second._reconciler._mend(finding)
            status = await second.status()
            assert (status.gen, status.counters.rebuilds) == (before, 0)
            assert await second.verify() == []


@pytest.mark.parametrize("gen", ["", "abc", "\xff"])
async def test_whatever_its_gen_a_marked_replica_is_rebuilt(
    address: str, redis: Redis, log: MemoryLog, gen: str
) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica:
        await replica.rebuild()
        await redis.hset(keys.META, mapping={"gen": gen.encode("latin-1"), "bad": "why"})
        finding = await replica._reconciler.examine()
        assert finding is not None
        await replica._reconciler._mend(finding)
        assert await replica.verify() == []


async def test_a_builder_that_was_taken_over_from_stops(built: Parts) -> None:
    rows = built.log.rows
    await built.redis.set(keys.BUILDER, "mine")
    assert await built.scripts.add_chunk("mine", 0, lines(rows[:5]))
    await built.redis.set(keys.BUILDER, "theirs")
    assert not await built.scripts.add_chunk("mine", 5, lines(rows[5:]))
    assert await built.scripts.swap("mine", 5, rows[4].digest, "") is Swap.LOST
    assert await built.stream() == rows


async def test_a_shadow_that_lost_its_entries_is_not_swapped_in(built: Parts) -> None:
    rows = built.log.rows
    await built.redis.set(keys.BUILDER, "mine")
    assert await built.scripts.add_chunk("mine", 0, lines(rows))
    await built.redis.delete(keys.shadow_stream("mine"))
    assert await built.scripts.swap("mine", 10, rows[9].digest, "") is Swap.LOST


async def test_what_a_dead_builder_left_disappears(built: Parts) -> None:
    await built.redis.set(keys.BUILDER, "mine")
    assert await built.scripts.add_chunk("mine", 0, lines(built.log.rows))
    for name in (keys.BUILDER, keys.shadow_stream("mine")):
        assert 0 < await built.redis.pttl(name) <= 5000


async def test_a_swap_never_takes_the_replica_back(built: Parts) -> None:
    rows = built.log.rows
    await built.redis.set(keys.BUILDER, "mine")
    assert await built.scripts.add_chunk("mine", 0, lines(rows[:5]))
    assert await built.scripts.swap("mine", 5, rows[4].digest, "") is Swap.BEHIND
    assert await built.stream() == rows


async def test_a_longer_replica_of_a_lost_history_is_replaced(built: Parts) -> None:
    built.log.lose(4)
    assert await built.builder.rebuild("For a test.")
    assert await built.stream() == built.log.rows


async def test_a_longer_replica_of_another_history_is_replaced(built: Parts) -> None:
    built.log.lose(6)
    built.log.append(1, 2, slug="another")
    assert await built.builder.rebuild("For a test.")
    assert await built.stream() == built.log.rows


async def test_a_replica_is_appended_to_while_another_is_built(built: Parts, redis: Redis) -> None:
    built.log.grow(2000)
    assert await built.filler.fill(10) is Verdict.OK

    async def appending() -> None:
        for _ in range(50):
            entries, previous = built.log.grow(1)
            await built.filler.append(entries[0].id - 1, previous, lines(entries))

    done, _ = await asyncio.gather(built.builder.rebuild("For a test."), appending())
    assert done
    head = (await built.scripts.inspect()).head
    assert await built.filler.fill(head) is Verdict.OK
    assert await built.stream() == built.log.rows


async def test_a_page_that_does_not_continue_what_was_read_is_refused(log: MemoryLog) -> None:
    log.grow(20)
    assert await page_after(log, 5, log.rows[4].digest, 10) == log.rows[5:15]
    assert await page_after(log, 20, log.digest, 10) == []
    for id, digest in [(5, log.rows[5].digest), (21, log.digest), (0, log.digest)]:
        with pytest.raises(Forked):
            await page_after(log, id, digest, 10)


async def test_a_log_that_changes_course_stops_the_build(parts: Parts) -> None:
    log = parts.log
    log.grow(600)

    class Turning(MemoryLog):
        async def digest_at(self, id: int) -> str | None:
            found = await log.digest_at(id)
            if id == 256 and len(log.rows) == 600:
                log.lose(500)
                log.append(*[1] * 600, slug="another")
            return found

        head, entries = log.head, log.entries

    other = Parts(parts.redis, Turning())
    built = await other.builder.rebuild("For a test.")
    assert not built or await parts.stream() == log.rows


async def test_a_replica_comes_about_by_itself_and_after_a_flush(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica, running(replica):

        async def there() -> bool:
            return (await replica.status()).head == 40

        await eventually(there, what="a replica")
        await redis.flushall()
        await eventually(there, what="a replica after the flush")
        assert await replica.verify() == []


async def test_a_hole_is_mended_without_a_write(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica, running(replica):

        async def whole() -> bool:
            status = await replica.status()
            return status.head == 40 and status.bad is None

        await eventually(whole, what="a replica")
        await redis.xdel(keys.STREAM, "0-17")
        await eventually(whole, what="a whole replica again")
        assert await replica.verify() == []


async def test_a_lost_tail_of_the_log_is_noticed_without_a_write(address: str, log: MemoryLog) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica, running(replica):

        async def whole() -> bool:
            status = await replica.status()
            return (status.head, status.digest) == (len(log.rows), log.digest)

        await eventually(whole, what="a replica")
        log.lose(3)
        log.append(1, 2, 3, slug="another")
        await eventually(whole, what="a replica of the new history")
        log.lose(20)
        await eventually(whole, what="a replica of the shorter history")
        assert await replica.verify() == []


async def test_somebody_may_ask_for_a_rebuild(address: str, log: MemoryLog) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica:
        await replica.rebuild()
        first = (await replica.status()).gen
        await replica.rebuild()
        assert (await replica.status()).gen not in (first, None)
        assert await replica.verify() == []


@pytest.mark.parametrize("count", [0, 1, 4, 15, 16, 17, 32, 33, 100])
async def test_pages_that_are_read_ahead_join_up(redis: Redis, log: MemoryLog, count: int) -> None:
    parts = Parts(redis, log, pace=SMALL)
    log.grow(count)
    assert await parts.builder.rebuild("For a test.")
    assert await parts.stream() == log.rows
    assert (await parts.scripts.inspect()).damage == ""


async def test_bodies_may_hold_any_text(parts: Parts) -> None:
    for text in ("two\nlines", "\r\n", "\x00\x1f", "ünï🙂\u2028", "\\n", ""):
        parts.log.append(1, slug=text)
    assert await parts.builder.rebuild("For a test.")
    assert await parts.stream() == parts.log.rows


async def test_a_log_that_leaves_while_it_is_read_ahead_ends_the_rebuild(redis: Redis, log: MemoryLog) -> None:
    parts = Parts(redis, log, pace=SMALL)
    log.grow(100)
    log.leaves_after = 5
    with pytest.raises(LogAway):
        await parts.builder.rebuild("For a test.")
    log.leaves_after, log.away = None, False
    assert await redis.keys("activity_log*") == []
    assert await parts.builder.rebuild("For a test.")
    assert await parts.stream() == log.rows


class Turning(MemoryLog):
    """Another history takes its place when somebody has read a part of it."""

    has_turned = False

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        if after >= 32 and not self.has_turned:
            self.has_turned = True
            self.lose(90)
            self.append(*[2] * 90, slug="another")
        return await super().entries(after, limit, team_id)


async def test_a_log_that_changes_course_while_it_is_read_ahead_is_not_joined(redis: Redis) -> None:
    log = Turning()
    parts = Parts(redis, log, pace=SMALL)
    log.grow(100)
    assert not await parts.builder.rebuild("For a test.")
    assert log.has_turned
    assert await redis.keys("activity_log*") == []
    assert await parts.builder.rebuild("For a test.")
    assert await parts.stream() == log.rows


async def test_who_asks_for_a_rebuild_waits_for_others_only_so_long(
    address: str, redis: Redis, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.replica.replica.REBUILD_PATIENCE_SECONDS", 0.3)
    log.grow(3)
    async with replica_at(address, log) as replica:
        await redis.set(keys.BUILDER, "another", px=5_000)
        with pytest.raises(RebuildFailed):
            await replica.rebuild()
