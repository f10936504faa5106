"""Connections to Redis, with limits of our own instead of the client's defaults."""

from typing import Final

from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

COMMAND_SECONDS: Final = 0.25
"""A command that takes longer has failed. Nobody but background tasks waits that long."""
CONNECTIONS: Final = 32
RETRIES: Final = 1
"""One, at once: a pooled connection may have been closed by a server that is up again."""
FAKE_PUBLISH_SECONDS: Final = 0.05
"""fakeredis costs about 250 µs a script call and 40 µs an entry, in this process: wait, so that a call carries more."""

_PROTOCOL: Final = 2
_fake_servers: dict[str, FakeServer] = {}


def connect(url: str) -> Redis:
    """A client for redis://, rediss://, unix:// or fake://; the last is one server per process and URL.

    Connects at the first command. ValueError for a URL of another kind.
    """
    if url.startswith("fake://"):
        server = _fake_servers.setdefault(url, FakeServer())
        return FakeAsyncRedis(server=server, protocol=_PROTOCOL, retry=_retry())
    return Redis.from_url(
        url,
        protocol=_PROTOCOL,
        socket_timeout=COMMAND_SECONDS,
        socket_connect_timeout=COMMAND_SECONDS,
        max_connections=CONNECTIONS,
        retry=_retry(),
    )


def blocking(redis: Redis) -> Redis:
    """A client of the same server for commands that block: without a time limit on the socket. Close it yourself."""
    pool = redis.connection_pool
    kwargs = {**pool.connection_kwargs, "socket_timeout": None, "retry": _retry()}
    return Redis.from_pool(ConnectionPool(connection_class=pool.connection_class, **kwargs))


def publish_interval(url: str) -> float:
    """How long a publisher should collect entries before it writes, in seconds."""
    return FAKE_PUBLISH_SECONDS if url.startswith("fake://") else 0.0


def _retry() -> Retry:
    return Retry(NoBackoff(), RETRIES)
