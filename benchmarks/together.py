"""Several processes on one PostgreSQL and Redis: how soon each knows what another wrote, and what a bad Redis costs.

Two servers that write and one without a database share both. Guesses go to each writer in turn, and sockets at all
three see them: milliseconds from the answer to the frame. Then guesses are made while Redis is well, while each of its
answers is held back for two seconds, and while it is gone: milliseconds from the request to the answer.

PostgreSQL and Redis are this run's own.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import msgspec

from benchmarks import stage
from benchmarks.clients import Connection, Socket
from benchmarks.faults.proxy import Proxy
from benchmarks.stage import Failed, Row, Server, Stage, Team
from servers import PostgresServer, RedisServer

TARGET_HOP_MS = 20.0
TARGET_DELAY_MS = 50.0
SLOW_SECONDS = 2.0
SERVICE_TOKEN = "a token of this benchmark"
PAUSE_SECONDS = (0.02, 0.06)
"""Between a guess and the next, by chance, so that nothing periodic is always or never met."""

ARRIVE_SECONDS = 5.0
WARM_GUESSES = 20
SETTLE_SECONDS = 1.0
"""For a fault to be felt by what runs in the background."""

Guesses = Iterator[tuple[Team, str, str]]


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teams", type=int, default=40, help="teams that play (default: 40)")
    parser.add_argument("--guesses", type=int, default=150, help="of each part (default: 150)")
    return parser


async def measure(arguments: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        postgres, redis = PostgresServer(), RedisServer()
        stack.callback(postgres.close)
        stack.callback(redis.close)
        await asyncio.gather(asyncio.to_thread(postgres.start), asyncio.to_thread(redis.start))
        proxy = Proxy(Path(redis.folder) / "proxy.sock", redis.socket)
        await proxy.start()
        stack.push_async_callback(proxy.close)
        database = postgres.url(await asyncio.to_thread(postgres.database))
        settings = stack.enter_context(stage.place(database, f"unix://{proxy.path}"))
        settings = msgspec.structs.replace(settings, service_token=SERVICE_TOKEN)
        filled = await stage.fill(settings, arguments.teams)
        filled = msgspec.structs.replace(filled, settings=settings)
        servers = await stack.enter_async_context(_three(filled))
        guesses = stage.wrong_guesses(filled, filled.teams)
        rows = await _hops(servers, filled, guesses, arguments.guesses)
        rows += await _delays(servers[0], proxy, redis, guesses, arguments.guesses)
        stage.show(settings, rows)


@asynccontextmanager
async def _three(filled: Stage) -> AsyncIterator[list[Server]]:
    """Two servers that write, and one for sockets alone."""
    first, change = filled.settings, msgspec.structs.replace
    other = change(first, port=stage.free_port())
    live = change(first, port=stage.free_port(), role="live", database_url="", log_url=f"http://127.0.0.1:{first.port}")
    with stage.server(first) as one, stage.server(other) as two:
        for server in (one, two):
            await server.ready("/health/ready")
        with stage.server(live) as three:
            await three.ready("/health/ready")
            yield [one, two, three]


async def _hops(servers: list[Server], filled: Stage, guesses: Guesses, count: int) -> list[Row]:
    """Milliseconds from the answer of one server to the frame of another."""
    sockets = {team.id: [await _listening(server, team) for server in servers] for team in filled.teams}
    connections = [await Connection.open(server.port) for server in servers[:2]]
    late: dict[str, list[float]] = {"another that writes": [], "one without a database": []}
    for number in range(count):
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        team, slug, text = next(guesses)
        writer = number % 2
        for socket in sockets[team.id]:
            socket.forget()
        await connections[writer].ask(stage.guess_request(team, slug, text))
        answered = time.time()
        try:
            async with asyncio.timeout(ARRIVE_SECONDS):
                for socket in sockets[team.id]:
                    await socket.seen.wait()
        except TimeoutError:
            raise Failed("A frame did not arrive.") from None
        for name, socket in zip(late, [sockets[team.id][1 - writer], sockets[team.id][2]], strict=True):
            late[name].append((socket.frames[0].at - answered) * 1000)
    rows = []
    for name, values in late.items():
        rows.append(Row(f"answer → frame of {name}, p50", median(values), "ms", limit=TARGET_HOP_MS))
        rows.append(Row(f"answer → frame of {name}, p99", quantiles(values, n=100)[98], "ms"))
    return rows


async def _listening(server: Server, team: Team) -> Socket:
    socket = await Socket.open(server.port, "/ws", team.token)
    socket.send(msgspec.json.encode({"rpc": 1, "method": "sub", "sub": "a", "dataset": "activity_log"}))
    socket.awaited = b'{"type":"append"'
    async with asyncio.timeout(ARRIVE_SECONDS):
        await socket.seen.wait()
    return socket


async def _delays(server: Server, proxy: Proxy, redis: RedisServer, guesses: Guesses, count: int) -> list[Row]:
    """Milliseconds from the request to the answer, and how much longer the slowest takes than one while all is well."""
    well = await _answers(server, guesses, count)
    proxy.delay = SLOW_SECONDS
    slow = await _answers(server, guesses, count)
    proxy.delay = 0.0
    await asyncio.to_thread(redis.kill)
    gone = await _answers(server, guesses, count)
    rows = [
        Row("guess while Redis is well, p50", median(well), "ms"),
        Row("guess while Redis is well, slowest", max(well), "ms"),
    ]
    for name, values in (("each answer of Redis takes 2 s", slow), ("Redis is gone", gone)):
        rows.append(Row(f"guess while {name}, p50", median(values), "ms", floor=median(well)))
        later = max(values) - median(well)
        rows.append(Row(f"slowest guess while {name}, later by", later, "ms", limit=TARGET_DELAY_MS))
    return rows


async def _answers(server: Server, guesses: Guesses, count: int) -> list[float]:
    connection = await Connection.open(server.port)
    await asyncio.sleep(SETTLE_SECONDS)
    times: list[float] = []
    for _ in range(WARM_GUESSES + count):
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        request = stage.guess_request(*next(guesses))
        start = time.perf_counter()
        await connection.ask(request)
        times.append((time.perf_counter() - start) * 1000)
    connection.close()
    return times[WARM_GUESSES:]


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
