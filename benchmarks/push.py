"""How long a solve takes to the pages of its team: milliseconds until each frame arrives at each socket.

Sockets are subscribed as our pages are: navigation, a puzzle or a round as HTML, and the activity log. One solve is
made at a time, first on a server that does nothing else, then while other teams guess. Each frame is timed from three
moments: when the request was sent; when the solve was decided, which is the time in its entry; and when the answer to
the request arrived, which frames may be ahead of. Between decision and COMMIT lies only the INSERT, and the default
database is kept in memory where the machine has such a folder, so that its disk is not what is measured: decided to
frame is a little more than commit to frame.

Floor: as many sockets as a team has, on the same stack, each asked at once for frames of the same sizes.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import msgspec
from msgspec import Struct

from benchmarks import stage
from benchmarks.clients import Connection, Frame, Socket
from benchmarks.stage import Failed, Row, Server, Stage, Team

TARGET_P50_MS = 5.0
TARGET_P99_MS = 20.0
GUESSES_A_SECOND = 200
GUESSERS = 16
"""Connections that guess."""

PAUSE_SECONDS = (0.03, 0.09)
"""Between a solve and the next, by chance, so that nothing periodic is always or never met."""

MEMORY = Path("/dev/shm")
FILES = MEMORY if MEMORY.is_dir() else None
ARRIVE_SECONDS = 5.0
APPEND = b'{"type":"append"'
ANSWER = "ANSWER"
FLOOR_ROUNDS = 30


class Arrival(Struct, frozen=True):
    """One frame at one socket, timed from three moments, in milliseconds, and how many bytes it had."""

    sent: float
    decided: float
    answered: float
    size: int


class Solved(Struct, frozen=True):
    """The moments of one solve, in seconds since 1970."""

    sent: float
    answered: float


def parser() -> argparse.ArgumentParser:
    parser = stage.options(__doc__, teams=40)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sockets", type=int, default=100, help="open websockets (default: 100)")
    parser.add_argument("--listening", type=int, default=4, help="teams that share them (default: 4)")
    parser.add_argument("--solves", type=int, default=60, help="of each run (default: 60)")
    parser.add_argument("--rate", type=int, default=GUESSES_A_SECOND, help="guesses a second by others (default: 200)")
    return parser


async def measure(arguments: argparse.Namespace) -> None:
    with stage.place(arguments.database, arguments.redis, FILES) as settings:
        filled = await stage.fill(settings, arguments.teams)
        if arguments.listening >= arguments.teams:
            raise Failed("All teams listen: take more teams, so that others can guess.")
        if 2 * arguments.solves > arguments.listening * (len(filled.slugs) - 1):
            raise Failed("There are not so many puzzles to solve: take fewer solves, or let more teams listen.")
        listening, others = filled.teams[: arguments.listening], filled.teams[arguments.listening :]
        with stage.server(settings) as server, stage.floor_server() as floor:
            await floor.ready("/")
            await server.ready("/health/ready")
            await server.settle()
            sockets = await _subscribed(server, filled, listening, arguments.sockets)
            solves = _solves(filled, listening)
            idle = await _play(server, sockets, solves, arguments.solves)
            async with _guessing(server, filled, others, arguments.rate):
                busy = await _play(server, sockets, solves, arguments.solves)
            share = arguments.sockets // arguments.listening
            bare = await _bare(floor, share, [arrival.size for arrival in idle])
        stage.show(settings, [*_rows("idle", idle, bare), *_rows(f"{arguments.rate} guesses/s", busy, bare)])
        print(f"{len(idle)} + {len(busy)} frames; {arguments.sockets} sockets, {share} of the team that solves")


async def _subscribed(server: Server, filled: Stage, listening: list[Team], count: int) -> dict[int, list[Socket]]:
    """The sockets of each team, after their first frames."""
    sockets: dict[int, list[Socket]] = {team.id: [] for team in listening}
    for number in range(count):
        team = listening[number % len(listening)]
        socket = await Socket.open(server.port, "/ws", team.token)
        of_puzzle = number // len(listening) % 2 == 0
        dataset, slug = ("puzzle", filled.slugs[0]) if of_puzzle else ("round", filled.rounds[0])
        html = {"format": "html"}
        _subscribe(socket, "n", "navbar", html)
        _subscribe(socket, "m", dataset, {**html, "slug": slug})
        _subscribe(socket, "a", "activity_log", {})  # the last of them, so it arrives when the others have
        socket.awaited = APPEND
        sockets[team.id].append(socket)
    await _arrived([socket for each in sockets.values() for socket in each])
    return sockets


def _subscribe(socket: Socket, sub: str, dataset: str, params: dict[str, str]) -> None:
    call = {"rpc": sub, "method": "sub", "sub": sub, "dataset": dataset, "params": params}
    socket.send(msgspec.json.encode(call))


async def _arrived(sockets: list[Socket]) -> None:
    """Wait until each has got the frame that it awaits."""
    try:
        async with asyncio.timeout(ARRIVE_SECONDS):
            for socket in sockets:
                await socket.seen.wait()
    except TimeoutError:
        raise Failed("A frame did not arrive.") from None


def _solves(filled: Stage, listening: list[Team]) -> Iterator[tuple[Team, str]]:
    """Puzzles to solve, each team in turn; the one that is looked at stays unsolved."""
    for slug in filled.slugs[1:]:
        for team in listening:
            yield team, slug


async def _play(
    server: Server, sockets: dict[int, list[Socket]], solves: Iterator[tuple[Team, str]], count: int
) -> list[Arrival]:
    connection = await Connection.open(server.port)
    arrivals: list[Arrival] = []
    for _ in range(count):
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        team, slug = next(solves)
        for socket in sockets[team.id]:
            socket.forget()
        request = stage.guess_request(team, slug, ANSWER)
        sent = time.time()
        answer = await connection.ask(request)
        solved = Solved(sent, time.time())
        if b'"correct"' not in answer:
            raise Failed(f"This is no solve: {answer.decode()}")
        await _arrived(sockets[team.id])
        for socket in sockets[team.id]:
            arrivals += _arrivals(socket.frames, solved)
    connection.close()
    return arrivals


def _arrivals(frames: list[Frame], solved: Solved) -> list[Arrival]:
    append = next(frame for frame in frames if frame.text.startswith(APPEND))
    decided = datetime.fromisoformat(msgspec.json.decode(append.text)["entries"][-1]["timestamp"]).timestamp()
    return [
        Arrival(
            sent=(frame.at - solved.sent) * 1000,
            decided=(frame.at - decided) * 1000,
            answered=(frame.at - solved.answered) * 1000,
            size=len(frame.text),
        )
        for frame in frames
        if not frame.text.startswith(b'{"type":"head"')
    ]


@asynccontextmanager
async def _guessing(server: Server, filled: Stage, others: list[Team], rate: int) -> AsyncIterator[None]:
    """Other teams guess so many times a second while the block lasts."""
    connections = [await Connection.open(server.port) for _ in range(GUESSERS)]
    guesses = stage.wrong_guesses(filled, others)
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)

    async def ask(connection: Connection, request: bytes) -> None:
        await connection.ask(request)
        free.put_nowait(connection)

    async def guess() -> None:
        start = time.monotonic()
        async with asyncio.TaskGroup() as asking:
            for number, guess in enumerate(guesses):
                await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
                asking.create_task(ask(await free.get(), stage.guess_request(*guess)))

    task = asyncio.create_task(guess())
    try:
        yield
    finally:
        if task.done():
            raise Failed(f"The guesses ended early: {task.exception() or 'take more teams'}.")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for connection in connections:
            connection.close()


async def _bare(floor: Server, count: int, sizes: list[int]) -> list[float]:
    """Milliseconds until bare frames of the middle sizes arrive at so many sockets that ask at once."""
    sockets = [await Socket.open(floor.port, "/ws") for _ in range(count)]
    typical = [int(size) + n for n, size in enumerate(quantiles(sizes, n=6)[::2])]  # three a socket, as in a solve
    times: list[float] = []
    for _ in range(FLOOR_ROUNDS):
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        for socket in sockets:
            socket.forget()
            socket.awaited = b"%d " % typical[-1]
        sent = time.time()
        for socket in sockets:
            for size in typical:
                socket.send(b"%d" % size)
        await _arrived(sockets)
        times += [(frame.at - sent) * 1000 for socket in sockets for frame in socket.frames]
    return times


def _rows(when: str, arrivals: list[Arrival], bare: list[float]) -> list[Row]:
    decided = [arrival.decided for arrival in arrivals]
    rows = []
    for what, times in (("request sent → frame", "sent"), ("answer received → frame", "answered")):
        values = [getattr(arrival, times) for arrival in arrivals]
        rows += [Row(f"{when}: {what}, {name}", value, "ms") for name, value in _percentiles(values).items()]
    limits = {"p50": TARGET_P50_MS, "p99": TARGET_P99_MS}
    floors = _percentiles(bare)
    rows += [
        Row(f"{when}: decided → frame, {name}", value, "ms", floors[name], limits.get(name))
        for name, value in _percentiles(decided).items()
    ]
    return rows


def _percentiles(values: list[float]) -> dict[str, float]:
    return {"p50": median(values), "p99": quantiles(values, n=100)[98], "max": max(values)}


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
