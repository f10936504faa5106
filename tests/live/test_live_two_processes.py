"""Two servers on one database: each sees what the other wrote, and nobody sees the past after an act of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from apps import App, Site, Team, running_app, running_site, settings_of
from hunt.live import feed
from hunt.log.history import catch_up
from hunt.log.migrations import migrate
from live_world import guess, wired
from servers import RedisServer
from small_hunt import write_small_hunt
from sockets import opened

pytestmark = pytest.mark.anyio

NEVER = 3_600.0


def nobody_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    for pace in ("POLL_SECONDS", "BUSY_POLL_SECONDS"):
        monkeypatch.setattr(feed, pace, NEVER)


@asynccontextmanager
async def two_sites(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[tuple[Site, Site]]:
    hunt = write_small_hunt(folder / "hunt")
    await migrate(database_url)
    async with (
        running_site(hunt, database_url, redis_url=redis_url) as here,
        running_site(hunt, database_url, redis_url=redis_url) as there,
    ):
        await here.app.begin()
        yield here, there


@pytest.fixture
async def strangers(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[App, App]]:
    """Two processes that hear nothing of each other by themselves: no common Redis, and nobody polls."""
    nobody_polls(monkeypatch)
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(postgres_url)
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(running_app(settings_of(hunt, postgres_url)))
        await here.begin()
        there = await stack.enter_async_context(running_app(settings_of(hunt, postgres_url)))
        yield here, there


async def test_each_process_sees_the_entries_of_the_other_through_redis(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_sites(tmp_path, postgres_url, redis_url) as (here, there):
        team = await here.app.team()
        nobody_polls(monkeypatch)
        async with opened(here, team) as one, opened(there, team) as two:
            for live in (one, two):
                await live.sub("activity_log")
                await live.next_of("append")
            for number, (writer, reader) in enumerate([(here, two), (there, one), (here, two), (there, one)]):
                id = await guess(writer.app, team, "same"[number:], slug=("lantern", "mirror")[number % 2])
                assert (await reader.append_with(id))["id"] >= id


async def test_without_redis_the_log_is_polled(postgres_url: str, redis_server: RedisServer, tmp_path: Path) -> None:
    async with two_sites(tmp_path, postgres_url, redis_server.url) as (here, there):
        team = await here.app.team()
        async with opened(there, team) as live:
            await live.sub("activity_log")
            await live.next_of("append")
            redis_server.kill()
            id = await guess(here.app, team, "no stream")
            await live.append_with(id)
            redis_server.start()
            id = await guess(here.app, team, "stream again")
            await live.append_with(id)
            async with there.client() as client:
                ready = await client.get("/health/ready")
                assert ready.status_code == 200


async def balance(client: httpx.AsyncClient, team: Team, **headers: str) -> int:
    state = (await client.get("/api/me", headers={**team.headers, **headers})).json()["state"]
    return int(state["currency"])


async def test_an_answer_is_as_new_as_the_hunt_id_says(strangers: tuple[App, App]) -> None:
    here, there = strangers
    team = await here.team()
    async with here.client() as client, there.client() as other:
        hq = await here.operator()
        await there.services.feed.poll()
        assert await balance(other, team) == 0
        given = await client.post("/api/ops/currency", json={"teams": "all", "amount": 1}, headers=hq)
        assert await balance(other, team) == 0, "nobody told this process"
        assert await balance(other, team, **{"x-hunt-id": str(given.json()["epoch"])}) == 1
        given = await client.post("/api/ops/currency", json={"teams": "all", "amount": 1}, headers=hq)
        assert await balance(other, team, cookie=f"hunt_id={given.cookies['hunt_id']}") == 2
        assert await balance(other, team, **{"x-hunt-id": "999999999999"}) == 2, "an id above the log's head is ignored"


async def test_a_page_after_an_act_elsewhere_shows_the_act(strangers: tuple[App, App]) -> None:
    here, there = strangers
    team = await here.team()
    async with here.client() as client, there.client() as other:
        for each in (client, other):
            each.cookies.set("session", team.token)
        await client.get("/puzzles/lantern")
        own = {"sec-fetch-site": "same-origin"}
        posted = await client.post("/puzzles/lantern/guess", data={"guess": "hello there"}, headers=own)
        assert posted.status_code == 303
        other.cookies.set("hunt_id", client.cookies["hunt_id"])
        assert "HELLOTHERE" in (await other.get("/puzzles/lantern")).text


async def test_a_team_that_registers_in_one_process_is_known_to_the_other_at_once(
    strangers: tuple[App, App],
) -> None:
    here, there = strangers
    async with here.client() as client, there.client() as other:
        body = {"username": "brand_new", "name": "Brand New", "password": "long enough"}
        token = (await client.post("/api/register", json=body)).json()["token"]
        me = await other.get("/api/me", headers={"authorization": f"Bearer {token}"})
        assert me.status_code == 200
        login = await other.post("/api/login", json={"username": "brand_new", "password": "long enough"})
        assert login.status_code == 200


async def test_a_guess_is_decided_on_what_the_other_process_wrote(strangers: tuple[App, App]) -> None:
    here, there = strangers
    team = await here.team()
    await there.services.feed.poll()
    async with here.client() as client, there.client() as other:
        path, body = "/api/puzzles/lantern/guesses", {"guess": "lighthouse"}
        first = await client.post(path, json=body, headers=team.headers)
        again = await other.post(path, json=body, headers=team.headers)
        assert not first.json()["duplicate"]
        assert again.json()["duplicate"]
        assert again.json()["id"] == first.json()["id"]


async def test_any_process_can_resume_any_cursor_and_waits_until_it_has_come_so_far(
    strangers: tuple[App, App],
) -> None:
    here, there = strangers
    team = await here.team()
    await there.services.feed.poll()
    old = await guess(here, team, "first")
    since, mac = here.services.tail.head, here.services.hub.shared.head_mac()
    assert there.services.tail.head < old
    async with wired(there, team) as wire:
        wire.sub("activity_log", since=since, mac=mac)
        wire.sub("puzzle", "b", params={"slug": "lantern"}, since=since)
        await wire.settled()
        assert not wire.of("reset")
        assert wire.of("append")[0]["entries"] == []
        [value] = [frame["value"] for frame in wire.of("update", "b")]
        assert value["epoch"] >= since
        assert value["guesses"][0]["canonical_input"] == "FIRST"


async def test_a_session_that_ends_in_one_process_ends_in_the_other_and_closes_its_sockets(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with two_sites(tmp_path, postgres_url, redis_url) as (here, there):
        hq = await here.app.operator()
        for path, body in (("logout", None), ("deactivate", None), ("set-password", {"password": "long enough"})):
            team = await here.app.team()
            async with opened(there, team) as live, here.client() as client:
                await live.next_of("hello")
                if path == "logout":
                    await client.post("/api/logout", headers=team.headers)
                else:
                    await client.post(f"/api/ops/teams/{team.id}/{path}", json=body, headers=hq)
                assert await live.closed() == 4001, path
            async with there.client() as client:
                assert (await client.get("/api/me", headers=team.headers)).status_code == 401


async def test_many_who_ask_at_once_are_served_by_few_readings(
    strangers: tuple[App, App], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = strangers
    team = await here.team()
    await there.services.feed.poll()
    head = await guess(here, team, "herd")
    readings = []

    async def counted(*given: object) -> None:
        readings.append(given)
        await catch_up(*given)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(feed, "catch_up", counted)
    async with there.client() as client:
        headers = {**team.headers, "x-hunt-id": str(head)}

        async def ask() -> None:
            assert (await client.get("/api/puzzles/lantern", headers=headers)).json()["epoch"] >= head

        await asyncio.gather(*(ask() for _ in range(30)))
    assert len(readings) < 10, "each process also reads by itself now and then"
