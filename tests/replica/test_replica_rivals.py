"""Two hunts that share one Redis: they rebuild it ever more rarely, say so once, and show nothing wrong."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, replica_at
from structlog.testing import capture_logs

from hunt.replica import Replica, keys, rivals
from hunt.replica.rivals import WAIT_SECONDS, Rivals
from waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
def other() -> MemoryLog:
    log = MemoryLog()
    log.append(*[2] * 30, slug="another")
    return log


@pytest.fixture
async def theirs(address: str, other: MemoryLog) -> AsyncIterator[Replica]:
    """The replica of another hunt, at rest."""
    async with replica_at(address, other) as replica:
        yield replica


async def mended(replica: Replica) -> bool:
    """Whether a check that somebody has asked for leaves a replica of the log."""
    await replica._reconciler._check(asked=True)
    return await replica._reconciler.examine() is None


async def test_two_hunts_on_one_redis_rebuild_ever_more_rarely_and_say_so_once(
    address: str, log: MemoryLog, theirs: Replica
) -> None:
    log.grow(20)
    async with replica_at(address, log) as replica:
        with capture_logs() as lines:
            for _ in range(WAIT_SECONDS.count(0.0) + 1):
                assert await mended(replica)
                await theirs.rebuild()
            for _ in range(3):
                assert not await mended(replica)
            await theirs.rebuild()
            assert not await mended(replica)
        assert [line["event"] for line in lines].count("redis_shared") == 1
        assert await replica.team_entries(2, 0, 20, 100) == log.of_team(2)


async def test_what_others_have_put_there_is_replaced_when_the_time_has_come(
    address: str, log: MemoryLog, theirs: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "WAIT_SECONDS", (0.1,))
    log.grow(20)
    async with replica_at(address, log) as replica:
        assert await mended(replica)
        await theirs.rebuild()
        assert not await mended(replica)
        await eventually(lambda: mended(replica), what="the replica of this log")


async def test_damage_and_restores_are_mended_at_once_however_often(
    address: str, redis: Redis, log: MemoryLog, theirs: Replica
) -> None:
    log.grow(20)
    async with replica_at(address, log) as replica:
        for _ in range(WAIT_SECONDS.count(0.0) + 1):
            assert await mended(replica)
            await theirs.rebuild()
        assert not await mended(replica)
        for number in range(4):
            await redis.delete(keys.META)
            assert await mended(replica), "nothing is there"
            await redis.hset(keys.META, "digest", "0" * 64)
            assert await mended(replica), "the same replica, damaged"
            log.lose(5)
            log.append(*[1] * 5, slug=f"another-{number}")
            await theirs.rebuild()
            assert await mended(replica), "a log that was restored"


async def test_after_a_long_peace_all_is_as_at_first(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PEACE_SECONDS", -1000.0)
    found = Rivals(log)
    found.ours("ours", *await log.head())
    assert [await found.allow(f"theirs{number}") for number in range(20)] == [True] * 20


async def test_the_scrub_does_not_mark_the_replica_of_another_log(
    built: Parts, address: str, log: MemoryLog, theirs: Replica
) -> None:
    async with replica_at(address, log, scrub=4000) as replica:
        await theirs.rebuild()
        await replica._scrubber._step(100)
        assert (await replica.status()).bad is None
        assert replica._reconciler._asked.is_set()
