"""A websocket from handshake to close: the thin layer of I/O around `Connection`."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from hunt.clock import Clock
from hunt.live import protocol
from hunt.live.budget import CALL_SECONDS, HANDSHAKE_SECONDS
from hunt.live.connection import Connection
from hunt.live.hub import Hub, TooManySockets
from hunt.log.source import LogAway
from hunt.metrics import count_refusal

logger = structlog.get_logger()

MAX_CALLS_PER_SECOND = 20.0
MAX_CALLS_AT_ONCE = 200
"""A page that wakes up subscribes to a few things for each of its tabs at once."""


Socket = WebSocket[Any, Any, Any]


class TooManyCalls(Exception):
    """The client calls faster than it may."""


class _Allowance:
    """A token bucket: so many calls at once, so many a second for ever."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = float(MAX_CALLS_AT_ONCE)
        self._at = clock()

    def spend(self) -> None:
        now = self._clock()
        self._left += max(0.0, (now - self._at).total_seconds()) * MAX_CALLS_PER_SECOND
        self._left = min(self._left, MAX_CALLS_AT_ONCE) - 1
        self._at = now
        if self._left < 0:
            raise TooManyCalls


async def serve(socket: Socket, hub: Hub, team_id: int | None, session_id: str | None, build: str) -> None:
    """Speak the protocol on an accepted socket until either side closes it."""
    connection = Connection(hub.shared, secrets.token_hex(8), team_id, session_id, _sender(socket))
    connection.budget.spend(HANDSHAKE_SECONDS)
    try:
        hub.join(connection)
    except TooManySockets:
        count_refusal("too_many_sockets", protocol.CLOSE_TOO_MANY)
        await socket.close(protocol.CLOSE_TOO_MANY, "Too many connections.")
        return
    connection.reply(protocol.hello(connection.id, build, hub.shared.tail.head, hub.shared.head_mac()))
    try:
        await _talk(socket, connection)
        # A socket that does not read cannot even be closed, so it counts until it is gone.
        await _close(socket, connection.close_code)
    finally:
        hub.leave(connection)


async def _talk(socket: Socket, connection: Connection) -> None:
    listening = asyncio.create_task(_listen(socket, connection))
    listening.add_done_callback(lambda _: connection.stop(_CLOSED_BY_CLIENT))
    try:
        await _until_closed(connection)
    finally:
        listening.cancel()
        await asyncio.wait([listening])
    if not listening.cancelled():
        listening.result()  # raises what nobody foresaw


async def _close(socket: Socket, code: int | None) -> None:
    if code in _REFUSALS:
        count_refusal(_REFUSALS[code], code)
    if code not in {None, _CLOSED_BY_CLIENT}:
        with suppress(WebSocketDisconnect, RuntimeError, OSError):  # it may have closed first
            await socket.close(code)


async def _until_closed(connection: Connection) -> None:
    try:
        await connection.run()
    except WebSocketDisconnect:
        pass
    except LogAway as error:
        logger.warning("socket_without_history", error=str(error))
        connection.stop(protocol.CLOSE_RESTART)  # the client resumes, here or elsewhere


_CLOSED_BY_CLIENT = 1000

_REFUSALS = {protocol.CLOSE_TOO_MANY: "socket_too_busy", protocol.CLOSE_TOO_SLOW: "socket_too_slow"}
"""What `/metrics` calls a socket that was closed for what its client did."""


def _sender(socket: Socket) -> Callable[[bytes], Awaitable[None]]:
    async def send(frame: bytes) -> None:
        try:
            await socket.send_data(frame.decode(), mode="text")
        except OSError as error:  # how ASGI servers say that the client has gone
            raise WebSocketDisconnect(detail="The client has gone.") from error

    return send


async def _listen(socket: Socket, connection: Connection) -> None:
    allowance, bad = _Allowance(connection.shared.clock), 0
    while True:
        try:
            frame = await socket.receive_data(mode="text")
            allowance.spend()
            await connection.budget.turn()
            connection.budget.spend(CALL_SECONDS)
            connection.call(protocol.read(frame))
        except protocol.BadFrame as error:
            bad += 1
            connection.reply(protocol.fail(None, "bad_frame", str(error)))
            if bad >= protocol.MAX_BAD_FRAMES:
                connection.stop(protocol.CLOSE_TOO_MANY)
                return
        except TooManyCalls:
            connection.stop(protocol.CLOSE_TOO_MANY)
            return
        except WebSocketDisconnect:
            return
