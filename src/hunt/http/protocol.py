"""HTTP/1.1 on one connection, with a limit for everything that a client may send, and a deadline for all of it.

A request reaches the application when its body is there: a client that sends half of one holds a connection, and no
place among the requests that the application works on.
"""

from asyncio import TimerHandle, Transport
from enum import Enum, auto
from typing import Any

import httptools
import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from hunt.http.limits import (
    BAD_REQUEST,
    HEADERS_TOO_LARGE,
    TOO_MANY_CHUNKS,
    TOO_MANY_PIPELINED,
    TOO_SLOW,
    URL_TOO_LONG,
    Limits,
    Refusal,
    connections_of,
)
from hunt.metrics import count_refusal

RETRY_SECONDS = 2
"""When to come back after a 429 or a 503."""


class Phase(Enum):
    """What the connection waits for."""

    REQUEST = auto()
    """The first byte of a request."""
    HEAD = auto()
    """The end of its headers."""
    BODY = auto()
    """The end of its body."""


class TooMuch(Exception):
    """Ends the parsing of a request that is over a limit."""


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol with limits."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self._phase = Phase.REQUEST
        self._received = 0
        self._header_bytes = 0
        self._content_length = self._chunks = 0
        self._has_body = False
        self._held: tuple[RequestResponseCycle, ASGI3Application] | None = None
        self._refusal: Refusal | None = None
        self._is_refused = False
        self._refusal_due: Refusal | None = None
        self._answering: RequestResponseCycle | None = None
        self._deadline: TimerHandle | None = None
        self._deadline_of: Phase | None = None
        self._checks_left = 0
        self._received_before = 0
        self._slow_reader: TimerHandle | None = None
        self._lingering: TimerHandle | None = None
        self._closing: TimerHandle | None = None
        self._open = connections_of(self.server_state, self.config, self.limits)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if refusal := self._open.admit(self._address):
            self._refuse(refusal)
        else:
            self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._held = None
        for timer in (self._deadline, self._slow_reader, self._lingering, self._closing):
            if timer is not None:
                timer.cancel()
        if self._lingering is not None:
            self._open.lingering -= 1
        self._open.release(self._address)
        if self._answering:  # uvicorn marks the newest request only, and this may be one before it
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    @property
    def _address(self) -> str | None:
        return self.client[0] if self.client else None

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._upgrade()
                return
        except httptools.HttpParserError:
            self._refuse(self._refusal or BAD_REQUEST)
            return
        if self._phase is Phase.HEAD and self._received > self.limits.header_bytes:
            self._refuse(HEADERS_TOO_LARGE)
        elif self._phase is Phase.BODY and self._received > self.limits.drained_bytes:
            self.transport.abort()
        else:
            self._set_deadline()

    def _upgrade(self) -> None:
        self._end_deadline()
        self.handle_websocket_upgrade()

    # What the parser finds.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # only now: empty lines between requests keep nothing alive
        self._phase = Phase.HEAD
        self._received = self._header_bytes = self._content_length = self._chunks = 0
        self._has_body = False

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            self._stop_parsing(URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes + len(self.url) > self.limits.header_bytes or len(self.headers) >= self.limits.headers:
            self._stop_parsing(HEADERS_TOO_LARGE)
        if self._phase is not Phase.HEAD:  # a trailer: it must not become a header of the request
            return
        name = name.lower()
        self.headers.append((name, value))  # as uvicorn does: a call of it for each header would be felt
        if name == b"content-length":
            self._content_length = int(value) if value.isdigit() else 0
            self._has_body = self._content_length > 0
        elif name == b"transfer-encoding":
            self._has_body = True
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        upgrades = self.parser.should_upgrade()
        if upgrades and (self._has_body or (self._should_upgrade() and self._answering)):
            self._stop_parsing(BAD_REQUEST)
        if len(self.pipeline) >= self.limits.pipelined:
            self._stop_parsing(TOO_MANY_PIPELINED)
        self._phase = Phase.BODY
        self._received = self._received_before = 0
        super().on_headers_complete()
        if upgrades and not self._should_upgrade():  # the parser reads nothing after it
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start what the request asks for once its body is there, or at once where it is too long anyway."""
        if not cycle.more_body or self._content_length > self.limits.body_bytes:
            self._answering = cycle
            super()._start_asgi_task(cycle, app)
            return
        self._held = (cycle, app)
        if cycle.waiting_for_100_continue and self._has_body:
            cycle.waiting_for_100_continue = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > self.limits.chunks:  # one read may hold tens of thousands
            self._stop_parsing(TOO_MANY_CHUNKS)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._held and len(self._held[0].body) > self.limits.body_bytes:
            self._start_held()

    def on_message_complete(self) -> None:
        self._phase = Phase.REQUEST
        self._received = 0
        super().on_message_complete()
        if self._held and not self._held[0].more_body:
            self._start_held()

    def _start_held(self) -> None:
        if self._held:
            held, self._held = self._held, None
            self._answering = held[0]
            super()._start_asgi_task(*held)

    def on_response_complete(self) -> None:
        self._answering = None
        super().on_response_complete()  # which begins the next one, where there is one
        if self.transport.is_closing():
            self._abort_after(self.limits.write_seconds)
        elif self._refusal_due and not self._answering:
            self._unset_keepalive_if_required()
            self._say(self._refusal_due)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_after(self.limits.write_seconds)

    def _abort_after(self, seconds: float) -> None:
        """Cut off a client that does not take the rest of its answer: `close` would wait for it for ever."""
        if self._closing is not None:
            self._closing.cancel()
        self._closing = self.loop.call_later(seconds, self.transport.abort)

    def _stop_parsing(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise TooMuch(refusal.code)

    # Deadlines. A request that comes in one piece needs no timer.

    def _set_deadline(self) -> None:
        """Have a timer for what is missing of a request. The first head's time begins with the connection."""
        missing: Phase | None = self._phase
        if missing is Phase.REQUEST:
            missing = Phase.HEAD if self.cycle is None else None
        if missing is self._deadline_of:
            return
        self._end_deadline()
        self._deadline_of = missing
        if missing is Phase.HEAD:
            self._deadline = self.loop.call_later(self.limits.header_seconds, self._give_up)
        elif missing is Phase.BODY:
            self._checks_left = max(1, round(self.limits.body_seconds / self.limits.body_check_seconds))
            self._deadline = self.loop.call_later(self.limits.body_check_seconds, self._check_body)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._deadline_of = None

    def _check_body(self) -> None:
        self._checks_left -= 1
        least = self.limits.body_bytes_per_second * self.limits.body_check_seconds
        if self._checks_left <= 0 or self._received - self._received_before < least:
            self._give_up()
            return
        self._received_before = self._received
        self._deadline = self.loop.call_later(self.limits.body_check_seconds, self._check_body)

    def _give_up(self) -> None:
        self._refuse(TOO_SLOW)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._slow_reader is None:
            self._slow_reader = self.loop.call_later(self.limits.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._slow_reader is not None:
            self._slow_reader.cancel()
            self._slow_reader = None

    def shutdown(self) -> None:
        self._abort_after(self.limits.stop_seconds)
        if self._held or self._phase is not Phase.REQUEST:
            self._held = None
            self.transport.close()
        else:
            super().shutdown()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, after the answers that come before it, and close. What still arrives is thrown away."""
        if self._is_refused:
            return
        self._is_refused = True
        count_refusal(refusal.code, refusal.status)
        self._end_deadline()
        is_answered_already = self._phase is Phase.BODY and self._held is None and not self._drop_unfinished()
        self._held = None
        if self.transport.is_closing() or (is_answered_already and self.cycle is not None):
            self.transport.abort()
        elif self._answering:
            self._refusal_due = refusal
        else:
            self._say(refusal)

    def _drop_unfinished(self) -> bool:
        """Forget a request that waits for an answer before it and is not all there; whether there was one."""
        if not self.pipeline or not self.pipeline[0][0].more_body:
            return False
        self.pipeline.popleft()
        return True

    def _say(self, refusal: Refusal) -> None:
        self.transport.write(self._answer(refusal))
        if self._open.lingering < self._open.most_lingering:
            self._open.lingering += 1
            self._lingering = self.loop.call_later(self.limits.linger_seconds, self.transport.abort)
            if self.transport.can_write_eof():
                self.transport.write_eof()
        else:
            self.transport.close()

    def _answer(self, refusal: Refusal) -> bytes:
        body = msgspec.json.encode({"code": refusal.code, "detail": refusal.detail})
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        if refusal.status in {429, 503}:
            headers.append((b"retry-after", str(RETRY_SECONDS).encode()))
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        return b"".join([STATUS_LINE[refusal.status], *lines, b"\r\n", body])
