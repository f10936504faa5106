"""What Redis may hold that nobody here has written: no task ends of it, and the replica is built anew."""

import json

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, lines, replica_at, running
from structlog.testing import capture_logs

from hunt.game.entries import GENESIS, encode_entry
from hunt.replica import Replica, keys, rebuild
from hunt.replica.messages import BadMessage, decode, parse
from hunt.replica.notes import Notes
from hunt.replica.scripts import Verdict
from hunt.replica.scrubber import prove
from waiting import eventually

pytestmark = pytest.mark.anyio
NESTED = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
NESTED_LESS = '{"a":' + "[" * 500 + "]" * 500 + "}"
LIES = [
    ("timestamp", '"0001-01-01T00:00:00+14:00"'),
    ("timestamp", '"9999-12-31T23:59:59-14:00"'),
    ("data", NESTED),
    ("data", NESTED_LESS),
    ("internal_data", NESTED_LESS),
    ("data", '{"a":' + "9" * 5000 + "}"),
    ("currency_delta", "9" * 5000),
    ("type", '"\\ud800"'),
]
HEADS = [b"abc", b"1e3", b"-1", b"", b"nan", b"inf", b"\xff", b"9" * 400, str(1 << 60).encode()]


def lie(log: MemoryLog, key: str, value: str) -> bytes:
    """The log's last entry, with another value under the key."""
    row = json.loads(encode_entry(log.rows[-1])) | {key: "HERE"}
    return json.dumps(row).replace('"HERE"', value).encode()


async def right(replica: Replica) -> bool:
    return (await replica.status()).available and await replica.verify() == []


@pytest.mark.parametrize(("key", "value"), LIES)
def test_a_message_that_no_digest_can_be_computed_of_holds_no_entry(log: MemoryLog, key: str, value: str) -> None:
    log.grow(1)
    body = lie(log, key, value)
    with pytest.raises(BadMessage):
        decode((1, body))
    with pytest.raises(BadMessage):
        prove(0, GENESIS, [(1, body)])


@pytest.mark.parametrize("id", [b"0-x", b"0-", b"0", b"1-1", b"0--1"])
def test_an_id_that_is_no_number_is_no_entrys(id: bytes) -> None:
    with pytest.raises(BadMessage):
        parse([(id, {keys.FIELD: b"{}"})])


def test_an_entry_with_many_brackets_in_its_text_is_one(log: MemoryLog) -> None:
    log.append(1, slug="[{" * 300)
    assert decode((1, encode_entry(log.rows[0]).encode())) == log.rows[0]


@pytest.mark.parametrize("head", HEADS)
async def test_a_head_that_is_no_id_is_damage_and_is_never_appended_to(built: Parts, head: bytes) -> None:
    await built.redis.hset(keys.META, "head", head)
    replica = await built.scripts.inspect()
    assert (replica.head, replica.present) == (0, True)
    assert "cannot be" in replica.damage
    entries, previous = built.log.grow(1)
    answer = await built.filler.append(10, previous, lines(entries))
    assert (answer.verdict, answer.head) == (Verdict.CORRUPT, 0)
    assert await built.keeper._turn({1: True}) is False


@pytest.mark.parametrize("field", ["head", "digest", "gen", "bad", "rules"])
@pytest.mark.parametrize("said", [b"\xff", b"nan", b"1000", b""])
async def test_whatever_the_replica_says_of_itself_it_can_be_built_anew(built: Parts, field: str, said: bytes) -> None:
    await built.redis.hset(keys.META, field, said)
    await built.scripts.inspect()
    assert await built.builder.rebuild("For a test.")
    assert (await built.scripts.inspect()).damage == ""


async def test_a_replica_that_says_nothing_true_of_itself_can_be_built_anew(built: Parts) -> None:
    await built.redis.hset(keys.META, mapping={"head": 1000, "digest": b"\xff", "gen": b"\xff"})
    assert await built.builder.rebuild("For a test.")
    assert (await built.scripts.inspect()).damage == ""


@pytest.mark.parametrize("field", ["head", "gen", "bad"])
async def test_the_tasks_outlive_what_the_replica_says_of_itself(
    address: str, redis: Redis, log: MemoryLog, field: str
) -> None:
    log.grow(20)
    async with replica_at(address, log) as replica, running(replica):
        await eventually(lambda: right(replica), what="a replica")
        await redis.hset(keys.META, field, b"\xff1e3")
        assert (await replica.status()).available
        await eventually(lambda: right(replica), what="a replica built anew")


@pytest.mark.parametrize("member", ["²", "9" * 5000, "-1", "٣", "01", "", b"\xff", "nonsense"])
async def test_members_that_name_no_team_are_taken_out(
    address: str, redis: Redis, log: MemoryLog, member: str | bytes
) -> None:
    log.grow(5)
    async with replica_at(address, log) as replica:
        await replica.rebuild()
        await redis.zadd(keys.TEAMS, {member: 5})
        assert len(await replica.verify()) == 1
        await replica._keeper.audit_next()
        assert await replica.verify() == []
        assert await redis.exists(keys.TEAMS) == 0


@pytest.mark.parametrize(
    "note",
    [
        '{"at":"0001-01-01T00:00:00+14:00","process":"p","what":"w"}',
        '{"at":"2026-01-01T00:00:00Z","process":"p","what":"w","more":' + NESTED + "}",
    ],
)
async def test_a_note_that_cannot_be_shown_is_left_out(parts: Parts, note: str) -> None:
    await parts.redis.lpush(keys.NOTES, note)
    notes = Notes(parts.redis, parts.scripts, lambda: parts.log.rows[0].timestamp)
    assert await notes.read() == ([], None)


@pytest.mark.parametrize("kind", ["for ever", "for a day", "list"])
async def test_a_key_in_the_place_of_the_lease_or_of_the_builder_stops_no_repair(
    address: str, redis: Redis, log: MemoryLog, kind: str
) -> None:
    log.grow(20)
    async with replica_at(address, log) as replica, running(replica):
        await eventually(lambda: right(replica), what="a replica")
        async with redis.pipeline() as transaction:
            transaction.delete(keys.LEASE, keys.BUILDER, keys.STREAM)
            for name in (keys.LEASE, keys.BUILDER):
                if kind == "list":
                    transaction.rpush(name, "nonsense")
                else:
                    transaction.set(name, "nonsense", ex=86_400 if kind == "for a day" else None)
            await transaction.execute()
        await eventually(lambda: right(replica), what="a replica built anew")


async def test_the_lease_and_the_build_of_somebody_who_is_there_are_respected(parts: Parts) -> None:
    assert await parts.scripts.hold_lease("first", 60)
    assert not await parts.scripts.hold_lease("second", 60)
    assert await parts.scripts.hold_lease("first", 60)
    assert await parts.scripts.take_build("first") == "first"
    assert await parts.scripts.take_build("second") == "first"
    assert 0 < await parts.redis.pttl(keys.BUILDER) <= 5000


async def test_a_rebuild_that_is_refused_for_long_is_told_once(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    await parts.redis.set(keys.BUILDER, "another", px=5_000)
    with capture_logs() as said:
        assert not await parts.builder.rebuild("For a test.")
        assert said == []
        monkeypatch.setattr(rebuild, "LONG_BUILD_SECONDS", 0.0)
        for _ in range(3):
            assert not await parts.builder.rebuild("For a test.")
    assert [(line["event"], line["builder"]) for line in said] == [("rebuild_refused", "another")]
