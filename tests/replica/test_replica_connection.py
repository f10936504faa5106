"""Clients of Redis."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError

from hunt.replica import connect
from hunt.replica.connection import COMMAND_SECONDS, blocking
from servers import RedisServer
from waiting import WITHIN_SECONDS

pytestmark = pytest.mark.anyio


async def test_two_clients_of_one_fake_url_share_a_server() -> None:
    one, two, other = connect("fake://shared"), connect("fake://shared"), connect("fake://other")
    await one.set("a", "1")
    assert (await two.get("a"), await other.get("a")) == (b"1", None)
    for client in (one, two, other):
        await client.aclose()


async def test_a_blocking_client_talks_to_the_same_server(redis: Redis) -> None:
    await redis.set("a", "1")
    client = blocking(redis)
    assert await client.get("a") == b"1"
    await client.aclose()


async def test_a_redis_that_is_not_there_is_told_at_once() -> None:
    client = connect("redis://127.0.0.1:1")
    async with asyncio.timeout(WITHIN_SECONDS):
        with pytest.raises(RedisConnectionError):
            await client.ping()


@pytest.mark.parametrize("turns", range(12))
async def test_a_task_that_is_cancelled_ends_wherever_it_is(redis: Redis, turns: int) -> None:
    async def ask_for_ever() -> None:
        while True:
            await redis.get("a")

    for _ in range(20):
        task = asyncio.create_task(ask_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        _, pending = await asyncio.wait([task], timeout=WITHIN_SECONDS)
        if pending:
            task.cancel()
        assert not pending


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        connect("http://127.0.0.1")


async def test_a_redis_that_was_made_a_standby_is_left(redis_server: RedisServer) -> None:
    async with connect(redis_server.url) as client:
        before = await client.client_id()
        assert await client.client_id() == before
        with redis_server.client() as behind:
            behind.replicaof("127.0.0.1", "1")
            with pytest.raises(ReadOnlyError):
                await client.set("a", "1")
            behind.replicaof("NO", "ONE")
        assert await client.client_id() != before
        assert await client.set("a", "1")


async def test_options_in_the_url_override_none_of_ours(redis_server: RedisServer) -> None:
    options = "protocol=3&decode_responses=True&socket_timeout=60&socket_connect_timeout=60&max_connections=1&db=3"
    async with connect(f"{redis_server.url}?{options}") as client:
        await client.set("a", "1")
        assert (await asyncio.gather(client.get("a"), client.get("a"))) == [b"1", b"1"]
        with redis_server.client() as behind:
            assert behind.info("keyspace").keys() == {"db3"}
        kwargs = client.connection_pool.connection_kwargs
        assert (kwargs["socket_timeout"], kwargs["protocol"]) == (COMMAND_SECONDS, 2)


def test_under_uvloop_a_connection_that_is_closed_as_it_is_accepted_is_a_redis_that_is_away() -> None:
    uvloop = pytest.importorskip("uvloop", reason="it is not made for this platform")

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def ask() -> set[bool]:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        redis = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        said = await asyncio.gather(*(redis.get("x") for _ in range(200)), return_exceptions=True)
        await redis.aclose()
        server.close()
        return {isinstance(error, RedisError) for error in said}

    assert uvloop.run(ask()) == {True}
