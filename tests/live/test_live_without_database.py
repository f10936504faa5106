"""A process that serves sockets and has no database: it follows Redis and the log of another process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from apps import LiveSite, Site, running_live_site, running_site
from hunt.accounts.guard import Guard
from hunt.accounts.sessions import Ended
from hunt.live import feed
from hunt.log.migrations import migrate
from hunt.log.remote import RemoteLog
from hunt.log.source import LogAway
from hunt.replica.derived import Derived
from live_world import guess, ids
from servers import RedisServer
from small_hunt import write_small_hunt
from sockets import opened
from waiting import eventually

pytestmark = pytest.mark.anyio

NEVER = 3_600.0


@asynccontextmanager
async def both(folder: Path, database_url: str, redis_url: str) -> AsyncIterator[tuple[Site, LiveSite]]:
    hunt = write_small_hunt(folder / "hunt")
    await migrate(database_url)
    async with running_site(hunt, database_url, redis_url=redis_url) as full:
        await full.app.begin()
        async with running_live_site(full, hunt, redis_url) as live:
            yield full, live


async def test_it_sends_what_teams_do_elsewhere_as_the_stream_has_it(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        await eventually(lambda: reached(live, full), what="the live process knowing the team")
        monkeypatch.setattr(feed, "POLL_SECONDS", NEVER)
        async with opened(live, team) as socket:
            await socket.sub("activity_log")
            await socket.next_of("append")
            await socket.sub("puzzle", "p", params={"slug": "lantern"})
            await socket.next_of("update", "p")
            for text in ("one", "two"):
                id = await guess(full.app, team, text)
                await socket.append_with(id, "a")
                assert (await socket.next_of("update", "p"))["value"]["guesses"][-1]["id"] == id


async def reached(live: LiveSite, full: Site) -> bool:
    return live.services.tail.digest == full.app.services.tail.digest


async def test_without_redis_it_asks_the_other_process(
    postgres_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_server.url) as (full, live):
        team = await full.app.team()
        async with opened(live, team) as socket:
            await socket.sub("activity_log")
            await socket.next_of("append")
            redis_server.kill()
            id = await guess(full.app, team, "no stream")
            await socket.append_with(id)


async def test_a_session_that_ends_elsewhere_closes_its_sockets(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        async with opened(live, team) as socket, full.client() as client:
            await socket.next_of("hello")
            await client.post("/api/logout", headers=team.headers)
            assert await socket.closed() == 4001
        with pytest.raises(InvalidStatus) as refused:
            async with opened(live, team):
                pass
        assert refused.value.response.status_code == 403


async def test_while_nobody_tells_of_ended_sessions_no_new_socket_is_taken(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        async with opened(live, team) as old:
            await old.next_of("hello")
            monkeypatch.setattr(feed, "MAX_LATE_SECONDS", 1.0)
            await full.stop()
            await eventually(lambda: is_late(live), what="the live process noticing")
            with pytest.raises(InvalidStatus) as refused:
                async with opened(live, team):
                    pass
            assert refused.value.response.status_code == 503
            assert int(refused.value.response.headers["retry-after"]) > 0
            async with live.client() as client:
                assert (await client.get("/health/ready")).status_code == 503
                assert (await client.get("/health/live")).status_code == 200
            await old.send(rpc=1, method="ping")
            assert (await old.next_of("pong"))["rpc"] == 1
            await full.start()
            await eventually(lambda: is_current(live), what="the live process going on")
            async with opened(live, team) as new:
                await new.next_of("hello")


async def is_current(live: LiveSite) -> bool:
    return live.services.feed.is_current


async def is_late(live: LiveSite) -> bool:
    return not live.services.feed.is_current


async def test_a_team_that_is_deactivated_loses_its_sockets_though_nobody_can_be_asked(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()

        async def away(*_given: object) -> list[Ended]:
            raise LogAway("nobody answers")

        async with opened(live, team) as socket:
            await socket.next_of("hello")
            monkeypatch.setattr(live.services.guard, "read_access", away)
            await full.app.services.accounts.set_active(team.id, active=False)
            assert await socket.closed() == 4001


async def test_a_start_that_is_interrupted_goes_on_with_what_it_has(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Derived] = []
    interruptions: list[LogAway] = []
    load, refresh = Derived.load, Guard.refresh

    async def counted(derived: Derived) -> bool:
        loads.append(derived)
        return await load(derived)

    async def interrupted_once(guard: Guard) -> None:
        if guard is not full.app.services.guard and loads and not interruptions:
            interruptions.append(LogAway("nobody answers"))
            raise interruptions[0]
        await refresh(guard)

    async with both(tmp_path, postgres_url, redis_url) as (full, _):
        await full.app.team()
        monkeypatch.setattr(Derived, "load", counted)
        monkeypatch.setattr(Guard, "refresh", interrupted_once)
        async with running_live_site(full, tmp_path / "hunt", redis_url) as live:
            await eventually(lambda: is_current(live), what="the live process being ready")
            assert await reached(live, full)
            assert (len(loads), len(interruptions)) == (1, 1)


async def test_it_may_be_started_before_the_process_that_it_asks(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, _):
        await full.stop()
        async with running_live_site(full, tmp_path / "hunt", redis_url) as live:
            assert not live.services.feed.is_current
            await full.start()
            team = await full.app.team()
            await eventually(lambda: reached(live, full), what="the live process reading the log")
            await eventually(lambda: is_current(live), what="the live process going on")
            async with opened(live, team) as socket:
                await socket.sub("team_state")
                assert (await socket.next_of("update"))["value"]["currency"] == 0


async def test_it_serves_sockets_and_its_health_and_nothing_else(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        async with live.client() as client:
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()["redis"], ready.json()["database"]) == (200, True, True)
            assert (await client.get("/metrics")).status_code == 200
            for path in ("/", "/puzzles", "/api/me", "/api/log", "/api/sessions", "/login"):
                answer = await client.get(path, headers=team.headers)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_a_process_for_pages_alone_has_no_sockets(sqlite_url: str, tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(sqlite_url)
    async with running_site(hunt, sqlite_url, role="web") as site:
        team = await site.app.team()
        with pytest.raises(InvalidStatus), capture_logs() as lines:
            async with opened(site, team):
                pass
        assert [line["event"] for line in lines] == []
        async with site.client() as client:
            assert (await client.get("/api/me", headers=team.headers)).status_code == 200


async def test_a_socket_resumes_at_a_process_that_has_no_database(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        since, mac = full.app.services.tail.head, full.app.services.hub.shared.head_mac()
        later = await guess(full.app, team, "later")
        async with opened(live, team) as socket:
            await socket.sub("activity_log", since=since, mac=mac)
            assert ids([await socket.append_with(later)]) == [later]
            await socket.sub("activity_log", "b", since=since, mac="f" * 32)
            assert (await socket.next())["type"] == "sub"
            assert (await socket.next())["type"] == "reset"
            assert len(ids([await socket.next_of("append", "b")])) > 1


async def test_the_log_of_another_process_reads_as_the_log_itself(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with both(tmp_path, postgres_url, redis_url) as (full, live):
        team = await full.app.team()
        for text in ("one", "two", "three"):
            await guess(full.app, team, text, slug="lantern" if text != "two" else "mirror")
        here, there = full.app.services.source, live.services.source
        head, _ = await here.head()
        assert await there.head() == await here.head()
        for id in (0, 1, head, head + 1):
            assert await there.digest_at(id) == await here.digest_at(id)
        assert await there.entries(1, 4) == await here.entries(1, 4)
        assert await there.entries(1, 4, team.id) == await here.entries(1, 4, team.id)
        for before in (None, head):
            assert await there.newest(team.id, 2, before) == await here.newest(team.id, 2, before)


async def test_a_log_that_cannot_be_asked_is_away(sqlite_url: str, tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(sqlite_url)
    async with running_site(hunt, sqlite_url) as site:
        for url, token in ((site.url, "a wrong token"), (f"http://127.0.0.1:{1}", "any"), (site.url + "/login", "any")):
            remote = RemoteLog(url, token)
            with pytest.raises(LogAway):
                await remote.head()
            await remote.aclose()


async def test_the_service_may_use_any_name_of_the_server(sqlite_url: str, tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(sqlite_url)
    async with running_site(hunt, sqlite_url, public_url="https://hunt.example.org") as site:
        headers = {"host": "hunt-1.internal:8000", "authorization": "Bearer a token of services"}
        async with httpx.AsyncClient(base_url=site.url) as client:
            assert (await client.get("/api/log", headers=headers)).status_code == 200
            assert (await client.get("/api/log", headers={"host": headers["host"]})).status_code == 421
