"""What stands in Redis beside the log's own: fields of messages, members of the sorted set, streams nobody has made."""

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

        await eventually(found, within=10, what="the scrub finding it")
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
