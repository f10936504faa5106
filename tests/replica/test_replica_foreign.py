"""What stands in Redis beside the log's own: fields of messages, members of the sorted set, streams nobody has made."""

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, replica_at, running

from hunt.replica import Replica, keys
from waiting import eventually

pytestmark = pytest.mark.anyio
MORE_FIELDS = [
    [("entry", None), ("m", "1")],
    [("m", "1"), ("entry", None)],
    [("entry", None), ("entry", None)],
    [("entry", "{}"), ("entry", None)],
    [("m", "1")],
]


async def right(replica: Replica) -> bool:
    return (await replica.status()).available and await replica.verify() == []


async def refill(redis: Redis, stream: str, id: int, fields: list[tuple[str, str | None]]) -> None:
    """Gives one message of a stream these fields; None stands for the entry that it has."""
    messages = await redis.xrange(stream)
    async with redis.pipeline() as transaction:
        transaction.delete(stream)
        for message_id, held in messages:
            pairs = fields if message_id == keys.message_id(id).encode() else [("entry", None)]
            said = [text for name, value in pairs for text in (name, held[keys.FIELD] if value is None else value)]
            transaction.execute_command("XADD", stream, message_id, *said)
        await transaction.execute()


@pytest.mark.parametrize("fields", MORE_FIELDS)
async def test_the_scrub_finds_a_message_with_other_fields(
    address: str, redis: Redis, log: MemoryLog, fields: list[tuple[str, str | None]]
) -> None:
    log.grow(30)
    async with replica_at(address, log, scrub=4000) as replica, running(replica):
        await eventually(lambda: right(replica), what="a replica")
        await refill(redis, keys.STREAM, 21, fields)
        assert len(await replica.verify()) == 1

        async def found() -> bool:
            return (await replica.status()).counters.scrub_mismatches > 0

        await eventually(found, what="the scrub finding it")
        await eventually(lambda: right(replica), what="a whole replica again")
        assert "own chain" not in str((await replica.status()).last_error)


@pytest.mark.parametrize("fields", MORE_FIELDS)
async def test_an_audit_drops_a_teams_stream_in_which_a_message_has_other_fields(
    built: Parts, address: str, fields: list[tuple[str, str | None]]
) -> None:
    assert await built.keeper._turn({1: False})
    await refill(built.redis, keys.team_stream(1), 5, fields)
    async with replica_at(address, built.log) as replica:
        assert len(await replica.verify()) == 1
        await built.keeper.audit_next()
        assert await replica.verify() == []
    assert await built.redis.exists(keys.team_stream(1)) == 0


async def audit(parts: Parts) -> None:
    """A round through all teams, and what the keeper does for those whose streams it dropped."""
    for _ in range(8):
        await parts.keeper.audit_next()
    waiting, parts.keeper._waiting = parts.keeper._waiting, {}
    assert await parts.keeper._turn(waiting)


async def test_a_team_of_which_the_log_has_nothing_is_taken_out_and_stays_out(built: Parts, address: str) -> None:
    assert await built.keeper._turn({1: False, 999999: False})
    await built.redis.zadd(keys.TEAMS, {"888888": 10})
    async with replica_at(address, built.log) as replica:
        assert len(await replica.verify()) == 2
        await audit(built)
        assert await replica.verify() == []
    assert await built.redis.zrange(keys.TEAMS, 0, -1) == [b"1"]
    assert await built.redis.exists(keys.team_stream(999999)) == 0
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_a_team_whose_first_entry_is_not_in_the_replica_yet_keeps_its_stream(built: Parts) -> None:
    built.log.append(7)
    assert await built.keeper._turn({7: False})
    await audit(built)
    assert (await built.redis.zrange(keys.TEAMS, 0, -1), built.health.counters.team_drops) == ([b"7"], 0)


async def test_a_round_of_right_streams_asks_the_log_for_no_teams(built: Parts) -> None:
    assert await built.keeper._turn({1: False, 2: False, 3: False})
    await audit(built)
    calls = built.log.calls
    for _ in range(3):
        await built.keeper.audit_next()
    assert built.log.calls == calls + 3, "each time where the replica stands"
    assert built.health.counters.team_drops == 0


@pytest.mark.parametrize("kind", ["stream", "hash"])
@pytest.mark.parametrize("member", ["meta", "repairs", "nonsense", "shadow/abc"])
async def test_with_a_foreign_member_goes_nothing_but_a_stream(built: Parts, member: str, kind: str) -> None:
    name = keys.team_stream(member)
    if kind == "stream" and not await built.redis.exists(name):
        await built.redis.xadd(name, {"entry": "{}"})
    elif not await built.redis.exists(name):
        await built.redis.hset(name, "a", "b")
    before = await built.redis.type(name)
    await built.redis.zadd(keys.TEAMS, {member: 5})
    await audit(built)
    assert await built.redis.exists(keys.TEAMS) == 0
    assert await built.redis.exists(name) == (before != b"stream")
    assert (await built.scripts.inspect()).damage == ""


async def score_back(redis: Redis) -> None:
    await redis.zadd(keys.TEAMS, {"1": 4})


async def score_far_back(redis: Redis) -> None:
    await redis.zadd(keys.TEAMS, {"1": 0})


async def score_beyond(redis: Redis) -> None:
    await redis.zadd(keys.TEAMS, {"1": 5000})


async def score_of_no_entry(redis: Redis) -> None:
    await redis.zadd(keys.TEAMS, {"1": 9.5})


async def message_more(redis: Redis) -> None:
    await redis.xadd(keys.team_stream(1), {"entry": "{}"})


async def no_score(redis: Redis) -> None:
    await redis.zrem(keys.TEAMS, "1")


async def another_kind(redis: Redis) -> None:
    await redis.delete(keys.team_stream(1))
    await redis.set(keys.team_stream(1), "nonsense")


async def another_kind_without_score(redis: Redis) -> None:
    await another_kind(redis)
    await no_score(redis)


@pytest.mark.parametrize(
    "damage",
    [
        score_back,
        score_far_back,
        score_beyond,
        score_of_no_entry,
        message_more,
        no_score,
        another_kind,
        another_kind_without_score,
    ],
)
async def test_a_stream_that_goes_elsewhere_than_its_score_is_told_and_mended_without_a_read(
    built: Parts, address: str, damage: Callable[[Redis], Awaitable[None]]
) -> None:
    assert await built.keeper._turn({1: False, 2: False})
    async with replica_at(address, built.log) as replica:
        assert await replica.verify() == []
        await damage(built.redis)
        assert len(await replica.verify()) == 1
        await audit(built)
        assert await replica.verify() == []
    assert await built.team_stream(2) == built.log.of_team(2)
    assert built.health.counters.team_drops == 1


async def test_streams_whose_sorted_set_is_gone_are_told_and_dropped(built: Parts, address: str) -> None:
    assert await built.keeper._turn({1: False, 2: False, 3: False})
    await built.redis.delete(keys.TEAMS)
    await built.redis.xadd(keys.team_stream("007"), {"entry": "{}"})
    await built.redis.xadd(keys.team_stream("1a"), {"entry": "{}"})
    async with replica_at(address, built.log) as replica:
        assert len(await replica.verify()) == 4
        await audit(built)
        assert await replica.verify() == []
    assert await built.redis.keys("activity_log/[0-9]*") == [b"activity_log/1a"]
    assert await built.keeper._turn({1: False})
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_verify_finds_nothing_while_streams_are_extended_and_dropped(address: str, log: MemoryLog) -> None:
    log.grow(100)
    async with replica_at(address, log, scrub=4000) as replica, running(replica):
        await eventually(lambda: right(replica), what="a replica")
        for team_id in (1, 2, 3) * 5:
            replica.publish(*log.grow(30))
            await replica.team_entries(team_id, 0, len(log.rows), 10)
            assert await replica.verify() == []
        assert (await replica.status()).counters.team_drops == 0
