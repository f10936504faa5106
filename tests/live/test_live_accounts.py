"""Accounts in several processes: who is gone is gone everywhere, and who is new may come in anywhere."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps import PASSWORD, PASSWORD_HASH, App, Site, Team, running_app, running_live_site, running_site, settings_of
from hunt.live import feed
from hunt.log.migrations import migrate
from servers import PostgresServer
from small_hunt import write_small_hunt
from sockets import opened
from stores import execute
from waiting import eventually

pytestmark = pytest.mark.anyio

NEVER = 3_600.0


def as_account(headers: dict[str, str]) -> Team:
    """An operator, for those who only need the token."""
    return Team(id=0, username="", name="", token=headers["authorization"].removeprefix("Bearer "))


async def can_act(site: Site, headers: dict[str, str]) -> bool:
    async with site.client(headers=headers) as client:
        acted = await client.post("/api/ops/currency", json={"teams": "all", "amount": 1})
        read = await client.get("/api/log")
    assert (acted.status_code, read.status_code) in {(200, 200), (401, 401)}
    return acted.status_code == 200


@pytest.mark.parametrize("how", ["disable", "remove", "DELETE FROM operators"])
async def test_an_operator_who_is_gone_keeps_nothing_in_any_process(
    postgres_url: str, redis_url: str, tmp_path: Path, how: str
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(postgres_url)
    async with (
        running_site(hunt, postgres_url, redis_url=redis_url) as here,
        running_site(hunt, postgres_url, redis_url=redis_url) as there,
        running_live_site(here, hunt, redis_url) as live,
    ):
        hq = await here.app.operator()
        (row,) = await here.app.services.accounts.operators.all()
        await eventually(lambda: _knows(live, hq), what="the live process knowing the operator")
        assert await can_act(there, hq)
        async with (
            opened(here, as_account(hq)) as one,
            opened(there, as_account(hq)) as two,
            opened(live, as_account(hq)) as three,
        ):
            if how == "disable":
                await here.app.services.accounts.operators.set_disabled(row.id, disabled=True)
                assert not await can_act(here, hq), "at once where it was done"
            elif how == "remove":
                await here.app.services.accounts.operators.remove(row.id)
                assert not await can_act(here, hq), "at once where it was done"
            else:
                await execute(postgres_url, how)
            assert [await each.closed() for each in (one, two, three)] == [4001] * 3
        assert not await can_act(here, hq)
        assert not await can_act(there, hq)


async def _knows(live: Site, headers: dict[str, str]) -> bool:
    guard = live.services.guard  # type: ignore[attr-defined] # of a LiveSite
    return guard.identify(as_account(headers).token) is not None


@pytest.fixture
async def strangers(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[App, App]]:
    """Two processes that hear nothing of each other by themselves."""
    for pace in ("POLL_SECONDS", "BUSY_POLL_SECONDS"):
        monkeypatch.setattr(feed, pace, NEVER)
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(postgres_url)
    async with (
        running_app(settings_of(hunt, postgres_url)) as here,
        running_app(settings_of(hunt, postgres_url)) as there,
    ):
        yield here, there


async def test_a_team_logs_in_at_a_process_that_has_not_heard_of_it(strangers: tuple[App, App]) -> None:
    here, there = strangers
    team = await here.team()
    async with there.client() as client, here.client() as back:
        login = await client.post("/api/login", json={"username": team.username, "password": PASSWORD})
        assert login.status_code == 200
        token = {"authorization": f"Bearer {login.json()['token']}"}
        for each in (client, back):
            assert (await each.get("/api/me", headers=token)).json()["team"]["id"] == team.id


async def test_an_operator_logs_in_and_acts_at_a_process_that_has_not_heard_of_them(
    strangers: tuple[App, App],
) -> None:
    here, there = strangers
    await here.services.accounts.operators.add("hq", "", password_hash=PASSWORD_HASH)
    async with there.client() as client, here.client() as back:
        login = await client.post("/api/ops/login", json={"username": "hq", "password": PASSWORD})
        assert login.status_code == 200
        token = {"authorization": f"Bearer {login.json()['token']}"}
        for each in (client, back):
            acted = await each.post("/api/ops/currency", json={"teams": "all", "amount": 1}, headers=token)
            assert acted.status_code == 200


async def test_wrong_passwords_count_together(strangers: tuple[App, App]) -> None:
    here, there = strangers
    team = await here.team()
    wrong = {"username": team.username, "password": "wrong horse"}
    async with here.client() as one, there.client() as two:
        statuses = [(await each.post("/api/login", json=wrong)).status_code for each in (one, two) * 6]
        assert statuses == [401] * 10 + [429] * 2
        await here.services.accounts.unlock("team", team.id)
        assert (await two.post("/api/login", json=wrong | {"password": PASSWORD})).status_code == 200


async def test_acts_and_logins_outlive_a_restart_of_the_database(
    postgres_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    await migrate(postgres_url)
    async with running_app(settings_of(write_small_hunt(tmp_path / "hunt"), postgres_url)) as app:
        hq, team = await app.operator(), await app.team()
        login = {"username": team.username, "password": PASSWORD}
        new = {"username": "newcomers", "name": "Newcomers", "password": PASSWORD}
        postgres_server.stop()
        async with app.client() as client:
            requests = [
                asyncio.create_task(client.post(path, json=body, headers=headers))
                for path, body, headers in (
                    ("/api/ops/currency", {"teams": "all", "amount": 1}, hq),
                    ("/api/ops/teams", new, hq),
                    (f"/api/ops/teams/{team.id}/set-password", {"password": "battery staple"}, hq),
                    ("/api/logout", {}, hq),
                    ("/api/login", login, {}),
                )
            ]
            await asyncio.to_thread(postgres_server.start)
            statuses = [answer.status_code for answer in await asyncio.gather(*requests)]
        assert statuses[:4] == [200, 201, 200, 204]
        assert statuses[4] in {200, 401, 409}, "before the new password or after it"
