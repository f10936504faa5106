"""What a wrong guess costs: CPU-ms of all the server's processes, and guesses a second.

Floors: an empty POST on the same stack, and rows inserted and committed one by one, or sixteen at a time.
"""

import argparse
import time
from itertools import islice
from statistics import median

from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks import stage
from benchmarks.stage import Failed, Load, Row
from hunt.log.database import connect

TARGET_MS = 0.8
CONNECTIONS = (16, 64)
INSERTS = 200
TABLE = "benchmark_floor"
NOTHING = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def parser() -> argparse.ArgumentParser:
    parser = stage.options(__doc__, teams=200)
    parser.add_argument("--requests", type=int, default=2000, help="guesses in one stretch")
    parser.add_argument("--repeats", type=int, default=3, help="stretches of which the median counts")
    return parser


async def measure(arguments: argparse.Namespace) -> None:
    with stage.place(arguments.database, arguments.redis) as settings:
        filled = await stage.fill(settings, arguments.teams)
        needed = arguments.requests * arguments.repeats * len(CONNECTIONS)
        if needed > arguments.teams * len(filled.slugs) * stage.GUESSES_EACH:
            raise Failed(f"{needed} guesses are more than these teams have free: take more teams.")
        requests = [stage.guess_request(*guess) for guess in islice(stage.wrong_guesses(filled, filled.teams), needed)]
        with stage.server(settings) as server, stage.floor_server() as floor:
            await floor.ready("/")
            await server.ready("/health/ready")
            await server.settle()
            rows = []
            for connections in CONNECTIONS:
                guesses, nothings = [], []
                for _ in range(arguments.repeats):
                    stretch, requests = requests[: arguments.requests], requests[arguments.requests :]
                    guesses.append(
                        await stage.hammer(server, stretch, connections, settle=True, refuse=b'"duplicate":true')
                    )
                    idle = [NOTHING] * arguments.requests
                    nothings.append(await stage.hammer(floor, idle, connections, settle=False))
                rows += _rows(connections, guesses, nothings)
        stage.show(settings, [*rows, *await _inserts(settings.database_url)])


def _rows(connections: int, guesses: list[Load], nothings: list[Load]) -> list[Row]:
    (cost, rate), (floor_cost, floor_rate) = stage.middle(guesses), stage.middle(nothings)
    over = f"over {connections} connections"
    return [
        Row(f"CPU of a wrong guess, {over}", cost, "ms", floor_cost, TARGET_MS),
        Row(f"guesses a second, {over}", rate, "/s", floor_rate),
    ]


async def _inserts(url: str) -> list[Row]:
    """INSERT and COMMIT on the store's own, in this process: CPU-ms a row."""
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"CREATE TABLE {TABLE} (body text)")
    try:
        return [
            Row(f"bare INSERT and COMMIT, {size} at a time, a row", await _insert(engine, size), "ms")
            for size in (1, 16)
        ]
    finally:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"DROP TABLE {TABLE}")
        await engine.dispose()


async def _insert(engine: AsyncEngine, size: int) -> float:
    statement, body = f"INSERT INTO {TABLE} (body) VALUES ", "x" * 300
    values = ", ".join([f"('{body}')"] * size)
    costs = []
    for _ in range(3):
        before = time.process_time()
        for _ in range(INSERTS):
            async with engine.begin() as connection:
                await connection.exec_driver_sql(statement + values)
        costs.append((time.process_time() - before) * 1000 / (INSERTS * size))
    return median(costs)


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
