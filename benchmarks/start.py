"""How long a start takes with a long log: from what Redis keeps of the teams, and without it by folding the whole log.

Floor: the same server with an empty log. All servers belong to this run: Redis, and PostgreSQL where it is asked for.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from statistics import median

import msgspec
from msgspec import Struct

from benchmarks import stage
from benchmarks.clients import BadAnswer, Connection, get
from benchmarks.long_log import write_long_log
from benchmarks.stage import Failed, Row, Server, Stage, Team
from hunt.log.migrations import migrate
from hunt.settings import Settings
from servers import PostgresServer, RedisServer

TARGET_SECONDS = 5.0
START_SECONDS = 600.0
"""Longer than any start should take, also of one that folds a million entries."""

SETTLE_SECONDS = 600.0
POLL_SECONDS = 0.01
COMPARED_TEAMS = 20
"""Of which all puzzles are asked for, after every kind of start."""

PASSES = "hunt_replica_derived_passes_total"


class Started(Struct, frozen=True):
    """Seconds from the start of the process to the first 200 of each."""

    ready: float
    team: float


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000, help="length of the log")
    parser.add_argument("--teams", type=int, default=1_000, help="teams that play")
    parser.add_argument("--repeats", type=int, default=3, help="starts of which the median counts")
    parser.add_argument("--postgres", action="store_true", help="keep the log in PostgreSQL instead of SQLite")
    return parser


@contextmanager
def stores(*, postgres: bool) -> Iterator[tuple[RedisServer, PostgresServer | None]]:
    """Redis and, if asked for, PostgreSQL, as long as the block lasts."""
    started = [RedisServer(), *([PostgresServer()] if postgres else [])]
    try:
        for server in started:
            server.start()
        redis, *rest = started
        assert isinstance(redis, RedisServer)
        yield redis, next((server for server in rest if isinstance(server, PostgresServer)), None)
    finally:
        for server in started:
            server.close()


def _fresh(postgres: PostgresServer | None) -> str | None:
    """The URL of an empty database there; None for a file."""
    return postgres.url(postgres.database()) if postgres else None


async def measure(arguments: argparse.Namespace) -> None:
    with stores(postgres=arguments.postgres) as (redis, postgres):
        with stage.place(_fresh(postgres), redis.url) as empty:
            await migrate(empty.database_url)
            floor = [await _start(empty, None) for _ in range(arguments.repeats)]
        redis.flush()
        with stage.place(_fresh(postgres), redis.url) as settings:
            await _measure(arguments, settings, redis, median(start.ready for start in floor))


async def _measure(arguments: argparse.Namespace, settings: Settings, redis: RedisServer, floor: float) -> None:
    aside = msgspec.structs.replace(settings, redis_url="fake://")
    filled = await write_long_log(aside, entries=arguments.entries, teams=arguments.teams)
    async with _started(settings, filled.teams[0]) as (server, without):
        states = await _states(server, filled)
        kept = await settled(server)
    starts = []
    for _ in range(arguments.repeats):
        async with _started(settings, filled.teams[0]) as (server, start):
            starts.append(start)
            if await _states(server, filled) != states:
                raise Failed("The states are other ones than those that were folded from the log.")
    ready, team = (median(figures) for figures in zip(*map(msgspec.structs.astuple, starts), strict=True))
    redis.flush()
    again = await _start(settings, filled.teams[0])
    stage.show(
        settings,
        [
            Row("start from derived state, ready", ready, "s", floor, TARGET_SECONDS),
            Row("start from derived state, a team's page", team, "s", floor, TARGET_SECONDS),
            Row("first start, empty Redis", without.ready, "s", floor),
            Row("start after FLUSHALL", again.ready, "s", floor),
            Row("from the first start to a whole derived state and stream", kept, "s"),
        ],
    )


async def _start(settings: Settings, team: Team | None) -> Started:
    async with _started(settings, team) as (_, start):
        return start


@asynccontextmanager
async def _started(settings: Settings, team: Team | None) -> AsyncIterator[tuple[Server, Started]]:
    begun = time.perf_counter()
    with stage.server(settings) as server:
        await until_200(server, "/health/ready")
        ready = time.perf_counter() - begun
        if team is not None:
            await until_200(server, "/api/me", team)
        yield server, Started(ready, time.perf_counter() - begun)


async def until_200(server: Server, path: str, team: Team | None = None) -> None:
    """Wait until a GET of the path, by the team if there is one, is 200; Failed when that takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            await _ask(server, path, team)
        except (OSError, BadAnswer):
            await asyncio.sleep(POLL_SECONDS)
        else:
            return
    raise Failed(f"The server on port {server.port} did not start.")


async def _ask(server: Server, path: str, team: Team | None) -> bytes:
    authorization = f"Authorization: Bearer {team.token}\r\n" if team else ""
    connection = await Connection.open(server.port)
    try:
        return await connection.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\n".encode())
    finally:
        connection.close()


async def _states(server: Server, filled: Stage) -> list[bytes]:
    """What some teams are told of themselves and of a puzzle, with all their guesses."""
    step = max(1, len(filled.teams) // COMPARED_TEAMS)
    paths = ["/api/me", *(f"/api/puzzles/{slug}" for slug in filled.slugs[:: len(filled.slugs) // 5])]
    return [await _ask(server, path, team) for team in filled.teams[::step] for path in paths]


async def settled(server: Server) -> float:
    """Seconds until Redis holds every state and the whole stream."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < SETTLE_SECONDS:
        health = msgspec.json.decode(await get(server.port, "/health/ready"))
        if health["replica_head"] == health["log_head"] and await _passes(server):
            return time.perf_counter() - begun
        await asyncio.sleep(0.5)
    raise Failed("Redis did not come to hold the whole derived state.")


async def _passes(server: Server) -> float:
    for line in (await get(server.port, "/metrics")).decode().splitlines():
        if line.startswith(PASSES):
            return float(line.split()[-1])
    raise Failed(f"The server has no metric {PASSES}.")


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
