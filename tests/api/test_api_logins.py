"""No stranger keeps an owner out: what counts as a place to log in from, and what clears the count."""

from pathlib import Path

import httpx
import msgspec
import pytest

from apps import PASSWORD, App, Team, fresh_key, fresh_sqlite, running_app, settings_of
from hunt.accounts.devices import MAX_DEVICE_ACCOUNTS, Device, Devices
from hunt.accounts.rates import REGISTRATIONS, Rates
from hunt.accounts.sessions import Sessions
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT
from small_hunt import write_small_hunt
from stores import StandingClock

pytestmark = pytest.mark.anyio


async def log_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD, path: str = "/api/login") -> int:
    answer = await client.post(path, json={"username": name, "password": password})
    client.cookies.delete("session")
    return answer.status_code


async def lock(client: httpx.AsyncClient, name: str, path: str = "/api/login") -> None:
    for _ in range(FAILURES_PER_ACCOUNT):
        assert await log_in(client, name, "wrong horse", path) == 401
    assert await log_in(client, name, path=path) == 429


async def test_an_owner_comes_in_from_another_address_and_a_stranger_does_not(api_app: App, team: Team) -> None:
    async with api_app.client(address="192.0.2.1") as stranger, api_app.client(address="192.0.2.2") as owner:
        await lock(stranger, team.username)
        assert await log_in(owner, team.username) == 200
        assert await log_in(stranger, team.username) == 429


async def test_of_one_ipv6_network_all_addresses_are_one_stranger(api_app: App, team: Team) -> None:
    async with api_app.client(address="2001:db8::1") as stranger, api_app.client(address="2001:db8::ffff") as again:
        await lock(stranger, team.username)
        assert await log_in(again, team.username) == 429


@pytest.mark.parametrize("path", ["/api/login", "/api/ops/login"])
async def test_a_browser_that_was_in_before_comes_in_from_the_strangers_own_address(
    api_app: App, team: Team, path: str
) -> None:
    name = team.username
    if path == "/api/ops/login":
        await api_app.services.accounts.operators.add(name, PASSWORD)
    async with api_app.client(address="192.0.2.3") as owner, api_app.client(address="192.0.2.3") as stranger:
        assert await log_in(owner, name, path=path) == 200
        await lock(stranger, name, path)
        assert await log_in(owner, name, path=path) == 200
        await lock(owner, name, path)  # its own wrong passwords count for it


async def test_a_browser_that_was_in_as_another_team_is_a_stranger_to_this_one(api_app: App, team: Team) -> None:
    other = await api_app.team()
    async with api_app.client(address="192.0.2.4") as browser, api_app.client(address="192.0.2.4") as stranger:
        assert await log_in(browser, other.username) == 200
        await lock(stranger, team.username)
        assert await log_in(browser, team.username) == 429


async def test_a_team_that_registered_here_is_known_here(api_app: App) -> None:
    async with api_app.client(address="192.0.2.5") as owner, api_app.client(address="192.0.2.5") as stranger:
        body = {"username": "known_here", "name": "Known here", "password": PASSWORD}
        assert (await owner.post("/api/register", json=body)).status_code == 201
        await lock(stranger, "known_here")
        assert await log_in(owner, "known_here") == 200


async def test_the_cookie_of_a_browser_is_hidden_from_scripts_and_kept_for_long(api_app: App, team: Team) -> None:
    async with api_app.client() as client:
        answer = await client.post("/login", data={"username": team.username, "password": PASSWORD, "next": "/"})
        (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith("device=")]
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
        assert f"Max-Age={400 * 24 * 3600}" in cookie
        await client.post("/logout", headers={"sec-fetch-site": "same-origin"})
        assert client.cookies["device"]


async def test_a_new_password_and_headquarters_clear_the_count(api_app: App, team: Team) -> None:
    async with api_app.client(address="192.0.2.6") as client:
        await lock(client, team.username)
        await api_app.services.accounts.unlock("team", team.id)
        assert await log_in(client, team.username) == 200
    async with api_app.client(address="192.0.2.6") as client:
        await lock(client, team.username)
        await api_app.services.accounts.set_password("team", team.id, "battery staple")
        assert await log_in(client, team.username, "battery staple") == 200


async def test_wrong_current_passwords_are_throttled_for_that_session(api_app: App, team: Team) -> None:
    form = {"current": "wrong horse", "new": "battery staple"}
    async with api_app.client(address="192.0.2.7") as client:
        for _ in range(FAILURES_PER_ACCOUNT):
            assert (await client.post("/team/password", data=form, headers=team.headers)).status_code == 401
        right = form | {"current": PASSWORD}
        refused = await client.post("/team/password", data=right, headers=team.headers)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "Too many wrong passwords" in refused.text
        assert await log_in(client, team.username) == 200


@pytest.mark.parametrize("forged", ["", "x", "a.b", "WyJhIl0.x", "é"])
def test_a_forged_cookie_is_no_device(forged: str) -> None:
    assert Devices("a secret").read(forged) is None


def test_a_device_remembers_a_bounded_number_of_accounts_the_latest() -> None:
    devices, device = Devices("a secret"), None
    sessions = Sessions("a secret", StandingClock())
    for number in range(MAX_DEVICE_ACCOUNTS + 5):
        device = devices.read(devices.after_login(device, sessions.issue("team", number)[0]))
    assert isinstance(device, Device)
    assert len(device.accounts) == MAX_DEVICE_ACCOUNTS
    assert device.knows("team", MAX_DEVICE_ACCOUNTS + 4)
    assert not device.knows("team", 1)
    assert not device.knows("operator", MAX_DEVICE_ACCOUNTS + 4)
    assert Devices("another secret").read(devices.after_login(device, sessions.issue("team", 1)[0])) is None


# --- registrations that are repeated


async def register(client: httpx.AsyncClient, name: str, key: str, password: str = PASSWORD) -> httpx.Response:
    body = {"username": name, "name": name.title(), "password": password}
    answer = await client.post("/api/register", json=body, headers={"idempotency-key": key})
    client.cookies.delete("session")
    return answer


async def is_in(client: httpx.AsyncClient, token: str) -> bool:
    return (await client.get("/api/me", headers={"authorization": f"Bearer {token}"})).status_code == 200


async def test_a_repeated_registration_logs_in_while_the_password_is_the_same(api_app: App) -> None:
    async with api_app.client() as client:
        key = fresh_key()
        first, again = [await register(client, "twice", key) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()["team_id"] == again.json()["team_id"]
        assert [await is_in(client, answer.json()["token"]) for answer in (first, again)] == [True, True]


@pytest.mark.parametrize("what", ["password", "deactivate"])
async def test_a_repeated_registration_does_not_log_in_after_headquarters_shut_it_out(
    api_app: App, hq: dict[str, str], what: str
) -> None:
    async with api_app.client() as client:
        key, name = fresh_key(), f"out_by_{what}"
        first = (await register(client, name, key)).json()
        path = f"/api/ops/teams/{first['team_id']}"
        if what == "password":
            await client.post(f"{path}/set-password", json={"password": "battery staple"}, headers=hq)
        else:
            await client.post(f"{path}/deactivate", headers=hq)
        again = await register(client, name, key)
        assert (again.status_code, again.json()) == (201, {"team_id": first["team_id"], "token": ""})
        assert not any(line.startswith("session=") for line in again.headers.get_list("set-cookie"))
        assert not await is_in(client, again.json()["token"])
        assert not await is_in(client, first["token"])


async def test_a_repeated_registration_is_of_the_team_whatever_it_is_called_now(
    api_app: App, hq: dict[str, str]
) -> None:
    async with api_app.client() as client:
        key = fresh_key()
        first = (await register(client, "called_otherwise", key)).json()
        path = f"/api/ops/teams/{first['team_id']}"
        assert (await client.post(path, json={"name": "Another name"}, headers=hq)).status_code == 200
        again = await register(client, "called_otherwise", key)
        assert again.json() | {"token": ""} == {"team_id": first["team_id"], "token": ""}


async def test_registrations_from_one_address_have_a_rate(api_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    few = msgspec.structs.replace(REGISTRATIONS, at_once=2)
    monkeypatch.setattr(api_app.services.accounts, "registrations", Rates(few))
    async with api_app.client(address="192.0.2.8") as client, api_app.client(address="192.0.2.9") as elsewhere:
        assert [(await register(client, name, fresh_key())).status_code for name in ("rate1", "rate2")] == [201, 201]
        refused = await register(client, "rate3", fresh_key())
        assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
        assert refused.headers["retry-after"] == str(refused.json()["retry_after"])
        form = {"username": "rate3", "name": "Rate3", "password": PASSWORD}
        assert (await client.post("/register", data=form)).status_code == 429
        assert (await register(elsewhere, "rate3", fresh_key())).status_code == 201


async def test_a_team_has_not_hundreds_of_names(api_app: App, team: Team) -> None:
    async with api_app.client() as client:
        statuses = [
            (await client.post("/team/rename", data={"name": f"Name {number} of {team.id}"}, headers=team.headers))
            for number in range(20)
        ]
    assert {answer.status_code for answer in statuses[:10]} == {303}
    assert {answer.status_code for answer in statuses[12:]} == {429}
    assert "many names" in statuses[-1].text


async def test_who_read_very_much_of_the_past_is_asked_to_wait(api_app: App, team: Team, hq: dict[str, str]) -> None:
    async with api_app.client() as client:
        assert (await client.get("/api/activity", headers=team.headers)).status_code == 200
        api_app.services.reads.spend(f"team {team.id}", 10_000_000)
        for path in ("/api/activity", "/activity"):
            refused = await client.get(path, headers=team.headers)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
        other = await api_app.team()
        assert (await client.get("/api/activity", headers=other.headers)).status_code == 200
        assert (await client.get("/api/log", headers=hq)).status_code == 200


async def test_with_https_the_cookie_of_a_browser_is_bound_to_the_site_and_known_again(tmp_path: Path) -> None:
    content, url = write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)
    async with running_app(settings_of(content, url, public_url="https://hunt.example.org")) as app:
        team = await app.team()
        async with app.client(base_url="https://hunt.example.org") as owner:
            answer = await owner.post("/api/login", json={"username": team.username, "password": PASSWORD})
            (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "device" in line]
            assert cookie.startswith("__Host-device=")
            assert "Secure" in cookie
            await lock_again(owner, team.username)
            owner.cookies.clear()
            assert await log_in(owner, team.username) == 200, "only that browser's wrong passwords counted"


async def lock_again(client: httpx.AsyncClient, name: str) -> None:
    """Use up the wrong passwords of a browser that keeps its cookies."""
    for _ in range(FAILURES_PER_ACCOUNT):
        await client.post("/api/login", json={"username": name, "password": "wrong horse"})
    assert (await client.post("/api/login", json={"username": name, "password": PASSWORD})).status_code == 429
