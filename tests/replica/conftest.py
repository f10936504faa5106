"""Every test of the replica runs with fakeredis and with a real Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, new_fake_url

from hunt.replica import connect
from stores import migrated_database, migrated_file, postgres_store, sqlite_store, store

__all__ = ["migrated_database", "migrated_file", "postgres_store", "sqlite_store", "store"]


@pytest.fixture(params=["fake", "real"])
def address(request: pytest.FixtureRequest) -> str:
    """The URL of an empty Redis."""
    if request.param == "fake":
        return new_fake_url()
    url: str = request.getfixturevalue("redis_url")
    return url


@pytest.fixture
async def redis(address: str) -> AsyncIterator[Redis]:
    client = connect(address)
    yield client
    await client.aclose()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def parts(redis: Redis, log: MemoryLog) -> Parts:
    """The parts of a replica of `log` in an empty Redis."""
    return Parts(redis, log)


@pytest.fixture
async def built(parts: Parts) -> Parts:
    """The parts of a replica that holds the ten entries of its log."""
    parts.log.grow(10)
    assert await parts.builder.rebuild("For a test.")
    return parts
