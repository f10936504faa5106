"""What a guess costs at the end of a long log, beside the same guess in a short one, in the same run.

Two servers take turns, each with a store and a Redis of its own, so that whatever else the machine does meets both.
"""

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import msgspec
from msgspec import Struct

from benchmarks import stage
from benchmarks.clients import Connection
from benchmarks.long_log import write_long_log
from benchmarks.stage import Load, Row, Server, Stage
from benchmarks.start import settled, stores, until_200
from hunt.settings import Settings

LIMIT = 1.15
"""How much dearer a guess may be in the long log: the median over the turns, each of which compares its own two."""

SHORT_ENTRIES = 1_000
SHORT_TEAMS = 80
"""As many as fit into a short log; in the long one as many guess, of all its teams."""

CONNECTIONS = 16

SCRUB_ENTRIES_PER_SECOND = 200
"""What a short log has to scrub, which is over every five seconds: so both servers do as much beside the guesses."""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000, help="length of the long log")
    parser.add_argument("--teams", type=int, default=1_000, help="teams of the long log")
    parser.add_argument("--stores", default="sqlite,postgres", help="where the logs are kept, one after the other")
    parser.add_argument("--requests", type=int, default=1_200, help="guesses in one stretch")
    parser.add_argument("--repeats", type=int, default=8, help="stretches of each server, of which the medians count")
    return parser


class Side(Struct, frozen=True):
    """One of the two servers, with guesses that it has not seen and what they cost."""

    server: Server
    guesses: Iterator[tuple[stage.Team, str, str]]
    loads: list[Load]
    latencies: list[float]

    def requests(self, number: int) -> list[bytes]:
        """The next guesses, as they are sent."""
        return [stage.guess_request(*next(self.guesses)) for _ in range(number)]

    @property
    def costs(self) -> list[float]:
        """CPU-ms of a guess, for each stretch."""
        return [load.cpu_ms for load in self.loads]


async def measure(arguments: argparse.Namespace) -> None:
    for store in arguments.stores.split(","):
        with ExitStack() as stack:
            _, short = await _placed(stack, store, SHORT_ENTRIES, SHORT_TEAMS)
            settings, long = await _placed(stack, store, arguments.entries, arguments.teams)
            for _ in range(arguments.repeats):
                await _turns((short, long), arguments.requests)
            stage.show(settings, _rows(short, long))


async def _placed(stack: ExitStack, store: str, entries: int, teams: int) -> tuple[Settings, Side]:
    """A server with a log of that length, at rest."""
    redis, postgres = stack.enter_context(stores(postgres=store == "postgres"))
    database = postgres.url(postgres.database()) if postgres else None
    placed = stack.enter_context(stage.place(database, redis.url))
    settings = msgspec.structs.replace(placed, scrub_entries_per_second=SCRUB_ENTRIES_PER_SECOND)
    filled = await write_long_log(msgspec.structs.replace(settings, redis_url="fake://"), entries=entries, teams=teams)
    server = stack.enter_context(stage.server(settings))
    await until_200(server, "/health/ready")
    await settled(server)
    return settings, Side(server, _guesses(filled), [], [])


def _guesses(filled: Stage) -> Iterator[tuple[stage.Team, str, str]]:
    return stage.wrong_guesses(filled, random.Random(1).sample(filled.teams, SHORT_TEAMS))


async def _turns(sides: tuple[Side, Side], number: int) -> None:
    """A stretch of guesses on each for their CPU time, then guesses on both in turn for how long each takes."""
    for side in sides if len(sides[0].loads) % 2 else sides[::-1]:
        requests = side.requests(number)
        load = await stage.hammer(side.server, requests, CONNECTIONS, settle=True, refuse=b'"duplicate":true')
        side.loads.append(load)
    connections = [await Connection.open(side.server.port) for side in sides]
    for _ in range(number // 4):
        for side, connection in zip(sides, connections, strict=True):
            (request,) = side.requests(1)
            begun = time.perf_counter()
            await connection.ask(request)
            side.latencies.append((time.perf_counter() - begun) * 1000)
    for connection in connections:
        connection.close()


def _rows(short: Side, long: Side) -> list[Row]:
    cpu, latency = "CPU of a guess in the long log", "median time of a guess in the long log"
    return [
        Row(f"{cpu} (floor: in the short one)", median(long.costs), "ms", median(short.costs)),
        Row("the same, times the short one's", _times(long.costs, short.costs), "x", limit=LIMIT),
        Row(latency, median(long.latencies), "ms", median(short.latencies)),
        Row("the same, times the short one's", _times(long.latencies, short.latencies), "x", limit=LIMIT),
    ]


def _times(long: list[float], short: list[float]) -> float:
    return median(one / other for one, other in zip(long, short, strict=True))


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
