"""The feed's blocked read: it never waits at a stream that is not the one it knows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from replica_world import MemoryLog, Parts, lines

from hunt.game.entries import GENESIS, encode_entry
from hunt.replica import Away, Behind, Gone, connect, keys
from hunt.replica.connection import blocking
from hunt.replica.errors import TooFar
from hunt.replica.filler import Filler
from hunt.replica.pace import SERVER
from hunt.replica.reader import Reader
from hunt.replica.scripts import Scripts, Verdict
from servers import RedisServer
from waiting import WITHIN_SECONDS

pytestmark = pytest.mark.anyio
SHORT_MS = 50
LONG_MS = 120_000


class Reading:
    """A reader with its connection, and whether it asked for a repair."""

    def __init__(self, parts: Parts) -> None:
        self.redis = blocking(parts.redis)
        self.asked = asyncio.Event()
        self.reader = Reader(self.redis, parts.scripts, self.asked.set)

    async def __aenter__(self) -> Reader:
        return self.reader

    async def __aexit__(self, *_: object) -> None:
        await self.redis.aclose()


async def test_what_is_there_is_read_at_once(built: Parts) -> None:
    async with Reading(built) as reader:
        assert await reader.read(0, LONG_MS, 10) == built.log.rows
        assert await reader.read(4, LONG_MS, 100) == built.log.rows[4:]


async def test_more_than_is_read_in_one_go_is_told(built: Parts) -> None:
    async with Reading(built) as reader:
        with pytest.raises(TooFar):
            await reader.read(0, LONG_MS, 9)
        assert await reader.read(1, LONG_MS, 9) == built.log.rows[1:]


async def test_a_waiting_reader_is_woken_by_an_append(built: Parts) -> None:
    async with Reading(built) as reader:
        waiting = asyncio.create_task(reader.read(10, LONG_MS, 100))
        await asyncio.sleep(0)
        entries, previous = built.log.grow(3)
        assert (await built.filler.append(10, previous, lines(entries))).verdict is Verdict.OK
        async with asyncio.timeout(WITHIN_SECONDS):
            assert (await waiting)[:1] == entries[:1]


async def test_a_waiting_reader_is_woken_by_a_longer_stream_that_is_swapped_in(built: Parts) -> None:
    async with Reading(built) as reader:
        waiting = asyncio.create_task(reader.read(10, LONG_MS, 100))
        await asyncio.sleep(0)
        built.log.grow(5)
        assert await built.builder.rebuild("For a test.")
        async with asyncio.timeout(WITHIN_SECONDS):
            assert await waiting == built.log.rows[10:]


async def test_nothing_new_is_an_empty_list(built: Parts) -> None:
    async with Reading(built) as reader:
        assert await reader.read(10, SHORT_MS, 100) == []
        assert await reader.read(10, SHORT_MS, 100) == []


async def test_an_empty_log_is_an_empty_list(parts: Parts) -> None:
    assert await parts.builder.rebuild("For a test.")
    async with Reading(parts) as reader:
        assert await reader.read(0, SHORT_MS, 100) == []


async def test_a_stream_that_ends_before_the_cursor_is_told(built: Parts) -> None:
    reading = Reading(built)
    async with reading as reader:
        async with asyncio.timeout(LONG_MS / 2000):
            with pytest.raises(Behind):
                await reader.read(11, LONG_MS, 100)
        assert reading.asked.is_set()


async def test_a_missing_replica_is_told(parts: Parts) -> None:
    async with Reading(parts) as reader:
        async with asyncio.timeout(LONG_MS / 2000):
            with pytest.raises(Gone):
                await reader.read(0, LONG_MS, 100)


async def test_a_flush_is_told_after_the_wait(built: Parts) -> None:
    async with Reading(built) as reader:
        waiting = asyncio.create_task(reader.read(10, SHORT_MS, 100))
        await asyncio.sleep(0)
        await built.redis.flushall()
        with pytest.raises(Gone):
            await waiting


async def test_a_rebuild_is_nothing_to_whoever_reads_on(built: Parts) -> None:
    async with Reading(built) as reader:
        assert await reader.read(10, SHORT_MS, 100) == []
        assert await built.builder.rebuild("For a test.")
        assert await reader.read(10, SHORT_MS, 100) == []
        entries, previous = built.log.grow(3)
        assert (await built.filler.append(10, previous, lines(entries))).verdict is Verdict.OK
        assert await reader.read(10, SHORT_MS, 100) == entries


@pytest.mark.parametrize("moved", ["stream", "head", "head and digest", "seal of another secret"])
async def test_an_entry_that_somebody_else_adds_is_not_read_though_its_digest_fits(built: Parts, moved: str) -> None:
    """Whoever knows the rules of the log can make one; only the server's processes can seal a head."""
    entries, previous = built.log.grow(1)
    [forged] = entries
    async with Reading(built) as reader:
        waiting = asyncio.create_task(reader.read(10, LONG_MS, 100))
        await asyncio.sleep(0)
        if moved.startswith("seal"):
            await Filler(Scripts(built.redis, "another"), built.log, built.health, SERVER).append(
                10, previous, lines(entries)
            )
        else:
            await built.redis.xadd(keys.STREAM, {keys.FIELD: encode_entry(forged)}, id="0-11")
        if moved.startswith("head"):
            await built.redis.hset(keys.META, "head", "11")
        if moved.endswith("digest"):
            await built.redis.hset(keys.META, "digest", forged.digest)
        with pytest.raises(Gone):
            await waiting


async def test_a_shorter_stream_that_is_swapped_in_is_told(built: Parts) -> None:
    async with Reading(built) as reader:
        waiting = asyncio.create_task(reader.read(10, SHORT_MS, 100))
        await asyncio.sleep(0)
        built.log.lose(5)
        assert await built.builder.rebuild("For a test.")
        with pytest.raises((Gone, Behind)):
            await waiting
        with pytest.raises(Behind):
            await reader.read(10, SHORT_MS, 100)


async def test_a_hole_is_never_read_over(built: Parts) -> None:
    async with Reading(built) as reader:
        assert await reader.read(10, SHORT_MS, 100) == []
        await built.redis.xdel(keys.STREAM, "0-3")
        with pytest.raises(Gone):
            await reader.read(2, LONG_MS, 100)


async def test_a_message_that_is_no_entry_is_not_read(built: Parts) -> None:
    async with Reading(built) as reader:
        assert await reader.read(10, SHORT_MS, 100) == []
        await built.redis.xadd(keys.STREAM, {"entry": "nonsense"}, id="0-11")
        with pytest.raises(Gone):
            await reader.read(10, SHORT_MS, 100)


@contextlib.asynccontextmanager
async def read_up_to_ten(server: RedisServer) -> AsyncIterator[Reader]:
    """A reader that has seen the ten entries of a replica in a real Redis."""
    redis, log = connect(server.url), MemoryLog()
    log.grow(10)
    parts = Parts(redis, log)
    assert await parts.builder.rebuild("For a test.")
    async with Reading(parts) as reader:
        assert await reader.read(10, SHORT_MS, 100) == []
        yield reader
    await redis.aclose()


async def test_a_redis_that_does_not_answer_is_told_in_time(redis_server: RedisServer) -> None:
    async with read_up_to_ten(redis_server) as reader:
        redis_server.pause()
        async with asyncio.timeout(WITHIN_SECONDS):
            with pytest.raises(Away):
                await reader.read(10, SHORT_MS, 100)
        redis_server.resume()
        assert await reader.read(10, SHORT_MS, 100) == []


async def test_a_redis_that_dies_is_told_at_once(redis_server: RedisServer) -> None:
    async with read_up_to_ten(redis_server) as reader:
        waiting = asyncio.create_task(reader.read(10, LONG_MS, 100))
        await asyncio.sleep(0)
        redis_server.kill()
        async with asyncio.timeout(WITHIN_SECONDS):
            with pytest.raises(Away):
                await waiting


async def test_a_connection_that_is_not_woken_by_what_comes_is_left(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(redis_server.url) as client:
        parts = Parts(client, MemoryLog())
        assert await parts.builder.rebuild("For a test.")
        reading = Reading(parts)
        async with reading as reader:
            before = await reading.redis.client_id()
            assert await reader.read(0, SHORT_MS, 10) == []
            assert await reading.redis.client_id() == before

            async def from_a_standby(*_: object, **__: object) -> list[object]:
                await parts.filler.append(0, GENESIS, lines(parts.log.grow(1)[0]))
                return []

            monkeypatch.setattr(reading.redis, "xread", from_a_standby)
            assert await reader.read(0, SHORT_MS, 10) == parts.log.rows
            assert await reading.redis.client_id() != before
