"""The protocol over real sockets: who gets one, what ends it, and that it can be resumed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from apps import PASSWORD, Site, Team, fresh_sqlite, running_site
from hunt.app import MAX_CALL_BYTES
from hunt.game import commands as cmd
from hunt.live import connection, socket
from hunt.live.budget import BURST_SECONDS
from hunt.live.protocol import MAX_BAD_FRAMES
from live_world import check_tiles, grant, guess, ids
from refusals import refusals
from small_hunt import write_small_hunt
from sockets import opened
from waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def team(live_site: Site) -> Team:
    return await live_site.app.team()


async def test_a_socket_says_hello_answers_and_is_kept_up_to_date(live_site: Site, team: Team) -> None:
    async with opened(live_site, team) as live:
        hello = await live.next()
        tail = live_site.app.services.tail
        assert hello["type"] == "hello"
        assert hello["log"] == {"id": tail.head, "mac": live_site.app.services.hub.shared.head_mac()}
        assert isinstance(hello["conn"], str)
        assert isinstance(hello["build"], str)
        await live.send(rpc="p", method="ping")
        assert await live.next() == {"type": "pong", "rpc": "p"}
        await live.sub("navbar")
        assert await live.next() == {"type": "sub", "rpc": "a", "sub": "a", "kind": "replaced"}
        assert (await live.next())["value"]["currency"] == 0
        head = await grant(live_site.app, team)
        update = await live.next()
        assert (update["value"]["currency"], update["value"]["epoch"]) == (1, head)


async def refused(site: Site, team: Team | None = None, **more: Any) -> int:
    with pytest.raises(InvalidStatus) as caught:
        async with opened(site, team, **more):
            pass
    return caught.value.response.status_code


async def test_a_refused_handshake_is_an_error_like_any_other_and_has_the_headers_of_every_answer(
    live_site: Site, team: Team
) -> None:
    for headers, code in (({}, "not_logged_in"), (cookie(team.token), "foreign_origin")):
        with pytest.raises(InvalidStatus) as caught:
            async with opened(live_site, headers=headers):
                pass
        answer = caught.value.response
        assert (answer.status_code, json.loads(answer.body or b"")["code"]) == (403, code)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def cookie(token: str) -> dict[str, str]:
    return {"cookie": f"session={token}"}


async def greeted(site: Site, team: Team | None = None, **more: Any) -> bool:
    async with opened(site, team, **more) as live:
        hello = await live.next()
        return bool(hello["type"] == "hello")


async def test_a_token_needs_no_origin_and_a_cookie_needs_ours(live_site: Site, team: Team) -> None:
    assert await greeted(live_site, team)
    assert await greeted(live_site, path=f"?token={team.token}")
    assert await greeted(live_site, headers=cookie(team.token), origin=live_site.url)
    assert await refused(live_site, headers=cookie(team.token)) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[::1"])
async def test_a_foreign_origin_is_refused(live_site: Site, team: Team, origin: str) -> None:
    assert await refused(live_site, team, origin=origin) == 403
    assert await refused(live_site, headers=cookie(team.token), origin=origin) == 403


async def test_a_foreign_host_is_refused(live_site: Site, team: Team) -> None:
    async with live_site.client() as client:
        upgrade = {
            **team.headers,
            "host": "evil.example",
            "upgrade": "websocket",
            "connection": "upgrade",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
            "sec-websocket-version": "13",
        }
        assert (await client.get("/ws", headers=upgrade)).status_code == 421


async def test_without_a_valid_login_there_is_no_socket(live_site: Site, team: Team) -> None:
    operator = await live_site.app.operator()
    token = operator["authorization"].removeprefix("Bearer ")
    assert await refused(live_site) == 403
    assert await refused(live_site, path="?token=") == 403
    assert await refused(live_site, path=f"?token={team.token}x") == 403
    assert await refused(live_site, path=f"?token={token}") == 403, "a query string is for teams only"
    assert await refused(live_site, headers=cookie("nonsense"), origin=live_site.url) == 403
    assert await refused(live_site, headers={"authorization": "Bearer a token of services"}) == 403
    async with live_site.client() as client:
        await client.post("/api/logout", headers=team.headers)
    assert await refused(live_site, team) == 403


async def test_an_operator_has_a_socket_but_no_datasets_of_teams(live_site: Site) -> None:
    async with opened(live_site, headers=await live_site.app.operator()) as live:
        await live.next_of("hello")
        await live.sub("hub")
        assert (await live.next())["code"] == "unknown_dataset"


async def test_twenty_bad_frames_are_answered_and_only_then_is_the_socket_closed(live_site: Site, team: Team) -> None:
    bad: list[str | bytes] = ["not json", "[]", b"\x00\xff", '{"rpc": 1, "method": "dance"}', ""]
    async with opened(live_site, team) as live:
        await live.next_of("hello")
        for number in range(MAX_BAD_FRAMES - 1):
            await live.connection.send(bad[number % len(bad)])
            fail = await live.next()
            assert (fail["type"], fail["rpc"], fail["code"]) == ("fail", None, "bad_frame")
        await live.send(rpc=1, method="ping")
        assert (await live.next())["type"] == "pong"
        await live.connection.send("one too many")
        assert (await live.next())["code"] == "bad_frame"
        assert await live.closed() == 4029


async def test_a_frame_that_is_too_long_ends_the_socket(live_site: Site, team: Team) -> None:
    async with opened(live_site, team) as live:
        await live.send(rpc="x" * (MAX_CALL_BYTES - 100), method="ping")
        await live.next_of("pong")
        await live.send(rpc="x" * MAX_CALL_BYTES, method="ping")
        assert await live.closed() == 1009


async def test_too_many_calls_end_the_socket(live_site: Site, team: Team) -> None:
    before = refusals("socket_too_busy", 4029)
    async with opened(live_site, team) as live:
        with suppress(ConnectionClosed):
            for number in range(2 * socket.MAX_CALLS_AT_ONCE):
                await live.send(rpc=number, method="ping")
                await live.next_of("pong")
        assert await live.closed() == 4029
    assert refusals("socket_too_busy", 4029) == before + 1


async def test_too_many_sockets_of_one_team_are_refused(
    live_site: Site, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.live.hub.MAX_SOCKETS_OF_ACCOUNT", 1)
    async with opened(live_site, team) as first, opened(live_site, team) as second:
        assert (await first.next())["type"] == "hello"
        assert await second.closed() == 4029
        async with opened(live_site, await live_site.app.team()) as other:
            assert (await other.next())["type"] == "hello"


async def test_a_team_that_opens_sockets_without_end_is_refused_until_it_rests(
    live_site: Site, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HANDSHAKE_SECONDS", BURST_SECONDS / 3)
    for _ in range(3):
        assert await greeted(live_site, team)
    live_site.app.services.hub.shared.budget(team.id).spend(1)
    assert await refused(live_site, team) == 429
    assert await greeted(live_site, await live_site.app.team())


Ending = Callable[[Site, Team], Any]


async def _log_out(site: Site, team: Team) -> None:
    async with site.client() as client:
        assert (await client.post("/api/logout", headers=team.headers)).status_code == 204


async def _deactivate(site: Site, team: Team) -> None:
    async with site.client() as client:
        await client.post(f"/api/ops/teams/{team.id}/deactivate", headers=await site.app.operator())


async def _set_password(site: Site, team: Team) -> None:
    async with site.client() as client:
        body = {"password": "another password"}
        await client.post(f"/api/ops/teams/{team.id}/set-password", json=body, headers=await site.app.operator())


async def _change_password_elsewhere(site: Site, team: Team) -> None:
    async with site.client(follow_redirects=True) as client:
        page = await client.get("/login")
        form = {"username": team.username, "password": PASSWORD}
        own = {"origin": site.url}
        page = await client.post("/login", data=form, headers=own)
        form = {"current": PASSWORD, "new": "another password"}
        page = await client.post("/team/password", data=form, headers=own)
        assert page.status_code == 200, page.text


@pytest.mark.parametrize("end", [_log_out, _deactivate, _set_password, _change_password_elsewhere])
async def test_a_session_that_ends_closes_its_sockets_with_4001(live_site: Site, team: Team, end: Ending) -> None:
    async with opened(live_site, team) as live:
        await live.next_of("hello")
        await live.sub("hub")
        await end(live_site, team)
        assert await live.closed() == 4001


async def test_the_other_sessions_of_a_team_go_on_after_a_logout(live_site: Site, team: Team) -> None:
    _, token = await live_site.app.services.accounts.start_session("team", team.id, "another device")
    async with opened(live_site, path=f"?token={token}") as live:
        await live.next_of("hello")
        await _log_out(live_site, team)
        await live.send(rpc=1, method="ping")
        await live.next_of("pong")


@asynccontextmanager
async def own_site(folder: Path) -> AsyncIterator[Site]:
    async with running_site(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder)) as site:
        await site.app.begin()
        yield site


async def test_a_stop_closes_with_1012_and_a_cursor_is_good_after_the_start(tmp_path: Path) -> None:
    async with own_site(tmp_path) as site:
        team = await site.app.team()
        async with opened(site, team) as live:
            await live.sub("activity_log")
            before = await live.next_of("append")
            stopping = asyncio.create_task(site.stop())
            assert await live.closed() == 1012
            await stopping
        await site.start()
        head = await guess(site.app, team, "meanwhile")
        async with opened(site, team) as live:
            await live.sub("activity_log", since=before["id"], mac=before["mac"])
            await live.sub("hub", "b", since=head)
            append = await live.next_of("append")
            assert (append["prev"], ids([append])) == (before["id"], [head])
            assert (await live.next_of("update"))["value"]["epoch"] >= head
            assert not [frame for frame in live.seen if frame["type"] == "reset"]


async def test_a_socket_that_stops_reading_is_closed_with_4008_and_can_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOW_SECONDS", 0.2)
    async with own_site(tmp_path) as site:
        team = await site.app.team()
        for _ in range(8):
            acts = (site.app.services.writer.submit(cmd.Grant(teams=(team.id,), keys=1)) for _ in range(250))
            await asyncio.gather(*acts)
        async with opened(site, team, max_queue=1) as slow:
            for number in range(connection.MAX_SUBSCRIPTIONS):
                await slow.sub("activity_log", str(number))
            [serving] = site.app.services.hub.connections
            await _until_closing(serving)
            assert len(serving._replies) <= connection.MAX_REPLIES
            assert await slow.closed() == 4008
        frames = [frame for frame in slow.seen if frame["type"] == "append" and frame["sub"] == "0"]
        check_tiles(frames, 0)
        new = await guess(site.app, team, "after all")
        async with opened(site, team) as live:
            await live.sub("activity_log", since=frames[-1]["id"], mac=frames[-1]["mac"])
            assert ids([await live.next_of("append")]) == [new]


async def _until_closing(serving: connection.Connection) -> None:
    """While the client does not read, until the server gives it up."""

    async def given_up() -> bool:
        return serving.close_code is not None

    await eventually(given_up, what="the server giving up")
