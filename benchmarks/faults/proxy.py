"""Proxies on unix sockets, between the servers and PostgreSQL or Redis, that can be told to misbehave."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

CHUNK_BYTES = 64 * 1024

Fate = Literal["pass", "drop", "half", "deaf"]
"""What becomes of a piece of a request: it passes; the connection is cut before it, in the middle of it, or after it,
when the server has it and its answer is still to come.
"""

Rule = Callable[[bytes], Fate]


class Proxy:
    """Listens at `path` and passes everything on to `upstream`; each answer waits `delay` seconds.

    The first of the rules that does not let a piece of a request pass decides.
    """

    def __init__(self, path: Path, upstream: Path) -> None:
        self.path = path
        self.upstream = upstream
        self.delay = 0.0
        self._rules: list[Rule] = []
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.path)

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def hit_one(self, wanted: Callable[[bytes], bool], fate: Fate, within: float) -> bool:
        """Let this happen to the first piece that is `wanted`; whether one came within so many seconds."""
        struck = asyncio.Event()

        def rule(chunk: bytes) -> Fate:
            if struck.is_set() or not wanted(chunk):
                return "pass"
            struck.set()
            return fate

        self._rules.append(rule)
        try:
            async with asyncio.timeout(within):
                await struck.wait()
        except TimeoutError:
            return False
        finally:
            self._rules.remove(rule)
        return True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self._links.add(task)
            task.add_done_callback(self._links.discard)
        try:
            upstream = await asyncio.open_unix_connection(self.upstream)
        except OSError:
            writer.transport.abort()
            return
        with suppress(asyncio.CancelledError):  # the server of asyncio takes that for a fault of the callback
            await self._link((reader, writer), upstream)

    async def _link(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        ways = [
            asyncio.create_task(self._requests(client[0], upstream[1])),
            asyncio.create_task(self._answers(upstream[0], client[1])),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            client[1].transport.abort()
            upstream[1].close()  # not abort: what has passed still arrives
            for way in ways:
                way.cancel()
            ends = [*ways, client[1].wait_closed(), upstream[1].wait_closed()]
            await asyncio.gather(*ends, return_exceptions=True)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                fate = next((fate for rule in self._rules if (fate := rule(chunk)) != "pass"), "pass")
                if fate == "drop":
                    return
                writer.write(chunk[: len(chunk) // 2] if fate == "half" else chunk)
                await writer.drain()
                if fate != "pass":
                    return

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(chunk)
                await writer.drain()
