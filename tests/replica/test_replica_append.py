"""The append script: what it takes and what it refuses."""

import pytest
from replica_world import Parts, lines

from hunt.game.entries import GENESIS
from hunt.replica import keys
from hunt.replica.scripts import Verdict

pytestmark = pytest.mark.anyio


async def append(parts: Parts, count: int = 1) -> Verdict:
    """Appends `count` new entries of the log."""
    entries, previous = parts.log.grow(count)
    return (await parts.filler.append(entries[0].id - 1, previous, lines(entries))).verdict


async def test_entries_that_follow_the_head_are_taken(built: Parts) -> None:
    assert await append(built) is Verdict.OK
    assert await append(built, 300) is Verdict.OK
    assert await built.stream() == built.log.rows
    replica = await built.scripts.inspect()
    assert (replica.head, replica.digest, replica.damage) == (311, built.log.digest, "")


async def test_messages_have_the_entrys_id_and_its_json_as_the_one_field(built: Parts) -> None:
    messages = await built.redis.xrange(keys.STREAM, count=1)
    assert [(id, list(fields)) for id, fields in messages] == [(b"0-1", [b"entry"])]


async def test_the_first_entry_ever_goes_into_the_stream_that_a_rebuild_left_empty(parts: Parts) -> None:
    assert await parts.builder.rebuild("For a test.")
    assert await parts.redis.type(keys.STREAM) == b"stream"
    assert (await parts.scripts.inspect()).damage == ""
    assert await append(parts) is Verdict.OK
    assert await parts.stream() == parts.log.rows


async def test_without_a_replica_nothing_is_created(parts: Parts) -> None:
    assert await append(parts) is Verdict.RESET
    assert await parts.redis.keys("*") == []


async def test_a_flush_between_two_appends_leaves_no_stump(built: Parts) -> None:
    assert await append(built) is Verdict.OK
    await built.redis.flushall()
    assert await append(built) is Verdict.RESET
    assert await built.redis.exists(keys.STREAM) == 0


async def test_a_stream_that_vanished_alone_is_not_started_again(built: Parts) -> None:
    await built.redis.delete(keys.STREAM)
    assert await append(built) is Verdict.CORRUPT
    assert await built.redis.exists(keys.STREAM) == 0


async def test_an_empty_stream_that_vanished_alone_is_not_started_again(parts: Parts) -> None:
    assert await parts.builder.rebuild("For a test.")
    await parts.redis.delete(keys.STREAM)
    assert await append(parts) is Verdict.CORRUPT
    assert await parts.redis.exists(keys.STREAM) == 0


async def test_what_the_replica_has_is_not_taken_twice(built: Parts) -> None:
    rows = built.log.rows
    answer = await built.filler.append(4, rows[3].digest, lines(rows[4:8]))
    assert (answer.verdict, answer.head) == (Verdict.DUP, 10)
    assert await built.stream() == rows


async def test_of_a_batch_that_is_half_there_the_rest_is_taken(built: Parts) -> None:
    built.log.grow(5)
    rows = built.log.rows
    assert (await built.filler.append(7, rows[6].digest, lines(rows[7:]))).verdict is Verdict.OK
    assert await built.stream() == rows


async def test_a_batch_behind_a_gap_is_refused_with_the_replicas_head(built: Parts) -> None:
    built.log.grow(5)
    rows = built.log.rows
    answer = await built.filler.append(12, rows[11].digest, lines(rows[12:]))
    assert (answer.verdict, answer.head) == (Verdict.GAP, 10)
    assert len(await built.stream()) == 10


async def test_another_history_is_not_glued_on(built: Parts) -> None:
    built.log.lose(3)
    built.log.append(1, 1, 1, 1, slug="another")
    rows = built.log.rows
    assert (await built.filler.append(10, rows[9].digest, lines(rows[10:]))).verdict is Verdict.FORK
    assert (await built.filler.append(7, rows[6].digest, lines(rows[7:]))).verdict is Verdict.FORK
    assert len(await built.stream()) == 10


async def test_another_history_from_the_start_is_refused(built: Parts) -> None:
    built.log.lose(10)
    entries, previous = built.log.append(*[2] * 12, slug="another")
    assert previous == GENESIS
    assert (await built.filler.append(0, previous, lines(entries))).verdict is Verdict.FORK


@pytest.mark.parametrize("id", [1, 5, 10])
async def test_a_hole_is_noticed_and_marks_the_replica(built: Parts, id: int) -> None:
    await built.redis.xdel(keys.STREAM, keys.message_id(id))
    assert await append(built) is Verdict.CORRUPT
    assert await append(built) is Verdict.CORRUPT
    assert "marked" in (await built.scripts.inspect()).damage


async def test_a_stray_message_is_noticed(built: Parts) -> None:
    await built.redis.xadd(keys.STREAM, {"entry": "{}"}, id="0-11")
    assert await append(built) is Verdict.CORRUPT


async def test_a_stray_message_in_the_place_of_a_deleted_one_is_noticed(built: Parts) -> None:
    await built.redis.xdel(keys.STREAM, "0-3")
    await built.redis.xadd(keys.STREAM, {"entry": "{}"})
    assert await append(built) is Verdict.CORRUPT


async def test_a_key_of_another_kind_in_the_streams_place_is_noticed(built: Parts) -> None:
    await built.redis.set(keys.STREAM, "nonsense")
    assert await append(built) is Verdict.CORRUPT


async def test_a_replica_of_other_rules_is_not_touched(built: Parts) -> None:
    await built.redis.hset(keys.META, "rules", "0")
    assert await append(built) is Verdict.RESET
    assert (await built.scripts.inspect()).damage != ""


async def test_a_fill_takes_the_replica_to_the_end_of_the_log(built: Parts) -> None:
    built.log.grow(700)
    assert await built.filler.fill(10) is Verdict.OK
    assert await built.stream() == built.log.rows


async def test_a_fill_does_not_continue_another_history(built: Parts) -> None:
    built.log.lose(5)
    assert await built.filler.fill(10) is Verdict.FORK
    built.log.append(*[1] * 20, slug="another")
    assert await built.filler.fill(10) is Verdict.FORK
    assert len(await built.stream()) == 10
