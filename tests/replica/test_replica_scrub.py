"""What no counter shows: entries edited in place. And what people are told."""

import msgspec
import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, replica_at, rewrite, running

from hunt.game.entries import encode_entry
from hunt.replica import Replica, keys
from hunt.replica.diagnosis import diagnose
from hunt.replica.scripts import Inspection
from servers import RedisServer
from waiting import eventually

pytestmark = pytest.mark.anyio


async def whole(replica: Replica) -> bool:
    return (await replica.status()).available and await replica.verify() == []


@pytest.mark.parametrize("id", [1, 317, 450])
async def test_the_scrub_finds_an_edited_entry_within_a_pass(
    address: str, redis: Redis, log: MemoryLog, id: int
) -> None:
    log.grow(450)
    async with replica_at(address, log, scrub=4000) as replica, running(replica):
        await eventually(lambda: whole(replica), what="a replica")
        await rewrite(redis, keys.STREAM, id, slug="forged")

        async def found() -> bool:
            return (await replica.status()).counters.scrub_mismatches > 0

        await eventually(found, what="the scrub finding it")
        await eventually(lambda: whole(replica), what="a whole replica again")


async def test_the_scrub_finds_an_entry_in_another_form(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(5)
    async with replica_at(address, log, scrub=4000) as replica, running(replica):
        await eventually(lambda: whole(replica), what="a replica")
        body = (await redis.xrange(keys.STREAM))[-1][1][keys.FIELD]
        async with redis.pipeline() as transaction:
            transaction.delete(keys.STREAM)
            for row in bodies(log)[:-1]:
                transaction.xadd(keys.STREAM, {"entry": row[1]}, id=keys.message_id(row[0]))
            transaction.xadd(keys.STREAM, {"entry": body.replace(b"{", b'{"more":1,', 1)}, id="0-5")
            await transaction.execute()

        async def found() -> bool:
            return (await replica.status()).counters.scrub_mismatches > 0

        await eventually(found, what="the scrub finding it")
        await eventually(lambda: whole(replica), what="a whole replica again")


def bodies(log: MemoryLog) -> list[tuple[int, str]]:
    return [(row.id, encode_entry(row)) for row in log.rows]


async def test_the_scrub_finds_an_edited_entry_of_a_teams_stream(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log, scrub=4000) as replica, running(replica):
        await eventually(lambda: whole(replica), what="a replica")
        await replica.team_entries(1, 0, 50, 100)

        async def there() -> bool:
            return bool(await redis.exists(keys.team_stream(1)))

        await eventually(there, what="the team's stream")
        await rewrite(redis, keys.team_stream(1), 5, slug="forged")

        async def dropped() -> bool:
            return (await replica.status()).counters.team_drops > 0

        await eventually(dropped, what="the scrub finding it")
        await eventually(lambda: whole(replica), what="a replica without findings")


async def test_a_broken_chain_of_the_log_itself_is_told_and_starts_no_rebuilds(address: str, log: MemoryLog) -> None:
    log.grow(300)
    log.rows[120] = msgspec.structs.replace(log.rows[120], slug="edited-in-the-database")
    async with replica_at(address, log, scrub=4000) as replica, running(replica):

        async def told() -> bool:
            return "own chain" in str((await replica.status()).last_error)

        await eventually(told, what="the error")
        counters = (await replica.status()).counters
        assert (counters.rebuilds, counters.scrub_mismatches) == (1, 0)
        assert await replica.verify() == []


async def test_of_many_processes_one_scrubs(address: str, log: MemoryLog) -> None:
    log.grow(50)
    one, two = replica_at(address, log, scrub=4000), replica_at(address, log, scrub=4000)
    async with one as first, two as second, running(first, second):

        async def scrubbed() -> list[int]:
            counts = [(await replica.status()).counters.scrubbed for replica in (first, second)]
            return counts if max(counts) > 100 else []

        assert min(await eventually(scrubbed, what="two passes")) == 0


async def test_verify_says_what_differs(built: Parts, address: str) -> None:
    async with replica_at(address, built.log) as replica:
        assert await replica.verify() == []
        assert await built.keeper._turn({1: False, 2: False})
        await rewrite(built.redis, keys.team_stream(1), 5, slug="forged")
        await built.redis.xdel(keys.team_stream(2), "0-6")
        await rewrite(built.redis, keys.STREAM, 3, slug="forged")
        await built.redis.zadd(keys.TEAMS, {"9": 700, "nobody": 1})
        findings = "\n".join(await replica.verify())
        for part in (
            "The stream holds another entry 3",
            "team 1 holds another entry 5",
            "team 2 lacks entry 6",
            "700 for 9",
            "nobody",
        ):
            assert part in findings


async def test_verify_says_that_the_replica_is_missing(parts: Parts, address: str) -> None:
    async with replica_at(address, parts.log) as replica:
        assert await replica.verify() == ["There is no replica of this version."]


async def test_verify_says_that_the_replica_stays_behind(built: Parts, address: str) -> None:
    built.log.grow(5)
    async with replica_at(address, built.log) as replica:
        assert await replica.verify() == ["The replica stays behind entry 15, the log's last."]


async def test_verify_and_status_say_that_redis_is_away(redis_server: RedisServer, log: MemoryLog) -> None:
    redis_server.kill()
    async with replica_at(redis_server.url, log) as replica:
        assert "does not answer" in (await replica.verify())[0]
        status = await replica.status()
        assert (status.available, status.head) == (False, None)


RIGHT = Inspection("2", 10, "d10", "gen", "", 10, "0-10")


def test_a_replica_that_stands_where_the_log_stands_needs_nothing() -> None:
    assert diagnose(RIGHT, 10, "d10") is None
    assert diagnose(Inspection("2", 0, "d0", "gen", "", 0, ""), 0, "d0") is None


@pytest.mark.parametrize(
    ("replica", "head", "there", "action"),
    [
        (RIGHT, 12, "d10", "fill"),
        (RIGHT, 12, "other", "rebuild"),
        (RIGHT, 8, None, "rebuild"),
        (Inspection("", 0, "", "", "", -1, ""), 10, None, "rebuild"),
        (Inspection("0", 10, "d10", "gen", "", 10, "0-10"), 10, "d10", "rebuild"),
        (Inspection("2", 10, "d10", "gen", "why", 10, "0-10"), 10, "d10", "rebuild"),
        (Inspection("2", 10, "d10", "gen", "", 9, "0-10"), 10, "d10", "rebuild"),
        (Inspection("2", 10, "d10", "gen", "", 10, "0-11"), 10, "d10", "rebuild"),
        (Inspection("2", 0, "d0", "gen", "", -1, ""), 0, "d0", "rebuild"),
    ],
)
def test_what_is_wrong_is_told_apart(replica: Inspection, head: int, there: str | None, action: str) -> None:
    finding = diagnose(replica, head, there)
    assert finding is not None
    assert finding.action == action
