"""Asking for updates over HTTP, where no socket gets through."""

from typing import Any

import httpx
import pytest

from apps import App, Team
from hunt.game import commands as cmd
from hunt.live import poll
from live_world import Wire, check_tiles, grant, guess, wired

pytestmark = pytest.mark.anyio

HTML = {"format": "html"}


class Poller:
    """A page without a socket."""

    def __init__(self, app: App, team: Team) -> None:
        self.client = app.client(headers=team.headers)
        self.token = ""
        self.again = 0

    async def ask(self, *calls: dict[str, Any]) -> httpx.Response:
        named = [{"sub": f"s{number}", **call} for number, call in enumerate(calls)]
        return await self.client.post("/api/poll", json={"subs": named, "token": self.token})

    async def frames(self, *calls: dict[str, Any]) -> list[dict[str, Any]]:
        """The frames that come; the next question says that it has them."""
        answer = await self.ask(*calls)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        self.token, self.again = body["token"], body["again"]
        frames: list[dict[str, Any]] = body["frames"]
        return frames


async def test_a_poll_brings_what_a_socket_brings(live_app: App, team: Team) -> None:
    await guess(live_app, team, "wrong")
    page = Poller(live_app, team)
    calls = [
        {"dataset": "hub", "params": HTML},
        {"dataset": "puzzle", "params": {**HTML, "slug": "lantern"}},
        {"dataset": "guess_log", "params": {"slug": "lantern"}},
        {"dataset": "activity_log"},
        {"dataset": "puzzle", "params": {"slug": "vault"}},
    ]
    frames = await page.frames(*calls)
    async with wired(live_app, team) as wire:
        for number, call in enumerate(calls):
            wire.call(rpc=number, method="sub", sub=f"s{number}", **call)
        await wire.settled()
        assert frames == [frame for frame in wire.frames if frame["type"] != "pong"]
    assert page.again == poll.POLL_SECONDS
    assert live_app.services.hub.shared.budget(team.id).subscriptions == 0


async def test_nothing_comes_while_nothing_is_new_and_what_is_new_comes_at_the_next_poll(
    live_app: App, team: Team
) -> None:
    page, other = Poller(live_app, team), await live_app.team()
    calls: list[dict[str, Any]] = [{"dataset": "navbar"}, {"dataset": "activity_log"}]
    *_, append = await page.frames(*calls)
    assert await page.frames(*calls) == []
    await grant(live_app, other)
    assert await page.frames(*calls) == []
    await grant(live_app, team, 3)
    calls[1] |= {"since": append["id"], "mac": append["mac"]}
    frames = await page.frames(*calls)
    assert [frame["type"] for frame in frames] == ["sub", "sub", "update", "append"]
    check_tiles(frames[-1:], append["id"])
    assert frames[2]["value"]["currency"] == 3
    live_app.services.hub.time_passed()
    assert [frame["type"] for frame in await page.frames(*calls)] == ["sub", "sub", "update", "append"]


async def test_a_cursor_of_another_log_is_reset(live_app: App, team: Team) -> None:
    head = await grant(live_app, team)
    frames = await Poller(live_app, team).frames({"dataset": "activity_log", "since": head, "mac": "0" * 32})
    assert [frame["type"] for frame in frames] == ["sub", "reset", "append"]


async def test_an_answer_has_a_bounded_size_and_the_rest_follows_at_once(
    live_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = await live_app.team()
    for _ in range(20):
        await grant(live_app, team)
    monkeypatch.setattr(poll, "MAX_POLL_BYTES", 100)
    page, call = Poller(live_app, team), {"dataset": "activity_log"}
    frames = await page.frames(call, {"dataset": "hub"})
    assert len(frames) < 4
    assert (page.token, page.again) == ("", poll.MORE_SECONDS)


async def test_a_team_has_a_bounded_number_of_polls_and_a_bounded_share_of_the_process(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, page = live_app.services.hub.shared.budget(team.id), Poller(live_app, team)
    monkeypatch.setattr(own, "polls", poll.MAX_POLLS)
    refused = await page.ask({"dataset": "hub"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_polls")
    assert int(refused.headers["retry-after"]) == poll.BUSY_POLL_SECONDS
    monkeypatch.setattr(own, "polls", 0)
    assert await page.frames({"dataset": "hub"})
    own.spend(1_000)
    assert (await page.ask({"dataset": "hub"})).status_code == 429
    assert (await Poller(live_app, await live_app.team()).ask({"dataset": "hub"})).status_code == 200


async def test_a_team_with_all_its_sockets_is_refused(live_app: App, team: Team) -> None:
    hub, wires = live_app.services.hub, [Wire(live_app, team.id) for _ in range(500)]
    for wire in wires:
        hub.join(wire.connection)
    assert (await Poller(live_app, team).ask({"dataset": "hub"})).status_code == 429
    for wire in wires:
        hub.leave(wire.connection)


async def test_only_a_team_that_is_logged_in_is_answered(live_app: App, team: Team) -> None:
    page = Poller(live_app, team)
    await live_app.services.accounts.set_active(team.id, active=False, internal_data={})
    assert (await page.ask({"dataset": "hub"})).status_code == 401
    async with live_app.client() as client:
        assert (await client.post("/api/poll", json={"subs": []})).status_code == 401
        hq = await live_app.operator()
        assert (await client.post("/api/poll", json={"subs": []}, headers=hq)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"subs": {}}, {"subs": [{}]}, {"subs": [{"sub": "a", "dataset": "hub"}] * 101}, {"subs": [], "token": 1}],
)
async def test_a_body_of_another_shape_is_refused(live_app: App, team: Team, body: Any) -> None:
    async with live_app.client(headers=team.headers) as client:
        assert (await client.post("/api/poll", json=body)).status_code == 422


async def test_what_the_team_may_not_see_is_in_no_answer(live_app: App, team: Team) -> None:
    await live_app.services.writer.submit(cmd.OpenHints(teams=None, slug="vault"))
    frames = await Poller(live_app, team).frames(
        {"dataset": "puzzle", "params": {"slug": "vault"}}, {"dataset": "all_puzzles"}, {"dataset": "activity_log"}
    )
    assert frames[0]["code"] == "not_found"
    assert "QUICKSILVER" not in str(frames)
    assert "Vault" not in str(frames)
