"""Many guesses at once on one puzzle, and a script that tries a dictionary: limits are exact and tell nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from apps import App, running_app, settings_of
from hunt.game.entries import Entry
from hunt.log.database import connect
from hunt.log.migrations import migrate
from hunt.log.reader import LogReader
from hunt.log.transfer import verify
from small_hunt import ANSWERS, write_small_hunt
from stores import StandingClock

SLUG = "lantern"
TEXTS = [*(f"wrong {number}" for number in range(18)), ANSWERS[SLUG], f" {ANSWERS[SLUG].lower()}! "]


@asynccontextmanager
async def kicked_off(folder: Path, database_url: str, clock: StandingClock) -> AsyncIterator[App]:
    await migrate(database_url)
    async with running_app(settings_of(write_small_hunt(folder / "hunt"), database_url), clock) as app:
        await app.begin()
        yield app


async def guess(client: httpx.AsyncClient, text: str) -> httpx.Response:
    return await client.post(f"/api/puzzles/{SLUG}/guesses", json={"guess": text})


async def log_of(database_url: str) -> list[Entry]:
    """The whole log, which is dense and chained."""
    engine = connect(database_url)
    head, _ = await verify(engine)
    entries = await LogReader(engine).entries(0, head)
    await engine.dispose()
    return entries


async def test_sixty_guesses_at_once_are_limited_exactly_and_solve_once(tmp_path: Path, database_url: str) -> None:
    async with kicked_off(tmp_path, database_url, StandingClock()) as app:
        team = await app.team()
        async with app.client(headers=team.headers) as client:
            answers = await asyncio.gather(*(guess(client, text) for text in TEXTS * 3))
        entries = [entry for entry in await log_of(database_url) if entry.team_id == team.id]
    written = [entry for entry in entries if entry.type == "puzzle_guess_submitted"]
    verdicts = [entry.data["verdict"] for entry in written if entry.data]
    # The clock stands still: two wrong guesses, then everybody waits. All texts were new once, so it cannot be fewer.
    assert verdicts == ["incorrect", "incorrect"]
    assert len([entry for entry in entries if entry.type == "puzzle_solved"]) == 0
    assert {answer.status_code for answer in answers} == {200, 429}
    fresh = [answer for answer in answers if answer.status_code == 200 and not answer.json()["duplicate"]]
    assert sorted(answer.json()["id"] for answer in fresh) == [entry.id for entry in written]


async def test_sixty_right_guesses_at_once_solve_once(tmp_path: Path, database_url: str) -> None:
    async with kicked_off(tmp_path, database_url, StandingClock()) as app:
        team = await app.team()
        async with app.client(headers=team.headers) as client:
            shuffled = [TEXTS[-1 - number % 2] if number % 3 else f"wrong {number % 2}" for number in range(60)]
            answers = await asyncio.gather(*(guess(client, text) for text in shuffled))
        entries = [entry for entry in await log_of(database_url) if entry.team_id == team.id]
    assert [entry.type for entry in entries].count("puzzle_solved") == 1
    assert {answer.status_code for answer in answers} <= {200, 409, 429}
    right = [answer.json() for answer, text in zip(answers, shuffled, strict=True) if "wrong" not in text]
    assert [answer["duplicate"] for answer in right].count(False) == 1
    assert {answer["verdict"] for answer in right} == {"correct"}


async def test_a_script_learns_nothing_while_its_team_waits(tmp_path: Path, sqlite_url: str) -> None:
    clock = StandingClock()
    async with kicked_off(tmp_path, sqlite_url, clock) as app:
        team = await app.team()
        async with app.client(headers=team.headers) as client:
            for text in ("first", "second"):
                assert (await guess(client, text)).json()["verdict"] == "incorrect"
            before = len(await log_of(sqlite_url))
            told = [await guess(client, text) for text in (*TEXTS, "NIGHT", "LIGHT", "HOUSE") * 2]
            assert len(await log_of(sqlite_url)) == before
            assert {answer.status_code for answer in told} == {429}
            assert len({answer.content for answer in told}) == 1
            assert len({without_date(answer) for answer in told}) == 1
            assert told[0].json()["retry_after"] == int(told[0].headers["retry-after"]) == 60
            clock.wait(seconds=59)
            assert (await guess(client, ANSWERS[SLUG])).status_code == 429
            clock.wait(seconds=1)
            assert (await guess(client, ANSWERS[SLUG])).json()["verdict"] == "correct"


def without_date(answer: httpx.Response) -> Any:
    return tuple(sorted((name, value) for name, value in answer.headers.items() if name != "date"))
