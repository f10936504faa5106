"""SQL and Redis themselves, looked at without a server between, and what the servers count."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from benchmarks.faults.cluster import PROBE_SECONDS, Cluster, Process
from benchmarks.faults.evidence import Evidence, Row, Sighting
from benchmarks.faults.evidence import Redis as Replica
from benchmarks.faults.histories import Line

STREAM = "global/activity_log"
TEAMS = "activity_log"
META = "activity_log/meta"
TEAM_STREAMS = f"{TEAMS}/[0-9]*"
FIELD = "entry"

LOOK_SECONDS = 0.05
REDIS_SECONDS = 2.0
SQL_SECONDS = 5.0
SIGHTED_ENTRIES = 3
LINE_CHARACTERS = 2000
COUNT_SECONDS = 0.2
COUNTED = {"gap": "gap", "duplicate": "dup", "fork": "fork", "rebuild": "rebuilds", "scrub_hit": "scrub_mismatches"}
"""Events of a run and what the servers' counters call them."""

COLUMNS = "id, team_id, timestamp, type, slug, currency_delta, strong_currency_delta, data, internal_data, digest"

Stopwatch = Callable[[], float]
Messages = list[tuple[str, dict[str, str]]]


def _row(record: Any) -> Row:
    moment: datetime = record["timestamp"]
    return dict(record) | {"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"}


class Log:
    """The log in SQL, by a connection of one's own."""

    def __init__(self, cluster: Cluster) -> None:
        self._host = str(cluster.postgres.folder)
        self._cluster = cluster
        self._lines: list[Line] = []

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            host=self._host,
            user="postgres",
            database=self._cluster.database,
            timeout=SQL_SECONDS,
            command_timeout=SQL_SECONDS,
        )

    async def rows(self, after: int = 0) -> list[Row]:
        connection = await self._connect()
        try:
            found = await connection.fetch(f"SELECT {COLUMNS} FROM activity_log WHERE id > $1 ORDER BY id", after)
        finally:
            await connection.close()
        return [_row(record) for record in found]

    async def head(self) -> int:
        connection = await self._connect()
        try:
            return int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM activity_log"))
        finally:
            await connection.close()

    async def lines(self) -> list[Line]:
        """What the streams have to hold, entry by entry; rows that were read before are not read again."""
        known = self._lines
        rows = await self.rows(max(len(known) - 1, 0))
        if known and not (rows and (rows[0]["id"], rows[0]["digest"]) == (len(known), known[-1].digest)):
            known, rows = [], await self.rows()
        self._lines = [*known[:-1], *map(Line.of, rows)]
        return self._lines


class Mirror:
    """Redis, by a connection of one's own. `forged` are the bodies that faults have put there."""

    def __init__(self, cluster: Cluster) -> None:
        path = str(cluster.redis.socket)
        # Any: what its methods give depends on how it was made.
        self.client: Any = Redis(unix_socket_path=path, decode_responses=True, socket_timeout=REDIS_SECONDS, protocol=2)
        self.forged: set[str] = set()
        self.looking = asyncio.Lock()
        """Held from when the newest entries are asked for until the answer has its time."""

    async def messages(self, stream: str = STREAM) -> Messages:
        found: Messages = await self.client.xrange(stream)
        return [(id, fields) for id, fields in found]

    async def newest(self, count: int) -> Messages:
        found: Messages = await self.client.xrevrange(STREAM, count=count)
        return [(id, fields) for id, fields in reversed(found)]

    async def all(self) -> Replica:
        """Of one moment."""
        members = [key.rpartition("/")[2] for key in await self.client.keys(TEAM_STREAMS)]
        async with self.client.pipeline(transaction=True) as together:
            together.xrange(STREAM).zrange(TEAMS, 0, -1, withscores=True)
            for member in members:
                together.xrange(f"{TEAMS}/{member}")
            stream, scores, *streams = await together.execute()
        teams = dict(zip(members, streams, strict=True))
        return Replica(stream=stream, teams=teams, scores=dict(scores))

    async def equals(self, log: Log) -> bool:
        """Whether the stream holds every entry of the log as SQL had it a moment ago, and nothing else.

        And whether each team's stream holds all that it says that it holds.
        """
        head = await log.head()
        newest = await self.newest(1)
        if int((newest[0][0] if newest else "0-0").partition("-")[2]) < head:
            return False
        replica = await self.all()
        lines = await log.lines()
        return _holds(replica.stream, lines[: len(replica.stream)]) and all(
            _holds(replica.teams.get(team, []), [line for line in lines if line.id <= score and line.is_of(int(team))])
            for team, score in replica.scores.items()
        )

    async def close(self) -> None:
        await self.client.aclose()


def _holds(messages: Messages, lines: list[Line]) -> bool:
    return messages == [(f"0-{line.id}", {FIELD: line.body}) for line in lines]


async def repaired(log: Log, mirror: Mirror, stopwatch: Stopwatch, within: float) -> float | None:
    """When the replica equalled SQL again; None where it did not within so many seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with suppress(RedisError, OSError, asyncpg.PostgresError):
            if await mirror.equals(log):
                async with mirror.looking:
                    return stopwatch()
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def watch_stream(mirror: Mirror, sightings: list[Sighting], stopwatch: Stopwatch) -> None:
    """Note the stream's newest entries whenever they have changed, until cancelled. What was forged is left out."""
    last: Messages | None = None
    while True:
        with suppress(RedisError, OSError):
            async with mirror.looking:
                newest, at = await mirror.newest(SIGHTED_ENTRIES), stopwatch()
            newest = [(id, fields) for id, fields in newest if fields.get(FIELD) not in mirror.forged]
            if newest != last:
                sightings.append(Sighting(at=at, entries=newest))
                last = newest
        await asyncio.sleep(LOOK_SECONDS)


class Counts:
    """The counters of all servers over all their lives, as far as they could be read before a server ended."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._seen: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)

    async def watch(self) -> None:
        """Read them regularly until cancelled."""
        while True:
            await self.read()
            await asyncio.sleep(COUNT_SECONDS)

    async def read(self) -> None:
        await asyncio.gather(*map(self._read_of, self._cluster.processes))

    async def _read_of(self, process: Process) -> None:
        headers = {"authorization": f"Bearer {self._cluster.service_token}"}
        life = (process.name, process.starts)
        with suppress(httpx.HTTPError):
            answer = await self._cluster.client.get(f"{process.url}/metrics", headers=headers, timeout=PROBE_SECONDS)
            self._seen[life].update(_newer(answer.text, self._seen[life]))

    def total(self) -> dict[str, int]:
        """By event of a run."""
        return {event: sum(counts[name] for counts in self._seen.values()) for event, name in COUNTED.items()}


def _newer(text: str, before: Counter[str]) -> dict[str, int]:
    """By how much the counters in this page are above `before`."""
    lines = (line.split() for line in text.splitlines() if line.startswith("hunt_replica_") and "_total " in line)
    found = {name.removeprefix("hunt_replica_").removesuffix("_total"): int(float(value)) for name, value in lines}
    return {name: value - before[name] for name, value in found.items()}


def complaints(cluster: Cluster) -> list[str]:
    """What the servers did or logged that nobody foresaw: exceptions, not the faults that they were made for."""
    found: list[str] = []
    for process in cluster.processes:
        said = _sayings(process.output.read_text(errors="replace"))
        found += [f"{process.name}: {text[-LINE_CHARACTERS:]}" for text in said if _is_error(text)]
        found += process.complaints
    return found


def _sayings(text: str) -> list[str]:
    """Each JSON line, and what stands between two of them as one."""
    pieces: list[str] = []
    for line in text.splitlines():
        if line.startswith("{") or not pieces or pieces[-1].startswith("{"):
            pieces.append(line)
        else:
            pieces[-1] += f"\n{line}"
    return pieces


def _is_error(line: str) -> bool:
    """Most lines are JSON; the HTTP server's own and the interpreter's are not."""
    try:
        said = json.loads(line)
    except ValueError:
        return any(word in line for word in ("ERROR", "Traceback", "Exception"))
    return isinstance(said, dict) and said.get("level") in {"error", "critical"} and "exception" in said


def required_met(evidence: Evidence, counted: dict[str, int]) -> dict[str, int]:
    """How often each kind of event that a run has to meet came about."""
    met = Counter(counted)
    for listener in evidence.listeners:
        for event in listener.events:
            if event.what == "got":
                met["reset"] += '"type":"reset"' in event.text
            elif event.what == "sent":
                met["resync"] += '"since":' in event.text
            elif event.what == "closed":
                met["slow_socket"] += event.text == "4008"
    return dict(met)
