"""What may differ between the stores, or between a request and many at once: the same on SQLite and PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from apps import SERVICE_TOKEN, App, Team, running_app, settings_of
from hunt.game.entries import GENESIS, Entry, check_chain, decode_entry, digest_of
from hunt.log.database import append_transaction
from hunt.log.migrations import migrate
from hunt.log.reader import row_of
from hunt.log.tables import EntryRow
from hunt.requests import MAX_ID
from live_world import wired
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    await migrate(database_url)
    async with running_app(settings_of(write_small_hunt(tmp_path / "hunt"), database_url)) as app:
        await app.begin()
        yield app


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with app.client() as client:
        yield client


async def guess(client: httpx.AsyncClient, team: Team, text: str) -> httpx.Response:
    return await client.post("/api/puzzles/lantern/guesses", json={"guess": text}, headers=team.headers)


async def whole_log(client: httpx.AsyncClient) -> list[Entry]:
    page = (await client.get("/api/log", params={"limit": 1_000}, headers=SERVICE)).json()
    return [decode_entry(row) for row in page["entries"]]


async def test_sixty_guesses_at_once_keep_the_limit_and_solve_once_at_most(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    texts = ["lighthouse", *(f"wrong {number}" for number in range(19))] * 3
    answers = await asyncio.gather(*(guess(client, team, text) for text in texts))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409, 429}
    fresh = [answer.json() for answer in answers if answer.status_code == 200 and not answer.json()["duplicate"]]
    verdicts = Counter(answer["verdict"] for answer in fresh)
    assert verdicts["correct"] <= 1
    assert verdicts["incorrect"] <= 2
    log = await whole_log(client)
    assert check_chain(0, GENESIS, log) == (app.services.tail.head, app.services.tail.digest)
    types = Counter(entry.type for entry in log if entry.slug == "lantern")
    assert types["puzzle_solved"] == verdicts["correct"]
    assert types["puzzle_guess_submitted"] == len(fresh)


async def test_a_dictionary_tried_while_the_team_has_to_wait_tells_nothing(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    for text in ("one", "two"):
        await guess(client, team, text)
    answers = [await guess(client, team, text) for text in ("three", "lamp", "light", "lighthouse", "four")]
    assert {answer.status_code for answer in answers} == {429}
    assert len({(answer.json()["code"], frozenset(answer.json())) for answer in answers}) == 1


@pytest.mark.parametrize(
    "path",
    [
        f"/api/log?since={MAX_ID}",
        f"/api/log?team_id={MAX_ID}",
        f"/api/log?since=0&team_id={2**40}",
        f"/api/log?limit={2**70}",
        f"/api/sessions?since={MAX_ID}",
    ],
)
async def test_the_largest_numbers_are_answered(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers=SERVICE)).status_code == 200


async def test_the_largest_numbers_of_a_team_are_answered(app: App, client: httpx.AsyncClient) -> None:
    team, hq = await app.team(), await app.operator()
    activity = await client.get(f"/api/activity?since={MAX_ID}", headers=team.headers)
    assert activity.json()["entries"] == []
    assert (await client.get(f"/api/ops/teams/{team.id}?at={MAX_ID}", headers=hq)).status_code == 200
    client.cookies.set("session", team.token)
    assert (await client.get(f"/activity?before={MAX_ID}")).status_code == 200
    async with wired(app, team) as wire:
        wire.sub("activity_log", since=2**53 - 1, mac="0" * 32)
        await wire.settled()
        assert wire.kinds() == ["sub", "reset", "append"]


async def test_letters_of_every_script_are_kept(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    for text in ("שלום עולם", "ಕಾಬ"):
        assert (await guess(client, team, text)).status_code == 200
    puzzle = (await client.get("/api/puzzles/lantern", headers=team.headers)).json()
    entries = [entry for entry in await whole_log(client) if entry.type == "puzzle_guess_submitted"]
    assert [row["canonical_input"] for row in puzzle["guesses"]] == [
        (entry.data or {})["canonical_input"] for entry in entries
    ]


async def _append_from_the_future(app: App, team: Team, slug: str | None) -> int:
    """A row that a newer version might have written."""
    tail = app.services.tail
    entry = Entry(
        id=tail.head + 1,
        team_id=team.id,
        timestamp=datetime.now(UTC),
        type="puzzle_teleported",
        slug=slug,
        currency_delta=7,
        data={"where": {"to": ["the", "moon", 1]}},
    )
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__} | {
        "digest": digest_of(tail.digest, entry)
    }
    async with append_transaction(app.services.engine) as connection:
        await connection.execute(insert(EntryRow), row_of(Entry(**fields)))
        await connection.commit()
    return entry.id


@pytest.mark.parametrize("slug", [None, "lantern"])
async def test_an_entry_of_an_unknown_type_is_kept_shown_and_counted(
    app: App, client: httpx.AsyncClient, slug: str | None
) -> None:
    team = await app.team()
    async with wired(app, team) as wire:
        wire.sub("activity_log")
        wire.sub("navbar", "b")
        await wire.settled()
        id = await _append_from_the_future(app, team, slug)
        await app.services.feed.poll()
        await wire.until(lambda: wire.of("append")[-1]["entries"][-1]["id"] == id)
        assert wire.of("update", "b")[-1]["value"]["currency"] == 7
    assert (await guess(client, team, "dark")).status_code == 200
    entries = (await client.get("/api/activity", headers=team.headers)).json()["entries"]
    assert "puzzle_teleported" in [entry["type"] for entry in entries]
    [raw] = [entry for entry in await whole_log(client) if entry.id == id]
    assert raw.data == {"where": {"to": ["the", "moon", 1]}}
    client.cookies.set("session", team.token)
    for path in ("/", "/activity", "/puzzles/lantern"):
        assert (await client.get(path)).status_code == 200
    assert "puzzle teleported" in (await client.get("/activity")).text
