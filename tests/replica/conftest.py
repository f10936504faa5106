"""Every test of the replica runs with fakeredis and with a real Redis."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, new_fake_url
from structlog.testing import capture_logs

from hunt.replica import connect, scrubber, teams
from hunt.replica.derived import writer as derived_writer
from servers import RedisServer
from stores import migrated_database, migrated_file, postgres_store, sqlite_store, store

__all__ = ["migrated_database", "migrated_file", "postgres_store", "sqlite_store", "store"]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scrub does not wait long; requests wait longer, for a busy machine may take more than they would."""
    monkeypatch.setattr(scrubber, "STEP_SECONDS", 0.05)
    monkeypatch.setattr(teams, "DEADLINE_SECONDS", 0.2)


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


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """States are written one at a time, without rests between them."""
    monkeypatch.setattr(derived_writer, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(derived_writer, "REST_SECONDS", 0.0)
    monkeypatch.setattr(derived_writer, "SHARE", 1e9)
    with capture_logs():
        yield


@pytest.fixture
def raw(redis_server: RedisServer) -> Iterator[Any]:
    """A client that sees bytes."""
    with PlainRedis(unix_socket_path=str(redis_server.socket)) as client:
        yield client
