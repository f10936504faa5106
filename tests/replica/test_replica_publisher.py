"""The pump: it owns everything after the replica's head, and nobody waits for it."""

import asyncio

import pytest
from replica_world import MemoryLog, new_fake_url, replica_at, running

from hunt.replica import Replica
from hunt.replica.publisher import BUFFER_ENTRIES
from servers import RedisServer
from waiting import eventually

pytestmark = pytest.mark.anyio


async def settled(replica: Replica, log: MemoryLog) -> None:
    """Waits until the replica holds the whole log."""

    async def whole() -> bool:
        status = await replica.status()
        return (status.head, status.digest, status.bad) == (len(log.rows), log.digest, None)

    await eventually(whole, what="a replica that holds the whole log")


async def test_what_is_published_arrives(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log) as replica, running(replica):
        await settled(replica, log)
        for count in (1, 3, 500):
            replica.publish(*log.grow(count))
        await settled(replica, log)
        assert await replica.verify() == []


async def test_entries_that_nobody_published_are_filled_in_before_those_that_were(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log, reconcile=60) as replica, running(replica):
        await settled(replica, log)
        log.grow(20)
        replica.publish(*log.grow(2))
        await settled(replica, log)
        assert (await replica.status()).counters.gap >= 1


async def test_batches_published_out_of_order_arrive_in_order(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log, reconcile=60) as replica, running(replica):
        await settled(replica, log)
        first, second = log.grow(4), log.grow(4)
        replica.publish(*second)
        replica.publish(*first)
        await settled(replica, log)
        assert await replica.verify() == []


async def test_publishers_that_race_leave_no_hole(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log) as one, replica_at(address, log) as two, running(one, two):
        await settled(one, log)
        for number in range(60):
            (one, two)[number % 2].publish(*log.grow(1 + number % 5))
            await asyncio.sleep(0)
        await settled(one, log)
        assert await two.verify() == []
        status = [await replica.status() for replica in (one, two)]
        assert sum(each.counters.corrupt + each.counters.fork for each in status) == 0


async def test_an_empty_publication_is_nothing(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log) as replica:
        replica.publish([], log.digest)
        assert (await replica.status()).buffered == 0


async def test_an_overflowing_buffer_is_dropped_and_the_log_fills_the_gap(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log) as replica:
        replica.publish(*log.grow(BUFFER_ENTRIES))
        assert (await replica.status()).buffered == BUFFER_ENTRIES
        replica.publish(*log.grow(1))
        status = await replica.status()
        assert (status.buffered, status.counters.overflows) == (0, 1)
        async with running(replica):
            await settled(replica, log)


async def test_publishing_does_not_wait_for_a_redis_that_is_dead(redis_server: RedisServer, log: MemoryLog) -> None:
    redis_server.kill()
    async with replica_at(redis_server.url, log) as replica, running(replica):
        replica.publish(*log.grow(5))
        await eventually(lambda: _failed(replica), what="an error")
        redis_server.start()
        await settled(replica, log)


async def _failed(replica: Replica) -> bool:
    return (await replica.status()).last_error is not None


async def test_a_redis_that_dies_and_comes_back_empty_is_rebuilt(redis_server: RedisServer, log: MemoryLog) -> None:
    async with replica_at(redis_server.url, log) as replica, running(replica):
        replica.publish(*log.grow(50))
        await settled(replica, log)
        redis_server.kill()
        replica.publish(*log.grow(50))
        await eventually(lambda: _failed(replica), what="an error")
        redis_server.start()
        replica.publish(*log.grow(5))
        await settled(replica, log)
        assert await replica.verify() == []
        assert "Rebuilt" in str((await replica.status()).last_repair)


async def test_a_redis_that_pauses_is_caught_up_with(redis_server: RedisServer, log: MemoryLog) -> None:
    async with replica_at(redis_server.url, log) as replica, running(replica):
        replica.publish(*log.grow(50))
        await settled(replica, log)
        redis_server.pause()
        replica.publish(*log.grow(50))
        status = await replica.status()
        assert not status.available
        redis_server.resume()
        await settled(replica, log)


async def test_a_log_that_is_away_stops_nothing(address: str, log: MemoryLog) -> None:
    async with replica_at(address, log, reconcile=0.05) as replica:
        log.grow(10)
        log.away = True
        async with running(replica):
            await eventually(lambda: _failed(replica), what="an error")
            log.away = False
            await settled(replica, log)


async def test_a_bug_in_a_task_is_not_hidden(address: str, log: MemoryLog) -> None:
    class Buggy(MemoryLog):
        async def head(self) -> tuple[int, str]:
            raise ZeroDivisionError

    async with replica_at(address, Buggy()) as replica:
        with pytest.raises(ExceptionGroup) as caught:
            await replica.run()
        assert caught.group_contains(ZeroDivisionError)


async def test_for_a_redis_in_this_process_entries_are_collected_before_they_are_published(log: MemoryLog) -> None:
    async with replica_at(new_fake_url(), log, reconcile=60) as replica, running(replica):
        await settled(replica, log)
        for _ in range(20):
            replica.publish(*log.grow(1))
            await asyncio.sleep(0)
        await settled(replica, log)
        assert (await replica.status()).counters.ok == 1
