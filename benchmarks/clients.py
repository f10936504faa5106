"""Clients that cost next to nothing, so that they do not take the CPU from the server that they measure."""

import asyncio
import os
import time
from base64 import b64encode
from typing import cast

from msgspec import Struct

HOST = "127.0.0.1"
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class BadAnswer(Exception):
    """An answer that is not 200; the message holds it."""


class Connection(asyncio.Protocol):
    """A keep-alive HTTP/1.1 connection for answers that say their length."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.head = b""

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """The body of the answer; BadAnswer unless it is 200. One at a time."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("The server closed the connection."))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        end = buffer.find(HEAD_END)
        if end < 0:
            return
        head = bytes(buffer[:end]).lower()
        at = head.find(LENGTH)
        length = int(head[at + len(LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0
        start, stop = end + len(HEAD_END), end + len(HEAD_END) + length
        if len(buffer) < stop or self._answer is None:
            return
        self.head, body = bytes(buffer[:end]), bytes(buffer[start:stop])
        buffer.clear()
        if head[9:12] == b"200":
            self._answer.set_result(body)
        else:
            self._answer.set_exception(BadAnswer(f"{self.head.splitlines()[0].decode()}: {body.decode()}"))


async def get(port: int, path: str) -> bytes:
    """The body of one GET over a connection of its own."""
    connection = await Connection.open(port)
    try:
        return await connection.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    finally:
        connection.close()


class Frame(Struct, frozen=True):
    """A text frame and when it arrived, in seconds since 1970."""

    at: float
    text: bytes


class Socket(asyncio.Protocol):
    """A websocket that keeps what it gets in `frames`, and sets `seen` at each frame that begins with `awaited`."""

    def __init__(self, request: bytes) -> None:
        self.frames: list[Frame] = []
        self.awaited = b"{"
        self.seen = asyncio.Event()
        self._request = request
        self._buffer = bytearray()
        self._is_open = False
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def open(cls, port: int, path: str, token: str = "") -> "Socket":
        key = b64encode(os.urandom(16)).decode()
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{authorization}\r\n"
        ).encode()
        _, socket = await asyncio.get_running_loop().create_connection(lambda: cls(request), HOST, port)
        await socket._opened
        return socket

    def send(self, text: bytes, opcode: int = 1) -> None:
        """A message of less than 64 KiB."""
        assert self._transport is not None
        size = len(text)
        head = bytes([128 | opcode, 128 | size]) if size < 126 else bytes([128 | opcode, 254]) + size.to_bytes(2, "big")
        self._transport.write(head + bytes(4) + text)  # masked with zeros, which changes nothing

    def forget(self) -> None:
        """Drop what came so far, and await anew."""
        self.frames.clear()
        self.seen.clear()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(exc or ConnectionResetError("The handshake failed."))

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if not self._is_open and not self._shaken():
            return
        while (message := _take_frame(self._buffer)) is not None:
            opcode, text = message
            if opcode == 9:
                self.send(text, opcode=10)
            elif opcode == 1:
                self.frames.append(Frame(now, text))
                if text.startswith(self.awaited):
                    self.seen.set()

    def _shaken(self) -> bool:
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return False
        if not self._buffer.startswith(b"HTTP/1.1 101"):
            self._opened.set_exception(BadAnswer(bytes(self._buffer).decode()))
            return False
        del self._buffer[: end + len(HEAD_END)]
        self._is_open = True
        self._opened.set_result(None)
        return True


def _take_frame(buffer: bytearray) -> tuple[int, bytes] | None:
    """The first whole frame, taken out of the buffer: opcode and payload. Servers do not mask."""
    if len(buffer) < 2:
        return None
    size, start = buffer[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(buffer[2:start], "big")
    if len(buffer) < start + size:
        return None
    opcode, payload = buffer[0] & 15, bytes(buffer[start : start + size])
    del buffer[: start + size]
    return opcode, payload
