"""What the replica's tasks say of their repairs: in Redis for every process, and in the log output."""

import json
from datetime import timedelta

import msgspec
import pytest
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisAway
from replica_world import KICKOFF, MemoryLog, Parts, replica_at, rewrite, running
from structlog.testing import capture_logs

from hunt.replica import Replica, connect, keys, status
from hunt.replica.notes import NOTES_KEPT, Notes, ScrubPlace
from hunt.replica.status import Health, Status
from servers import RedisServer
from waiting import eventually

pytestmark = pytest.mark.anyio


async def whole(replica: Replica) -> bool:
    return (await replica.status()).available and await replica.verify() == []


async def test_another_process_can_tell_what_was_repaired(address: str, log: MemoryLog) -> None:
    log.grow(20)
    async with replica_at(address, log) as replica, replica_at(address, log) as other, running(replica):

        async def told() -> Status | None:
            status = await other.status()
            return status if status.repairs else None

        status = await eventually(told, what="the note")
        assert status
        note = status.repairs[0]
        assert note.what == "Rebuilt up to entry 20. There is no replica of this version."
        assert note.at == KICKOFF
        assert note.process.rpartition(":")[2].isdigit()
        assert (await other.status()).last_repair is None


async def test_another_process_can_tell_how_far_the_scrub_is(address: str, log: MemoryLog) -> None:
    log.grow(300)
    async with replica_at(address, log, scrub=100) as replica, replica_at(address, log) as other, running(replica):

        async def told() -> Status | None:
            status = await other.status()
            return status if status.scrub_position else None

        status = await eventually(told, what="the scrub's place")
        assert status
        assert 0 < (status.scrub_position or 0) <= 300
        assert status.scrub_seconds == 3.0


async def test_a_rebuild_that_somebody_asked_for_is_noted(address: str, log: MemoryLog) -> None:
    log.grow(3)
    async with replica_at(address, log) as replica:
        await replica.rebuild()
    async with replica_at(address, log) as other:
        assert [note.what for note in (await other.status()).repairs] == [
            "Rebuilt up to entry 3. Somebody asked for it."
        ]


async def test_the_newest_notes_stay(redis: Redis, parts: Parts) -> None:
    notes = Notes(redis, parts.scripts, lambda: KICKOFF)
    for number in range(NOTES_KEPT + 15):
        notes.add(f"{number}")
        if number % 3 == 0:
            await notes.send()
    await notes.send()
    await notes.send()
    found, place = await notes.read()
    assert [note.what for note in found] == [f"{number}" for number in reversed(range(15, NOTES_KEPT + 15))]
    assert place is None


async def test_notes_wait_for_a_redis_that_is_away(redis_server: RedisServer, log: MemoryLog) -> None:
    client = connect(redis_server.url)
    notes = Notes(client, Parts(client, log).scripts, lambda: KICKOFF + timedelta(seconds=1))
    redis_server.kill()
    notes.add("while it was away")
    with pytest.raises(RedisAway):
        await notes.send()
    redis_server.start()
    await notes.send()
    assert [note.what for note in (await notes.read())[0]] == ["while it was away"]
    await client.aclose()


async def test_what_others_put_in_the_place_of_notes_does_no_harm(redis: Redis, parts: Parts) -> None:
    notes = Notes(redis, parts.scripts, lambda: KICKOFF)
    await redis.set(keys.NOTES, "nonsense")
    await redis.rpush(keys.PLACE, "nonsense")
    assert await notes.read() == ([], None)
    notes.add("mine")
    await notes.send()
    await notes.place(ScrubPlace(7, 5.0))
    await redis.rpush(keys.NOTES, "nonsense", b"\xff", json.dumps({"what": 1}))
    found, place = await notes.read()
    assert [note.what for note in found] == ["mine"]
    assert place == ScrubPlace(7, 5.0)


async def test_repairs_are_in_the_log_output(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(30)
    with capture_logs() as lines:
        async with replica_at(address, log, scrub=4000) as replica, running(replica):
            await eventually(lambda: whole(replica), what="a replica")
            await rewrite(redis, keys.STREAM, 7, slug="forged")

            async def rebuilt() -> bool:
                return (await replica.status()).counters.rebuilds == 2

            await eventually(rebuilt, what="the second rebuild")
            log.grow(5)
            await eventually(lambda: whole(replica), what="a whole replica again")
    said = [(line["event"], line.get("entries"), line.get("after")) for line in lines if line["event"] != "redis_away"]
    assert said == [
        ("replica_rebuilt", 30, None),
        ("scrub_mismatch", None, 0),
        ("replica_rebuilt", 30, None),
        ("replica_filled", None, None),
    ]
    assert "The replica ended at entry 30, the log at 35." in lines[-1]["reason"]


async def test_a_dropped_stream_of_a_team_is_in_the_log_output(built: Parts) -> None:
    with capture_logs() as lines:
        assert await built.keeper._turn({1: False})
        await rewrite(built.redis, keys.team_stream(1), 5, slug="forged")
        assert await built.keeper._turn({1: True})
    assert lines == [{"event": "team_stream_dropped", "team": 1, "log_level": "warning"}]


def test_that_redis_is_away_is_told_once_and_that_it_is_back() -> None:
    health = Health()
    with capture_logs() as lines:
        health.checked()
        for _ in range(3):
            health.failed(RedisAway("gone"))
        health.failed(ValueError("something else"))
        health.checked()
        health.checked()
        health.failed(RedisAway("gone again"))
    assert [line["event"] for line in lines] == ["redis_away", "redis_back", "redis_away"]
    assert health.counters.errors == 5


def test_a_redis_that_refuses_what_is_asked_is_not_away() -> None:
    health = Health()
    with capture_logs() as lines:
        health.failed(ResponseError("OOM command not allowed"))
        assert health.last_error == "ResponseError: OOM command not allowed"
        health.failed(BusyLoadingError("loading"))
    assert [line["event"] for line in lines] == ["redis_refused", "redis_away"]


def test_each_reason_for_which_redis_refuses_is_told_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health()
    refusals = [ReadOnlyError("You can't write"), ResponseError("MISCONF no disk"), ResponseError("NOREPLICAS none")]
    with capture_logs() as lines:
        for error in refusals * 3:
            health.failed(error)
        health.answered()
    assert [line["error"].partition(":")[2] for line in lines] == [f" {error}" for error in refusals]
    monkeypatch.setattr(status, "REFUSED_SECONDS", -1.0)
    health = Health()
    with capture_logs() as lines:
        for error in refusals * 2:
            health.failed(error)
    assert len(lines) == 6


async def test_a_process_that_only_reads_tells_that_redis_is_back(redis_server: RedisServer, log: MemoryLog) -> None:
    log.grow(10)
    async with replica_at(redis_server.url, log) as replica, replica_at(redis_server.url, log) as other:
        for ask in (replica._keeper._turn({1: False}), replica.read(0, 50, 10)):
            redis_server.kill()
            with capture_logs() as lines:
                assert not (await replica.status()).available
                redis_server.start()
                await other.rebuild()
                assert await ask
            said = [line["event"] for line in lines]
            assert said == ["redis_away", "replica_rebuilt", "redis_back"]


async def test_a_broken_chain_of_the_log_is_told_once(address: str, log: MemoryLog) -> None:
    log.grow(10)
    log.rows[4] = msgspec.structs.replace(log.rows[4], slug="edited")
    with capture_logs() as lines:
        async with replica_at(address, log, reconcile=0.01, scrub=4000) as replica, running(replica):

            async def thrice() -> bool:
                return (await replica.status()).counters.scrubbed >= 30

            await eventually(thrice, what="three passes")
    assert [line["event"] for line in lines if "chain" in line["event"]] == ["log_chain_broken"]
