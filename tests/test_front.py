"""What stands before every handler, on a server with a public name."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from apps import PASSWORD, App, fresh_sqlite, running_app, settings_of
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

PUBLIC = "https://Hunt.Example.org"
HOST = {"host": "hunt.example.org"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    hunt = write_small_hunt(tmp_path / "hunt")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path), public_url=PUBLIC)) as app:
        await app.begin()
        yield app


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with app.client(headers=HOST) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("hunt.example.org", 200),
        ("HUNT.EXAMPLE.ORG", 200),
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("203.0.113.7", 421),
        ("hunt.example.org.evil.example", 421),
        ("evil.example", 421),
        ("hunt.example.org:8080", 421),
    ],
)
async def test_it_answers_to_its_public_name_and_on_its_own_machine(
    client: httpx.AsyncClient, host: str, status: int
) -> None:
    assert (await client.get("/health/live", headers={"host": host})).status_code == status


async def test_cookies_of_a_site_with_https_are_secure(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    page = await client.get("/login")
    assert "Secure" in page.headers["set-cookie"]
    login = await client.post("/api/login", json={"username": team.username, "password": PASSWORD})
    assert "Secure" in login.headers["set-cookie"]
    wrote = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=team.headers)
    assert wrote.status_code == 200
    assert "Secure" in wrote.headers["set-cookie"]
    assert "HttpOnly" in wrote.headers["set-cookie"]


@pytest.mark.parametrize(("origin", "status"), [("https://hunt.example.org", 200), ("https://evil.example", 403)])
async def test_only_our_own_pages_may_post(app: App, client: httpx.AsyncClient, origin: str, status: int) -> None:
    headers = {**(await app.team()).headers, "origin": origin}
    answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
    assert answer.status_code == status


async def test_a_get_from_another_sites_link_is_fine(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer x", "Basic dXNlcg==", "Bearer \xff", "Bearer a b c"])
async def test_a_strange_authorization_is_nobody(client: httpx.AsyncClient, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1")), (b"host", b"hunt.example.org")]
    assert (await client.get("/api/me", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "cookie", ["session", "session=", "=;=;;", "session=a=b; session=c", "hunt_id=x; session=\xff"]
)
async def test_a_strange_cookie_is_nobody(client: httpx.AsyncClient, cookie: str) -> None:
    headers = [(b"cookie", cookie.encode("latin-1")), (b"host", b"hunt.example.org")]
    assert (await client.get("/api/me", headers=headers)).status_code == 401
