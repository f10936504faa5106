"""What a puzzle page costs: CPU-ms of all the server's processes, and pages a second. Floor: an empty GET."""

import argparse
import random
from itertools import product

from benchmarks import stage
from benchmarks.stage import Load, Row, Server, Stage, Team

TARGET_MS = 1.0
CONNECTIONS = (16, 64)
PUZZLES = 10
"""Of the hunt, that are looked at; every team has two wrong guesses on each."""

NOTHING = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def parser() -> argparse.ArgumentParser:
    parser = stage.options(__doc__, teams=50)
    parser.add_argument("--requests", type=int, default=1500, help="pages in one stretch")
    parser.add_argument("--repeats", type=int, default=3, help="stretches of which the median counts")
    return parser


async def measure(arguments: argparse.Namespace) -> None:
    with stage.place(arguments.database, arguments.redis) as settings:
        filled = await stage.fill(settings, arguments.teams)
        slugs = random.Random(1).sample(filled.slugs, PUZZLES)
        with stage.server(settings) as server, stage.floor_server() as floor:
            await floor.ready("/")
            await server.ready("/health/ready")
            await _guess(server, filled, slugs)
            requests = [_request(slug, team) for team, slug in product(filled.teams, slugs)]
            rows = []
            for connections in CONNECTIONS:
                pages, nothings = [], []
                for turn in range(arguments.repeats):
                    stretch = random.Random(turn).choices(requests, k=arguments.requests)
                    pages.append(await stage.hammer(server, stretch, connections, settle=False))
                    idle = [NOTHING] * arguments.requests
                    nothings.append(await stage.hammer(floor, idle, connections, settle=False))
                rows += _rows(connections, pages, nothings)
        stage.show(settings, rows)


async def _guess(server: Server, filled: Stage, slugs: list[str]) -> None:
    turns = range(stage.GUESSES_EACH)
    requests = [
        stage.guess_request(team, slug, f"wrong {turn}") for turn, team, slug in product(turns, filled.teams, slugs)
    ]
    await stage.hammer(server, requests, CONNECTIONS[0], settle=True)


def _request(slug: str, team: Team) -> bytes:
    """A page as a browser asks for it."""
    return (
        f"GET /puzzles/{slug} HTTP/1.1\r\nHost: localhost\r\nCookie: session={team.token}\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        "User-Agent: Mozilla/5.0\r\nAccept-Language: en\r\n\r\n"
    ).encode()


def _rows(connections: int, pages: list[Load], nothings: list[Load]) -> list[Row]:
    (cost, rate), (floor_cost, floor_rate) = stage.middle(pages), stage.middle(nothings)
    over = f"over {connections} connections"
    return [
        Row(f"CPU of a puzzle page, {over}", cost, "ms", floor_cost, TARGET_MS),
        Row(f"pages a second, {over}", rate, "/s", floor_rate),
    ]


if __name__ == "__main__":
    stage.main(measure(parser().parse_args()))
