"""Redis as the processes of the model reach it: real client, real Lua, a road between them that takes time and breaks.

A command that is on its way arrives, whether or not somebody still waits for the answer. So what has timed out may yet
take effect, and what has taken effect may never be answered.
"""

import asyncio
import copy
from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING, Any

from fakeredis import FakeAsyncRedis, FakeRedis, FakeServer
from fakeredis.aioredis import AsyncFakeSocket, FakeAsyncRedisConnection
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from benchmarks.faults.model.seeding import Ordered, as_any
from hunt.replica import connection as real

if TYPE_CHECKING:
    from benchmarks.faults.model.process import Process

PAUSES = ((0.7, 0.001), (0.95, 0.01), (1.0, 0.05))
"""(share of all, at most so many seconds) of what one way takes."""

SLOW_PAUSES = ((0.3, 0.02), (0.8, 0.2), (1.0, 0.5))


def pause_of(chance: Random, *, slow: bool) -> float:
    """How long one way takes, in seconds."""
    share = chance.random()
    longest = next(longest for limit, longest in (SLOW_PAUSES if slow else PAUSES) if share <= limit)
    return chance.random() * longest


class Cut:
    """Stands where an answer would: the connection is gone."""


class Store:
    """One Redis server, its faults, and a direct way to its content."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.server = FakeServer()
        self.plain: Any = FakeRedis(server=self.server)
        self.is_away = False
        self.is_slow = False
        self.is_paused = False
        self.trouble = 0.0
        """How likely a connection breaks before a command takes effect; as likely, after it."""
        self.after_command: Callable[[], None] = lambda: None
        self._held: list[Callable[[], None]] = []
        as_any(self.server.dbs[0])._change_callbacks = Ordered()

    def leave(self) -> None:
        """The server is gone, with all connections."""
        self.is_away = True
        for socket in [*self.server.sockets]:
            if isinstance(socket, AsyncFakeSocket):
                cut(socket)

    def come_back(self) -> None:
        self.is_away = self.is_slow = False
        self.resume()

    def resume(self) -> None:
        """Carry out what has arrived while the server was stopped."""
        self.is_paused = False
        held, self._held = self._held, []
        for carry_out in held:
            carry_out()

    def arrive(self, carry_out: Callable[[], None]) -> None:
        if self.is_paused:
            self._held.append(carry_out)
        else:
            carry_out()

    def copy(self) -> dict[bytes, Any]:
        """All of its content, as a dump would have it."""
        content: dict[bytes, Any] = copy.deepcopy(self.server.dbs[0]._dict)
        return content

    def restore(self, dump: dict[bytes, Any]) -> None:
        """Start again with the content of an older dump."""
        self.leave()
        self.plain.flushall()
        database = self.server.dbs[0]
        database._dict.update(copy.deepcopy(dump))
        for key, item in database._dict.items():
            database.schedule_expiry(key, item.expireat)
        self.is_away = False


def cut(socket: AsyncFakeSocket) -> None:
    socket._killed = True
    socket.put_response(Cut())


class RoadConnection(FakeAsyncRedisConnection):
    """A connection of one process to one store; `store` and `process` are set in a class made for the process."""

    store: "Store"
    process: "Process"
    socket_timeout: float | None
    _began = 0.0

    async def _connect(self) -> None:
        await self.process.gate()
        self.driver_info = None  # who we are says nothing to a server like this one, and costs two commands
        if self.store.is_away:
            raise RedisConnectionError("Redis is away.")
        await super()._connect()

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Puts the command on its way; it cannot be called back."""
        del check_health
        await self.process.gate()
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        data = command.encode() if isinstance(command, str) else command
        data = data if isinstance(data, bytes) else b"".join(data)
        self.process.sees(data)
        await self.process.gate()
        socket, store = self._sock, self.store
        if socket is None:
            raise RedisConnectionError("The connection was closed.")
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        pause = pause_of(store.chance, slow=store.is_slow)
        loop.call_later(pause, store.arrive, lambda: _carry_out(store, socket, data))

    async def read_response(self, *_: Any, **__: Any) -> Any:
        try:
            async with asyncio.timeout(self._left()):
                response = await self._answer()
        except TimeoutError as error:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("Redis did not answer in time.") from error
        except BaseException:
            await self.disconnect(nowait=True)
            raise
        if isinstance(response, Exception):
            raise response
        return response

    async def _answer(self) -> Any:
        if self._sock is None:
            raise RedisConnectionError("The connection was closed.")
        response: Any = await self._sock.responses.get()
        await self.process.pause(self.store.chance, slow=self.store.is_slow)
        if isinstance(response, Cut):
            raise RedisConnectionError("The connection broke.")
        return response

    def _left(self) -> float | None:
        if not self.socket_timeout:
            return None
        return self._began + self.socket_timeout - asyncio.get_running_loop().time()


def _carry_out(store: Store, socket: AsyncFakeSocket, data: bytes) -> None:
    """The command has arrived."""
    fate = store.chance.random()
    if store.is_away or socket._killed or fate < store.trouble:
        cut(socket)
        return
    socket.sendall(data)
    store.after_command()
    if fate > 1 - store.trouble:
        cut(socket)


def client(store: Store, process: "Process") -> Redis:
    """The real client of one process, on the road instead of a socket."""
    road = type("Road", (RoadConnection,), {"store": store, "process": process})
    fake = FakeAsyncRedis(
        server=store.server,
        protocol=2,
        retry=real._retry(),
        connection_class=road,
        socket_timeout=real.COMMAND_SECONDS,
        max_connections=real.CONNECTIONS,
    )
    return real._Client.from_pool(fake.connection_pool)
