"""Registering, logging in and out by JSON, and what a cookie needs that a token does not."""

from pathlib import Path

import httpx
import pytest

from apps import PASSWORD, App, Team, fresh_sqlite, running_app, settings_of
from hunt.accounts.passwords import Passwords
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


async def log_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/login", json={"username": username, "password": password})


async def test_a_login_gives_a_token_and_the_session_cookie(client: httpx.AsyncClient, team: Team) -> None:
    answer = await log_in(client, team.username)
    assert answer.status_code == 200
    assert set(answer.json()) == {"token"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    by_token = {"authorization": f"Bearer {answer.json()['token']}"}
    client.cookies.clear()
    assert (await client.get("/api/me", headers=by_token)).json()["team"]["id"] == team.id


async def test_the_user_name_may_be_typed_in_any_case_and_form(client: httpx.AsyncClient, api_app: App) -> None:
    await api_app.team("straße")
    assert (await log_in(client, "  STRASSE ")).status_code == 200
    full_width = "".join(chr(ord(letter) + 0xFEE0) for letter in "STRASSE")
    assert (await log_in(client, full_width)).status_code == 200


@pytest.mark.parametrize("username", ["", "nobody here", "nobody", "x" * 5000, "a\0b", "ಕಾ", "' OR 1=1 --"])
async def test_a_login_that_fails_is_401_whatever_was_wrong(
    client: httpx.AsyncClient, team: Team, username: str
) -> None:
    wrong_password = await log_in(client, team.username, "wrong")
    wrong_name = await log_in(client, username)
    assert wrong_password.status_code == wrong_name.status_code == 401
    assert wrong_password.json() == wrong_name.json()
    assert wrong_name.json()["code"] == "wrong_login"
    assert "set-cookie" not in wrong_name.headers


async def test_an_operator_does_not_log_in_as_a_team_nor_a_team_as_an_operator(
    client: httpx.AsyncClient, api_app: App, team: Team
) -> None:
    await api_app.services.accounts.operators.add("only_hq", PASSWORD)
    assert (await log_in(client, "only_hq")).status_code == 401
    body = {"username": team.username, "password": PASSWORD}
    assert (await client.post("/api/ops/login", json=body)).status_code == 401
    assert (await client.post("/api/ops/login", json=body | {"username": "only_hq"})).status_code == 200


async def test_too_many_wrong_passwords_are_429_for_that_name_only(
    client: httpx.AsyncClient, api_app: App, team: Team
) -> None:
    other = await api_app.team()
    for _ in range(FAILURES_PER_ACCOUNT):
        assert (await log_in(client, team.username, "wrong")).status_code == 401
    refused = await log_in(client, team.username)
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_logins"
    assert refused.headers["retry-after"] == str(refused.json()["retry_after"])
    assert 0 < refused.json()["retry_after"] <= 15 * 60 + 1
    assert (await log_in(client, other.username)).status_code == 200


async def test_a_login_when_too_many_wait_is_503_with_a_time_to_come_back(
    client: httpx.AsyncClient, api_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_app.services.accounts, "passwords", Passwords(at_once=0, waiting=0))
    answer = await log_in(client, team.username)
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0


async def test_registering_gives_an_id_a_token_and_a_place_in_the_hunt(client: httpx.AsyncClient) -> None:
    body = {"username": "Newcomers", "name": "The  Newcomers ", "password": "long enough"}
    answer = await client.post("/api/register", json=body)
    assert answer.status_code == 201
    assert set(answer.json()) == {"team_id", "token"}
    assert "hunt_id" in client.cookies
    me = (await client.get("/api/me")).json()
    assert me["team"] == {"id": answer.json()["team_id"], "username": "newcomers", "name": "The Newcomers"}
    assert "lantern" in me["state"]["puzzles"]


async def test_a_name_that_is_taken_is_409(client: httpx.AsyncClient, team: Team) -> None:
    for taken in ({"username": team.username.upper(), "name": "Else"}, {"username": "else", "name": team.name}):
        answer = await client.post("/api/register", json={**taken, "password": "long enough"})
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "two words"),
        ("username", "x" * 65),
        ("username", "nul\0"),
        ("name", " "),
        ("name", "x" * 129),
        ("name", "bell\a"),
        ("name", "\u202eright to left"),
        ("password", "short"),
        ("password", "x" * 257),
    ],
)
async def test_a_field_that_cannot_be_is_422_and_named(client: httpx.AsyncClient, field: str, value: str) -> None:
    body = {"username": "fine", "name": "Fine", "password": "fine as well", field: value}
    answer = await client.post("/api/register", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.json()["detail"].endswith(".")


async def test_a_logout_ends_the_session_everywhere(client: httpx.AsyncClient, team: Team) -> None:
    assert (await client.post("/api/logout", headers=team.headers)).status_code == 204
    assert (await client.get("/api/me", headers=team.headers)).status_code == 401
    assert (await client.post("/api/logout", headers=team.headers)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": "http://localhost"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "http://localhost"}, 200),
        ({"origin": "HTTP://LocalHost:80"}, 200),
        ({"origin": "https://localhost"}, 403),
        ({"origin": "http://localhost.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"x-csrftoken": "0" * 128}, 403),
    ],
)
async def test_by_cookie_only_our_own_pages_may_change_something(
    client: httpx.AsyncClient, team: Team, headers: dict[str, str], status: int
) -> None:
    await log_in(client, team.username)
    answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "anything"}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "foreign_origin"


async def test_a_bearer_token_is_enough_by_itself(client: httpx.AsyncClient, team: Team) -> None:
    headers = {**team.headers, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    answer = await client.post("/api/puzzles/mirror/guesses", json={"guess": "anything"}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
async def test_a_foreign_page_logs_nobody_in(client: httpx.AsyncClient, team: Team, headers: dict[str, str]) -> None:
    body = {"username": team.username, "password": PASSWORD}
    answer = await client.post("/api/login", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "set-cookie" not in answer.headers


async def test_a_program_that_keeps_an_old_cookie_may_log_in_again(client: httpx.AsyncClient, team: Team) -> None:
    for _ in range(2):
        assert (await log_in(client, team.username)).status_code == 200


async def test_a_session_cannot_be_chosen_by_the_client(client: httpx.AsyncClient, team: Team) -> None:
    client.cookies.set("session", "chosen")
    answer = await log_in(client, team.username)
    assert answer.json()["token"] != "chosen"
    for bad in ("", "chosen", f"{team.token}x", team.token[:-1], team.token.replace("WyJ0", "WyJv")):
        denied = await client.get("/api/me", headers={"authorization": f"Bearer {bad}"})
        assert (denied.status_code, denied.json()["code"]) == (401, "not_logged_in")


async def test_a_bad_bearer_token_is_not_made_good_by_a_cookie(client: httpx.AsyncClient, team: Team) -> None:
    await log_in(client, team.username)
    assert (await client.get("/api/me", headers={"authorization": "Bearer nonsense"})).status_code == 401


async def test_a_deactivated_team_is_out_and_cannot_log_in(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    assert (await client.post(f"/api/ops/teams/{team.id}/deactivate", headers=hq)).status_code == 200
    assert (await client.get("/api/me", headers=team.headers)).status_code == 401
    assert (await log_in(client, team.username)).status_code == 403
    assert (await client.post(f"/api/ops/teams/{team.id}/reactivate", headers=hq)).status_code == 200
    assert (await client.get("/api/me", headers=team.headers)).status_code == 401, "the old session stays ended"
    assert (await log_in(client, team.username)).status_code == 200


async def test_closed_registration_is_403(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt", registration="closed")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app, app.client() as client:
        body = {"username": "late", "name": "Late", "password": "long enough"}
        answer = await client.post("/api/register", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
