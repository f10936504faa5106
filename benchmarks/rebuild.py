"""How fast the replica is built anew from a long log.

Floor: bodies of the same log, added to the same Redis by a program that does nothing else, in pipelines of the best
size. All servers belong to this run unless URLs are given; a Redis that is given is flushed.
"""

import argparse
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import redis

from benchmarks import stage
from benchmarks.long_log import write_long_log
from benchmarks.stage import Failed, Row
from hunt.log.database import connect as connect_database
from hunt.log.reader import LogReader
from hunt.replica import Replica, connect
from hunt.services import GC_THRESHOLDS
from hunt.settings import Settings
from servers import PostgresServer, RedisServer

TARGET_SHARE = 0.6
"""Of the bare rate, at least."""

FLOOR_ENTRIES = 100_000
"""How many are added at each size of a pipeline."""

PIPELINE_ENTRIES = (50, 200, 1_000, 5_000)
FLOOR_STREAM = "floor"
SLOW_MICROSECONDS = 500
"""A call that Redis spends more on is noted, for the longest of them."""


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000, help="length of the log")
    parser.add_argument("--teams", type=int, default=1_000, help="teams that play")
    parser.add_argument("--repeats", type=int, default=3, help="rebuilds, and floors; the best of each counts")
    parser.add_argument("--postgres", action="store_true", help="keep the log in a PostgreSQL of this run")
    parser.add_argument("--database", metavar="URL", help="an empty database (default: a fresh SQLite file)")
    parser.add_argument("--redis", metavar="URL", help="a Redis that may be flushed (default: one of this run)")
    return parser


@contextmanager
def stores(arguments: argparse.Namespace) -> Iterator[tuple[str | None, str]]:
    """URLs of the database (None: a file) and of Redis."""
    postgres = PostgresServer() if arguments.postgres else None
    own_redis = None if arguments.redis else RedisServer()
    started = [server for server in (postgres, own_redis) if server]
    try:
        for server in started:
            server.start()
        database = postgres.url(postgres.database()) if postgres else arguments.database
        yield database, own_redis.url if own_redis else arguments.redis
    finally:
        for server in started:
            server.close()


async def measure(arguments: argparse.Namespace) -> None:
    with stores(arguments) as (database, redis_url), stage.place(database, redis_url) as settings:
        aside = msgspec.structs.replace(settings, redis_url="fake://")
        await write_long_log(aside, entries=arguments.entries, teams=arguments.teams)
        with redis.Redis.from_url(redis_url) as watcher:
            watcher.config_set("slowlog-log-slower-than", SLOW_MICROSECONDS)
            await _measure(arguments, settings, watcher)


async def _measure(arguments: argparse.Namespace, settings: Settings, watcher: redis.Redis) -> None:
    gc.set_threshold(*GC_THRESHOLDS)  # as in a server
    async with _replica(settings) as (replica, reader):
        bodies = [line.body for line in await reader.lines(0, FLOOR_ENTRIES)]
        floors, seconds, calls, longest = list[float](), list[float](), list[float](), 0.0
        for _ in range(arguments.repeats):
            floors.append(min(_bare(watcher, bodies, size) for size in PIPELINE_ENTRIES))
            watcher.flushall()
            watcher.slowlog_reset()
            watcher.config_resetstat()
            begun = time.perf_counter()
            await replica.rebuild()
            seconds.append(time.perf_counter() - begun)
            longest = max([longest, *(call["duration"] / 1000 for call in watcher.slowlog_get(-1))])
            calls.append(watcher.info("commandstats")["cmdstat_evalsha"]["usec_per_call"] / 1000)
            await _check(replica, arguments.entries)
        if findings := await replica.verify():
            raise Failed(f"The replica is not the log: {findings[0]}")
    floor, rebuilt = min(floors), min(seconds) / arguments.entries * 1e6
    stage.show(
        settings,
        [
            Row("rebuild, an entry", rebuilt, "µs", floor, round(floor / TARGET_SHARE, 2)),
            Row("rebuild, of the bare rate", 100 * floor / rebuilt, "%"),
            Row("rebuild, entries a second", 1e6 / rebuilt, "", 1e6 / floor),
            Row("rebuild, all of it", min(seconds), "s"),
            Row("a call of Redis meanwhile", min(calls), "ms"),
            Row("the longest, also of a Redis that had no core", longest, "ms"),
        ],
    )


@asynccontextmanager
async def _replica(settings: Settings) -> AsyncIterator[tuple[Replica, LogReader]]:
    client, engine = connect(settings.redis_url), connect_database(settings.database_url)
    reader = LogReader(engine)
    replica = Replica(client, reader, settings.secret_key)
    try:
        yield replica, reader
    finally:
        await replica.aclose()
        await client.aclose()
        await engine.dispose()


def _bare(client: redis.Redis, bodies: list[bytes], size: int) -> float:
    """Microseconds an entry of plain XADDs, `size` in a pipeline."""
    client.delete(FLOOR_STREAM)
    begun = time.perf_counter()
    for start in range(0, len(bodies), size):
        pipeline = client.pipeline(transaction=False)
        for id, body in enumerate(bodies[start : start + size], start + 1):
            pipeline.xadd(FLOOR_STREAM, {"entry": body}, id=f"0-{id}")
        pipeline.execute()
    took = time.perf_counter() - begun
    if client.xlen(FLOOR_STREAM) != len(bodies):
        raise Failed("Redis did not take all that it was given.")
    client.delete(FLOOR_STREAM)
    return took / len(bodies) * 1e6


async def _check(replica: Replica, entries: int) -> None:
    status = await replica.status()
    if status.head != entries or status.bad:
        raise Failed(f"The replica ends at entry {status.head}: {status.bad}")


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
