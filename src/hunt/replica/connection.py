"""Connections to Redis, with limits of our own instead of the client's defaults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError

from hunt.replica.answers import as_refusal
from hunt.replica.messages import raw_messages

COMMAND_SECONDS = 0.25
"""A command that takes longer has failed. Nobody but background tasks waits that long."""
CONNECTIONS = 40
"""Sixteen reads of requests, the teams that are extended and each task's own, with room to spare."""
RETRIES = 1
"""One, at once: a pooled connection may have been closed by a server that is up again."""

_PROTOCOL = 2
_fake_servers: dict[str, Any] = {}


class _Client(Redis):
    """A client in which no cancellation is lost, and no field of a message in a stream.

    On Python 3.11 `asyncio.wait_for`, through which the client writes, swallows one that arrives as the write ends; a
    task that was cancelled would then go on for ever.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.set_response_callback("XRANGE", raw_messages)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        execute: Callable[..., Awaitable[Any]] = super().execute_command
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        try:
            with as_refusal():
                return await execute(*args, **options)
        except ReadOnlyError:  # a standby by now; new connections may lead to the server that took its place
            await leave(self)
            raise
        finally:
            if task and task.cancelling() > before:
                raise asyncio.CancelledError


def connect(url: str) -> Redis:
    """A client for redis://, rediss://, unix:// or fake://; the last is one server per process and URL.

    Connects at the first command. Options in the URL do not override those that are set here. ValueError for a URL of
    another kind.
    """
    if url.startswith("fake://"):
        from fakeredis import FakeAsyncRedis, FakeServer  # noqa: PLC0415 - a tenth of a second, for those who use it

        server = _fake_servers.setdefault(url, FakeServer())
        fake = FakeAsyncRedis(server=server, protocol=_PROTOCOL, retry=_retry())
        return _Client.from_pool(fake.connection_pool)
    options: dict[str, Any] = {
        **parse_url(url),
        "protocol": _PROTOCOL,
        "decode_responses": False,
        "socket_timeout": COMMAND_SECONDS,
        "socket_connect_timeout": COMMAND_SECONDS,
        "max_connections": CONNECTIONS,
        "retry": _retry(),
    }
    return _Client.from_pool(ConnectionPool(**options))


def blocking(redis: Redis) -> Redis:
    """A client of the same server for commands that block: without a time limit on the socket. Close it yourself."""
    pool = redis.connection_pool
    kwargs = {**pool.connection_kwargs, "socket_timeout": None, "retry": _retry()}
    return _Client.from_pool(ConnectionPool(connection_class=pool.connection_class, **kwargs))


async def leave(redis: Redis) -> None:
    """Closes the connections that nobody uses now, so that the next commands make new ones."""
    await redis.connection_pool.disconnect(inuse_connections=False)


def _retry() -> Retry:
    return Retry(NoBackoff(), RETRIES)
