"""Compression of answers that are text: brotli where the client takes it, else gzip.

No page holds a secret (see docs/security.md), so the length of a compressed page gives nothing away.
"""

import asyncio
import gzip
from typing import Literal

import brotli
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

MIN_BYTES = 500
"""A shorter answer fits into one packet as it is."""

MAX_LOOP_BYTES = 64 * 1024
"""A longer answer is compressed in a thread, so that nobody else waits for it."""

# What costs the least for a page that is made anew each time; files are compressed once, as well as can be.
BROTLI_QUALITY, GZIP_LEVEL = 4, 5
BEST_BROTLI_QUALITY, BEST_GZIP_LEVEL = 11, 9

TEXT_TYPES = (
    "text/",
    "application/json",
    "application/javascript",
    "application/xhtml+xml",
    "application/xml",
    "application/wasm",
    "image/svg+xml",
)
"""Media types that get shorter; the beginning of one is enough."""

Coding = Literal["br", "gzip"]


def accepted_coding(header: str) -> Coding | None:
    """The coding to use for a client that sent this `Accept-Encoding`; None for the answer as it is."""
    given = [item.strip().lower().replace(" ", "") for item in header.split(",")]
    refused = {name for name, _, q in (item.partition(";q=") for item in given) if q and not q.strip("0.")}
    names = {item.partition(";")[0] for item in given} - refused
    if "br" in names:
        return "br"
    return "gzip" if "gzip" in names else None


def is_text(media_type: str) -> bool:
    """Whether answers of this `Content-Type` get shorter."""
    return media_type.lower().startswith(TEXT_TYPES)


def compressed(body: bytes, coding: Coding, *, best: bool = False) -> bytes:
    """The body in this coding; `best` takes 50 times as long, for what is compressed once."""
    if coding == "br":
        return bytes(brotli.compress(body, quality=BEST_BROTLI_QUALITY if best else BROTLI_QUALITY))
    return gzip.compress(body, BEST_GZIP_LEVEL if best else GZIP_LEVEL, mtime=0)


class Compression:
    """ASGI middleware. It compresses answers that come in one piece; parts of a file and streams pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = None
        if scope["type"] == ScopeType.HTTP:
            coding = accepted_coding(
                ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding")
            )
        await self.app(scope, receive, _Sender(send, coding) if coding else send)


class _Sender:
    """A `send` that holds back the start of an answer until its first piece says whether there are more."""

    def __init__(self, send: Send, coding: Coding) -> None:
        self._send = send
        self._coding = coding
        self._start: HTTPResponseStartEvent | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            if not message.get("more_body"):
                message = {**message, "body": await self._body(start, message["body"])}
            await self._send(start)
        await self._send(message)

    async def _body(self, start: HTTPResponseStartEvent, body: bytes) -> bytes:
        headers = MutableScopeHeaders.from_message(start)
        if not is_text(headers.get("content-type", "")) or "content-encoding" in headers:
            return body
        headers.extend_header_value("vary", "accept-encoding")
        if len(body) < MIN_BYTES or "content-range" in headers:
            return body
        if len(body) > MAX_LOOP_BYTES:
            body = await asyncio.to_thread(compressed, body, self._coding)
        else:
            body = compressed(body, self._coding)
        headers["content-encoding"] = self._coding
        headers["content-length"] = str(len(body))
        if "accept-ranges" in headers:
            del headers["accept-ranges"]
        if etag := headers.get("etag"):  # the same file in another form is equivalent, not the same
            headers["etag"] = etag if etag.startswith("W/") else f"W/{etag}"
        return body
