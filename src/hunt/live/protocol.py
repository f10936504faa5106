"""The websocket protocol without any I/O: reading what a client sends, writing what it is sent."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hunt.game.entries import Entry
from hunt.http.shapes import UNREADABLE, explain_json

MAX_BAD_FRAMES = 20
"""Frames that are not understood before the socket is closed."""

MAX_FRAME_BYTES = 256 * 1024
"""A longer `append` is split; an `update` is one value and may be longer."""

CLOSE_RESTART = 1012
CLOSE_LOGGED_OUT = 4001
CLOSE_TOO_SLOW = 4008
CLOSE_TOO_MANY = 4029

MAX_NUMBER = 2**53 - 1
"""The largest integer that every client can count to."""

Rpc = Annotated[int, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)] | str


class Params(Struct, frozen=True):
    slug: str = ""
    format: str = "json"


class Sub(Struct, frozen=True, tag_field="method", tag="sub"):
    rpc: Rpc
    sub: str
    dataset: str
    params: Params | None = None
    since: Annotated[int, Meta(le=MAX_NUMBER)] | None = None
    mac: str | None = None

    @property
    def slug(self) -> str:
        return self.params.slug if self.params else ""

    @property
    def format(self) -> str:
        return self.params.format if self.params else "json"


class Unsub(Struct, frozen=True, tag_field="method", tag="unsub"):
    rpc: Rpc
    sub: str


class Ping(Struct, frozen=True, tag_field="method", tag="ping"):
    rpc: Rpc


Call = Sub | Unsub | Ping

_decoder: msgspec.json.Decoder[Call] = msgspec.json.Decoder(Call)
_encode = msgspec.json.Encoder().encode


class BadFrame(Exception):
    """The frame is no call of this protocol; the message says why."""


def read(frame: str | bytes) -> Call:
    """The call in a frame; BadFrame for anything else."""
    try:
        return _decoder.decode(frame)
    except UNREADABLE as error:
        raise BadFrame(explain_json(error, Call, "The frame")) from None


def hello(conn: str, build: str, head: int, mac: str) -> bytes:
    return _encode({"type": "hello", "conn": conn, "build": build, "log": {"id": head, "mac": mac}})


def subscribed(call: Sub, kind: Literal["replaced", "growing"]) -> bytes:
    return _encode({"type": "sub", "rpc": call.rpc, "sub": call.sub, "kind": kind})


def unsubscribed(call: Unsub) -> bytes:
    return _encode({"type": "unsub", "rpc": call.rpc, "sub": call.sub})


def pong(call: Ping) -> bytes:
    return _encode({"type": "pong", "rpc": call.rpc})


def fail(rpc: Rpc | None, code: str, error: str) -> bytes:
    return _encode({"type": "fail", "rpc": rpc, "code": code, "error": error})


def body(value: dict[str, Any]) -> bytes:
    """A dataset's value as it stands in every frame that carries it; encoded once, sent to many."""
    return _encode(value)


def update(sub: str, value: bytes, epoch: int) -> bytes:
    """`value` is an encoded object; the epoch is put in at its end."""
    separator = b"" if value == b"{}" else b","
    return b'{"type":"update","sub":%b,"value":%b%b"epoch":%d}}' % (_encode(sub), value[:-1], separator, epoch)


def reset(sub: str) -> bytes:
    return _encode({"type": "reset", "sub": sub})


def head(id: int, mac: str) -> bytes:
    return _encode({"type": "head", "id": id, "mac": mac})


class Chunk(Struct, frozen=True):
    """Encoded entries of a growing dataset that go into one frame, and the id and digest up to which it is complete."""

    entries: list[bytes]
    id: int
    digest: str


def append(sub: str, prev: int, chunk: Chunk, mac: str) -> bytes:
    """`mac` is that of the chunk's digest, which itself is not for clients."""
    return b'{"type":"append","sub":%b,"prev":%d,"entries":[%b],"id":%d,"mac":%b}' % (
        _encode(sub),
        prev,
        b",".join(chunk.entries),
        chunk.id,
        _encode(mac),
    )


def chunks(picked: list[tuple[Entry, bytes]], head_id: int, head_digest: str) -> list[Chunk]:
    """Picked entries as chunks of at most `MAX_FRAME_BYTES`; at least one, the last of them up to the head."""
    result: list[Chunk] = []
    current: list[bytes] = []
    size, last = 0, None
    for entry, encoded in picked:
        if current and size + len(encoded) > MAX_FRAME_BYTES - _ENVELOPE_BYTES and last is not None:
            result.append(Chunk(current, last.id, last.digest))
            current, size = [], 0
        current.append(encoded)
        size += len(encoded) + 1
        last = entry
    result.append(Chunk(current, head_id, head_digest))
    return result


_ENVELOPE_BYTES = 1024
"""Room for everything in a frame but its entries."""
