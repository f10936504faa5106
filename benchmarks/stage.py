"""What the benchmarks share: a filled hunt, servers in processes of their own, their CPU time, and the table."""

import argparse
import asyncio
import os
import platform
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from benchmarks import REPOSITORY
from benchmarks.clients import BadAnswer, Connection, get
from hunt.content import load
from hunt.game.commands import Command, MoveInteraction, OpenPuzzle, SatisfyGate
from hunt.headless import Headless, headless
from hunt.log.migrations import migrate
from hunt.settings import Settings
from hunts import write_stub_hunt

START_SECONDS = 30.0
STOP_SECONDS = 10.0
SETTLE_SECONDS = 30.0
POLL_SECONDS = 0.05

TEAMS_AT_ONCE = 200
"""Registrations queued together, far below what the writer refuses."""

GUESSES_EACH = 2
"""Wrong guesses that a team has free on a puzzle."""

HOST = "127.0.0.1"


class Failed(Exception):
    """The run says nothing; the message tells why."""


class Team(Struct, frozen=True):
    id: int
    token: str


class Stage(Struct, frozen=True):
    """A database that is filled: all puzzles of the hunt are unlocked for all teams."""

    settings: Settings
    teams: list[Team]
    slugs: list[str]
    rounds: list[str]


@contextmanager
def place(database: str | None, redis: str, files: Path | None = None) -> Iterator[Settings]:
    """Settings of a server with a generated hunt of stubs, whose files (in `files`) last as long as the block."""
    with TemporaryDirectory(prefix="hunt-benchmark-", dir=files) as name:
        folder = Path(name)
        yield Settings(
            database_url=database or f"sqlite+aiosqlite:///{folder / 'hunt.sqlite3'}",
            content=write_stub_hunt(folder / "hunt"),
            secret_key=secrets.token_hex(16),
            redis_url=redis,
            host=HOST,
            port=free_port(),
            stubs=True,
        )


async def fill(settings: Settings, teams: int) -> Stage:
    """Open the whole hunt for so many teams; Failed where the database holds something already."""
    await migrate(settings.database_url)
    hunt = load(settings.content).hunt
    async with headless(settings, hunt) as services:
        if services.tail.head:
            raise Failed("The database has a log already. Give an empty one: this fills it.")
        # Before anybody registers, so that each team gets everything in one cascade.
        opening: list[Command] = [
            SatisfyGate(teams=None, id="hunt_started"),
            *(MoveInteraction(teams=None, id=id, to="completed") for id in hunt.interactions),
            *(OpenPuzzle(teams=None, slug=slug) for slug in hunt.slot_of),
        ]
        await asyncio.gather(*map(services.writer.submit, opening))
        known: list[Team] = []
        for start in range(0, teams, TEAMS_AT_ONCE):
            numbers = range(start + 1, min(start + TEAMS_AT_ONCE, teams) + 1)
            known += await asyncio.gather(*(_register(services, number) for number in numbers))
    rounds = [round_.slug for round_ in hunt.rounds if round_.puzzles]
    return Stage(settings=settings, teams=known, slugs=list(hunt.slot_of), rounds=rounds)


async def _register(services: Headless, number: int) -> Team:
    accounts, name = services.accounts, f"bench{number:05}"
    team_id, _ = await accounts.register(name, name, "", password_hash="nobody logs in with it")
    _, token = await accounts.start_session("team", team_id, "benchmark")
    return Team(team_id, token)


def wrong_guesses(stage: Stage, teams: list[Team], seed: int = 1) -> Iterator[tuple[Team, str, str]]:
    """(team, slug, text) in random order: two fresh wrong texts for each pair, so that no limit strikes."""
    rng = random.Random(seed)
    for turn in range(GUESSES_EACH):
        pairs = [(team, slug) for team in teams for slug in stage.slugs]
        rng.shuffle(pairs)
        for team, slug in pairs:
            yield team, slug, f"wrong {turn} {slug}"


def guess_request(team: Team, slug: str, text: str) -> bytes:
    """A guess as a program of the team sends it."""
    body = msgspec.json.encode({"guess": text})
    return (
        b"POST /api/puzzles/%b/guesses HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    ) % (slug.encode(), team.token.encode(), len(body), body)


class Server:
    """A server in its own process."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def cpu_seconds(self) -> float:
        """User and system time of the process and all below it, in steps of 10 ms."""
        ticks = sum(map(_ticks, family(self.process.pid)))
        return ticks / os.sysconf("SC_CLK_TCK")

    async def ready(self, path: str) -> None:
        """Wait until GET `path` is 200."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                await get(self.port, path)
            except (OSError, BadAnswer):
                await asyncio.sleep(POLL_SECONDS)
            else:
                return
        raise Failed(f"The server on port {self.port} did not start.")

    async def settle(self) -> None:
        """Wait until what was put off is done: the replica stands where the log does."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            health = msgspec.json.decode(await get(self.port, "/health/ready"))
            if health["replica_head"] == health["log_head"]:
                return
            await asyncio.sleep(POLL_SECONDS)
        raise Failed("The replica did not catch up with the log.")


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        if fields := _stat(path):
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        found.append(next_pid := todo.pop())
        todo += children.get(next_pid, [])
    return found


def _ticks(pid: int) -> int:
    fields = _stat(Path(f"/proc/{pid}/stat"))
    return int(fields[11]) + int(fields[12]) if fields else 0


def _stat(path: Path) -> list[str]:
    """The fields after the process's name, which may hold anything: state, parent, …; none when it has ended."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


@contextmanager
def server(settings: Settings) -> Iterator[Server]:
    """`hunt serve` with these settings."""
    fields = msgspec.structs.asdict(settings)
    given = {f"HUNT_{name.upper()}": _text(value) for name, value in fields.items() if value is not None}
    with _process(["-c", "from hunt.cli import main; main()", "serve"], given, settings.port) as started:
        yield started


@contextmanager
def floor_server() -> Iterator[Server]:
    """The smallest application on the same stack: see `benchmarks.floor`."""
    port = free_port()
    with _process(["-m", "benchmarks.floor", str(port)], {}, port) as started:
        yield started


@contextmanager
def _process(arguments: list[str], environment: dict[str, str], port: int) -> Iterator[Server]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
    process = subprocess.Popen([sys.executable, *arguments], env=inherited | environment, cwd=REPOSITORY)
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Load(Struct, frozen=True):
    """What a stretch of requests cost the server."""

    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def cpu_ms(self) -> float:
        return self.cpu_seconds * 1000 / self.requests

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


async def hammer(
    target: Server, requests: list[bytes], connections: int, *, settle: bool, refuse: bytes | None = None
) -> Load:
    """Send the requests over so many keep-alive connections, each one after the other.

    With `settle`, what the server puts off counts too. Failed for an answer that is not 200 or holds `refuse`.
    """
    opened = [await Connection.open(target.port) for _ in range(connections)]
    waiting = iter(requests)

    async def work(connection: Connection) -> None:
        for request in waiting:
            answer = await connection.ask(request)
            if refuse is not None and refuse in answer:
                raise Failed(f"This answer spoils the run: {answer.decode()}")

    before, start = target.cpu_seconds(), time.perf_counter()
    try:
        await asyncio.gather(*map(work, opened))
    except BadAnswer as error:
        raise Failed(str(error)) from None
    seconds = time.perf_counter() - start
    if settle:
        await target.settle()
    spent = target.cpu_seconds() - before
    for connection in opened:
        connection.close()
    return Load(requests=len(requests), seconds=seconds, cpu_seconds=spent)


def middle(loads: list[Load]) -> tuple[float, float]:
    """The medians of CPU-ms a request and of requests a second."""
    return median(load.cpu_ms for load in loads), median(load.rate for load in loads)


class Row(Struct, frozen=True):
    """A figure beside its floor. `limit`: it passes when it is no higher."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    limit: float | None = None


def show(settings: Settings, rows: list[Row]) -> None:
    kind = settings.database_url.partition(":")[0], settings.redis_url.partition(":")[0]
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {' + '.join(kind)}")
    print(f"load of the machine (1 min): {os.getloadavg()[0]:.1f}")
    print(f"command: python -m benchmarks.{Path(sys.argv[0]).stem} {' '.join(sys.argv[1:])}\n")
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  {'figure':>12}  {'floor':>9}  {'target':>9}")
    for row in rows:
        floor = "" if row.floor is None else f"{row.floor:.2f}"
        target = "" if row.limit is None else f"≤ {row.limit:g}"
        verdict = "" if row.limit is None else ("PASS" if row.value <= row.limit else "MISS")
        print(f"{row.name:{width}}  {row.value:8.2f} {row.unit:3}  {floor:>9}  {target:>9}  {verdict}")


def options(description: str | None, *, teams: int) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--database", metavar="URL", help="an empty database (default: a fresh SQLite file)")
    parser.add_argument("--redis", metavar="URL", default="fake://", help="where the replica is kept")
    parser.add_argument("--teams", type=int, default=teams, help="teams that play")
    return parser


def main(work: Coroutine[Any, Any, None]) -> None:
    try:
        uvloop.run(work)
    except Failed as error:
        raise SystemExit(f"This run says nothing. {error}") from None
