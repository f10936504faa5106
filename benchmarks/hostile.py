"""How long an honest client waits while a hostile one attacks: the longest of its answers, attack by attack."""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from benchmarks import stage
from benchmarks.stage import HOST, Row

LIMIT_MS = 600.0
PAUSE_SECONDS = 0.02
"""Between two requests of the honest client."""

CONNECTIONS = 300
"""Of attacks that need many."""

TOO_MANY = 429
"""What a team is answered that opens sockets without pause."""

HEAD = b"host: localhost\r\n"
PAGE = b"GET /login HTTP/1.1\r\n" + HEAD + b"\r\n"
HALF_BODY = b"POST /api/login HTTP/1.1\r\n" + HEAD + b"content-length: 50\r\n\r\n{"

SPAWN = multiprocessing.get_context("spawn")
"""The hostile client is a process of its own, so that only the server can make the honest one wait."""

Attack = Callable[[int, str], Awaitable[None]]
"""Of a port, with the token of a team."""


def parser() -> argparse.ArgumentParser:
    parser = stage.options(__doc__, teams=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each attack")
    return parser


async def measure(arguments: argparse.Namespace) -> None:
    with stage.place(arguments.database, arguments.redis) as settings:
        filled = await stage.fill(settings, arguments.teams)
        with stage.server(settings) as server:
            await server.ready("/health/ready")
            await _honest_page(server.port)  # the first is drawn from templates that are compiled for it
            rows = []
            for name in ATTACKS:
                with _attacking(name, server.port, filled.teams[0].token):
                    longest = await _longest_wait(server.port, arguments.seconds)
                rows.append(Row(name, 1000 * longest, "ms", limit=LIMIT_MS))
        stage.show(settings, rows)


@contextmanager
def _attacking(name: str, port: int, token: str) -> Iterator[None]:
    """A process that attacks until the block ends."""
    begins = SPAWN.Event()
    attacker = SPAWN.Process(target=_attack, args=(name, port, token, begins), daemon=True)
    attacker.start()
    begins.wait()
    try:
        yield
        if not attacker.is_alive():
            raise stage.Failed(f"The attack ended by itself: {name}.")
    finally:
        attacker.kill()
        attacker.join()


def _attack(name: str, port: int, token: str, begins: Event) -> None:
    async def again_and_again() -> None:
        begins.set()
        while True:
            with suppress(OSError):  # the server cuts it off, as it should
                await ATTACKS[name](port, token)

    asyncio.run(again_and_again())


async def _longest_wait(port: int, seconds: float) -> float:
    longest, end = 0.0, time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        await _honest_page(port)
        longest = max(longest, time.perf_counter() - start)
        await asyncio.sleep(PAUSE_SECONDS)
    return longest


async def _honest_page(port: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(PAGE)
    line = await reader.readline()
    if b" 200 " not in line:
        raise stage.Failed(f"The honest client was answered {line!r}.")
    writer.close()


async def _nothing(_port: int, _token: str) -> None:
    await asyncio.sleep(PAUSE_SECONDS)


def _send(text: bytes, times: int = 1) -> Attack:
    """One connection that sends this so many times, and reads what it is told."""

    async def attack(port: int, _token: str) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            for _ in range(times):
                writer.write(text)
                await writer.drain()
            await reader.read()
        finally:
            writer.close()

    return attack


def _hold(text: bytes) -> Attack:
    """Many connections that send this and then nothing, until the server closes the first."""

    async def attack(port: int, _token: str) -> None:
        opened = [await asyncio.open_connection(HOST, port) for _ in range(CONNECTIONS)]
        try:
            for _, writer in opened:
                writer.write(text)
            await opened[0][0].read()
        finally:
            for _, writer in opened:
                writer.close()

    return attack


def _flood(opcode: Opcode, data: bytes = b"", *, first: bytes = b"", sockets: int = 1, frames: int = 40_000) -> Attack:
    """Sockets of a team that send this frame so many times, and come back when they are closed."""
    many = first + Frame(opcode, data, fin=not first).serialize(mask=True) * frames

    async def one(port: int, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        async with connect(f"ws://{HOST}:{port}/ws", additional_headers=headers, proxy=None) as client:
            client.transport.write(many)
            await client.wait_closed()

    async def attack(port: int, token: str) -> None:
        ends = await asyncio.gather(*(one(port, token) for _ in range(sockets)), return_exceptions=True)
        for end in ends:
            if isinstance(end, InvalidStatus) and end.response.status_code != TOO_MANY:
                raise end  # it never got in, so it attacks nothing

    return attack


ATTACKS: dict[str, Attack] = {
    "none": _nothing,
    "a header without end": _send(b"GET / HTTP/1.1\r\nx: " + b"a" * 2**20, 80),
    "an address without end": _send(b"GET /" + b"a" * 2**20, 80),
    "thousands of headers": _send(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100_000),
    "requests sent ahead": _send(PAGE * 10_000),
    "a body without end": _send(
        b"POST /api/login HTTP/1.1\r\n" + HEAD + b"content-length: 99999999\r\n\r\n" + b"a" * 2**20, 40
    ),
    "chunks without end": _send(
        b"POST /api/login HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 200_000
    ),
    "bytes that are no request": _send(b"\x00" * 2**20, 10),
    "half bodies": _hold(HALF_BODY),
    "half heads": _hold(b"GET / HTTP/1.1\r\nx: "),
    "silent connections": _hold(b""),
    "pings": _flood(Opcode.PING),
    "pongs": _flood(Opcode.PONG, b"x"),
    "empty texts": _flood(Opcode.TEXT),
    "a message without end": _flood(Opcode.CONT, first=Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True)),
    "pings on 100 sockets": _flood(Opcode.PING, sockets=100),
    "300 sockets that come back": _flood(Opcode.TEXT, b"x" * 15_000, sockets=300, frames=20),
}  # fmt: skip


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
