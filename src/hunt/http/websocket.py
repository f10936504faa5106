"""A websocket connection whose frames are counted before they are parsed, and which gets its turn like the others."""

from asyncio import AbstractEventLoop, BaseTransport, Task, TimerHandle
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import State

from hunt.http.frames import Bucket, FrameMeter
from hunt.http.limits import Limits, connections_of
from hunt.metrics import count_refusal

TOO_MANY = 4029
"""The close code for a client that sends too much."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol with limits.

    Pings, pongs, empty and continued frames never reach the application, so only here can they be counted.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self._meter = FrameMeter()
        self._frames = Bucket(limits.frames_at_once, limits.frames_per_second, self.loop.time)
        self._bytes = Bucket(limits.frame_bytes_at_once, limits.frame_bytes_per_second, self.loop.time)
        self._waiting = b""
        self._is_refused = False
        self._unshaken: TimerHandle | None = None
        self._end: TimerHandle | None = None
        self._slow_reader: TimerHandle | None = None
        self._open = connections_of(server_state, self.config, limits)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._unshaken = self.loop.call_later(self.limits.header_seconds, self._check_handshake)

    def _check_handshake(self) -> None:
        if not self.handshake_complete:
            count_refusal("handshake_too_slow", 408)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._unshaken, self._end, self._slow_reader):
            if timer is not None:
                timer.cancel()
        self._waiting = b""
        self._open.release(self.client[0] if self.client else None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if not self.handshake_initiated:  # the request's head, which has limits of its own
            super().data_received(data)
            if not self.handshake_initiated:
                self._refuse_handshake()
        elif not self._bytes.spend(len(data)):
            self._refuse()
        elif self._waiting:
            self._waiting += data
        else:
            self._waiting = data
            self._go_on()

    def _go_on(self) -> None:
        """Parse a few frames, and leave the rest for the next turn of the loop."""
        if self._is_refused or not self._waiting:
            return
        end, frames = self._meter.take(self._waiting, self.limits.frames_per_turn)
        if not self._frames.spend(frames) or self._meter.fragments > self.limits.fragments:
            self._refuse()
            return
        now, self._waiting = self._waiting[:end], self._waiting[end:]
        super().data_received(now)
        if self._waiting:
            self.loop.call_soon(self._go_on)

    def _refuse_handshake(self) -> None:
        """Pass on what the library says to a head that it does not take: a line of more than 8 KiB."""
        self._is_refused = True
        count_refusal("bad_handshake", 400)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()
        self._end = self.loop.call_later(self.limits.linger_seconds, self.transport.abort)

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._is_refused = self.disconnected = True
        if self._end is None:
            self._end = self.loop.call_later(self.limits.linger_seconds, self.transport.abort)

    def shutdown(self) -> None:
        super().shutdown()
        if self._end is None:
            self._end = self.loop.call_later(self.limits.stop_seconds, self.transport.abort)

    def _refuse(self) -> None:
        """Close, and throw away what still arrives until the client goes."""
        self._is_refused, self._waiting = True, b""
        count_refusal("socket_floods", TOO_MANY)
        self.stop_keepalive()
        if self.conn.state is not State.OPEN:
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_MANY})
        self.conn.send_close(TOO_MANY, "Too many frames.")
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.disconnected = True  # for the application, whose frames on their way are no mistake
        self._end = self.close_timer = self.loop.call_later(self.limits.linger_seconds, self.transport.abort)

    def on_task_complete(self, task: Task[None]) -> None:
        """A client that does not take the rest of what it was sent does not stay."""
        super().on_task_complete(task)
        if self._end is None and not self.disconnected:
            self._end = self.loop.call_later(self.close_timeout, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._slow_reader is None:
            self._slow_reader = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._slow_reader is not None:
            self._slow_reader.cancel()
            self._slow_reader = None
