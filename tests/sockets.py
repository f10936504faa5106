"""A client of `/ws` over a real connection."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from apps import Site, Team

WITHIN_SECONDS = 10.0

Frame = dict[str, Any]


class Socket:
    """Reads frames one by one, each with a deadline."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[Frame] = []

    async def send(self, **call: Any) -> None:
        await self.connection.send(json.dumps(call))

    async def sub(self, dataset: str, sub: str = "a", **more: Any) -> None:
        await self.send(rpc=sub, method="sub", sub=sub, dataset=dataset, **more)

    async def next(self) -> Frame:
        with anyio.fail_after(WITHIN_SECONDS):
            frame: Frame = json.loads(await self.connection.recv())
        self.seen.append(frame)
        return frame

    async def next_of(self, type: str, sub: str | None = None) -> Frame:
        """The next frame of a type (and of a subscription); what comes before it is passed over."""
        while True:
            frame = await self.next()
            if frame["type"] == type and (sub is None or frame.get("sub") == sub):
                return frame

    async def append_with(self, id: int, sub: str | None = None) -> Frame:
        """The next `append` that brings the entry `id`; a process that is behind sends others before it."""
        while True:
            frame = await self.next_of("append", sub)
            if id in (entry["id"] for entry in frame["entries"]):
                return frame

    async def closed(self) -> int:
        """The code with which the server closes the socket; everything before is read."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@asynccontextmanager
async def opened(site: Site, team: Team | None = None, *, path: str = "", **more: Any) -> AsyncIterator[Socket]:
    """A socket with the team's token in a header, if there is a team; `more` is for `websockets`."""
    headers = {**(team.headers if team else {}), **more.pop("headers", {})}
    options: dict[str, Any] = {"additional_headers": headers, "proxy": None, "ping_interval": None, **more}
    async with connect(site.ws + path, **options) as connection:
        yield Socket(connection)
