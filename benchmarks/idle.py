"""What watching over the replica costs a server that nobody uses: reconciler, scrub, and the audit of teams' streams.

Floor: the same server, which does nothing of that, beside it at the same time: its reconciler waits for days, and
somebody else has the lease on the rest. (Into a Redis inside the server nobody can put a lease: that floor audits too.)
They share a database, and each has a Redis of its own. All servers belong to this run.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import redis
from msgspec import Struct

from benchmarks import stage
from benchmarks.clients import Connection, get
from benchmarks.long_log import write_long_log
from benchmarks.stage import Failed, Row, Server, Stage
from hunt.replica import keys
from hunt.settings import Settings
from servers import PostgresServer, RedisServer

TARGET_PERCENT = 1.0
"""Of one core."""

NEVER_SECONDS = 1_000_000
START_SECONDS = 300.0
SETTLE_SECONDS = 120.0
POLL_SECONDS = 0.5
STILL_SECONDS = 4.0
"""So long nothing may have been added to a team's stream before the measurement begins."""

STEPS = "hunt_replica_team_steps_total"
SCRUBBED = "hunt_replica_scrubbed_total"


class Cost(Struct, frozen=True):
    """Seconds: of the server's CPU, of its Redis' CPU, and by the clock; and how many entries were proven."""

    cpu: float
    redis: float
    clock: float
    scrubbed: float

    def percent(self) -> float:
        return 100 * self.cpu / self.clock


class Place:
    """One server with its Redis."""

    def __init__(self, server: Server, settings: Settings) -> None:
        self.server = server
        self._redis = None if settings.redis_url.startswith("fake:") else redis.Redis.from_url(settings.redis_url)

    def rest(self) -> None:
        """Let nobody repair, scrub or audit."""
        if self._redis:
            self._redis.set(keys.LEASE, "nobody")

    async def look(self) -> Cost:
        """The figures so far."""
        used = self._redis.info("cpu") if self._redis else {"used_cpu_user": 0.0, "used_cpu_sys": 0.0}
        scrubbed = (await _metrics(self.server))[SCRUBBED]
        spent = used["used_cpu_user"] + used["used_cpu_sys"]
        return Cost(self.server.cpu_seconds(), spent, time.monotonic(), scrubbed)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000, help="length of the log")
    parser.add_argument("--teams", type=int, default=1_000, help="teams, each with a stream of its own")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long is measured")
    parser.add_argument("--fake", action="store_true", help="SQLite, and a Redis inside the server")
    return parser


@contextmanager
def stores(*, fake: bool) -> Iterator[tuple[str | None, list[str]]]:
    """URLs of the database (None: a file) and of two Redis."""
    if fake:
        yield None, ["fake://"] * 2
        return
    postgres, redises = PostgresServer(), [RedisServer(), RedisServer()]
    try:
        for server in (postgres, *redises):
            server.start()
        yield postgres.url(postgres.database()), [each.url for each in redises]
    finally:
        for server in (postgres, *redises):
            server.close()


async def measure(arguments: argparse.Namespace) -> None:
    with stores(fake=arguments.fake) as (database, urls), stage.place(database, urls[0]) as settings:
        aside = msgspec.structs.replace(settings, redis_url="fake://")
        filled = await write_long_log(aside, entries=arguments.entries, teams=arguments.teams)
        resting = msgspec.structs.replace(
            settings,
            redis_url=urls[1],
            port=stage.free_port(),
            reconcile_seconds=NEVER_SECONDS,
            scrub_entries_per_second=1,
        )
        with stage.server(settings) as one, stage.server(resting) as two:
            places = [Place(one, settings), Place(two, resting)]
            for place in places:
                await _prepare(place.server, filled)
            places[1].rest()
            watching, floor = await _costs(places, arguments.seconds)
    _show(settings, watching, floor)


def _show(settings: Settings, watching: Cost, floor: Cost) -> None:
    proven = (watching.scrubbed - floor.scrubbed) / watching.clock
    if proven < settings.scrub_entries_per_second / 2:
        raise Failed(f"Only {proven:.0f} entries a second were proven.")
    stage.show(
        settings,
        [
            Row("watching over the replica", watching.percent() - floor.percent(), "%", 0.0, TARGET_PERCENT),
            Row("the whole idle server", watching.percent(), "%", floor.percent()),
            Row("its Redis", 100 * watching.redis / watching.clock, "%", 100 * floor.redis / floor.clock),
            Row("entries proven a second", watching.scrubbed / watching.clock, "", floor.scrubbed / floor.clock),
        ],
    )


async def _prepare(server: Server, filled: Stage) -> None:
    """Every team has a stream, which this server knows, and nothing is left to do."""
    await _until_ready(server)
    await server.settle()
    connection = await Connection.open(server.port)
    for team in filled.teams:
        request = f"GET /api/activity HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {team.token}\r\n\r\n"
        await connection.ask(request.encode())
    connection.close()
    deadline, steps, still = time.monotonic() + SETTLE_SECONDS, -1.0, 0.0
    while still < STILL_SECONDS:
        if time.monotonic() > deadline:
            raise Failed("The teams' streams did not come to rest.")
        await asyncio.sleep(POLL_SECONDS)
        before, steps = steps, (await _metrics(server))[STEPS]
        still = still + POLL_SECONDS if steps == before else 0.0


async def _until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            await server.ready("/health/ready")
        except Failed:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise
        else:
            return


async def _metrics(server: Server) -> dict[str, float]:
    text = (await get(server.port, "/metrics")).decode()
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


async def _costs(places: list[Place], seconds: float) -> list[Cost]:
    print(f"measuring for {seconds:.0f} s", file=sys.stderr)
    begun = [await place.look() for place in places]
    await asyncio.sleep(seconds)
    ended = [await place.look() for place in places]
    return [_difference(before, after) for before, after in zip(begun, ended, strict=True)]


def _difference(before: Cost, after: Cost) -> Cost:
    pairs = zip(msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True)
    return Cost(*(later - earlier for earlier, later in pairs))


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
