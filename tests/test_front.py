"""What stands before every handler, on a server with a public name."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from apps import PASSWORD, App, fresh_sqlite, running_app, settings_of
from hunt.http.hosts import OwnHosts
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
        ("hunt.example.org:443", 200),
        ("hunt.example.org.", 200),
        ("hunt.example.org.:443", 200),
        ("hunt.example.org:80", 421),
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
    assert page.headers["strict-transport-security"].startswith("max-age=")
    login = await client.post("/api/login", json={"username": team.username, "password": PASSWORD})
    assert login.headers["set-cookie"].startswith("__Host-session=")
    assert "Secure" in login.headers["set-cookie"]
    assert "path=/" in login.headers["set-cookie"].lower()
    assert "domain" not in login.headers["set-cookie"].lower()
    wrote = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=team.headers)
    assert wrote.status_code == 200
    assert wrote.headers["set-cookie"].startswith("__Host-hunt_id=")
    assert "Secure" in wrote.headers["set-cookie"]
    assert "HttpOnly" in wrote.headers["set-cookie"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://hunt.example.org", 200),
        ("https://hunt.example.org:443", 200),
        ("http://hunt.example.org", 403),
        ("https://hunt.example.org:8443", 403),
        ("https://evil.example", 403),
    ],
)
async def test_only_our_own_pages_may_post(app: App, client: httpx.AsyncClient, origin: str, status: int) -> None:
    headers = {"cookie": f"__Host-session={(await app.team()).token}", "origin": origin}
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


@pytest.mark.parametrize(
    ("host", "status"),
    [("203.0.113.7", 200), ("203.0.113.7:8000", 200), ("[2001:db8::1]:8000", 200), ("", 200), ("evil.example", 421)],
)
async def test_a_load_balancer_may_ask_for_health_by_address(client: httpx.AsyncClient, host: str, status: int) -> None:
    assert (await client.get("/health/live", headers={"host": host})).status_code == status
    if status == 200:
        assert (await client.get("/login", headers={"host": host})).status_code == 421


async def test_a_browser_that_asks_for_another_name_gets_a_page_in_words(client: httpx.AsyncClient) -> None:
    headers = {"host": "evil.example/<b>", "accept": "text/html,*/*"}
    answer = await client.get("/", headers=headers)
    assert answer.status_code == 421
    assert answer.headers["content-type"].startswith("text/html")
    assert "does not answer for evil.example/&lt;b&gt;" in answer.text


async def test_two_hosts_are_none(client: httpx.AsyncClient) -> None:
    headers = [(b"host", b"hunt.example.org"), (b"host", b"evil.example")]
    request = client.build_request("GET", "/health/live")
    request.headers = httpx.Headers(headers)
    assert (await client.send(request)).status_code == 421


async def test_cookies_may_come_in_several_lines(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    for lines in ([b"a=b", f"__Host-session={team.token}".encode()], [f"__Host-session={team.token}".encode(), b"a=b"]):
        headers = [(b"host", b"hunt.example.org"), *((b"cookie", line) for line in lines)]
        assert (await client.get("/api/me", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        ("https://rätsel.example", "xn--rtsel-gra.example"),
        ("https://RÄTSEL.example:443/", "xn--rtsel-gra.example:443"),
        ("http://hunt.example:80", "hunt.example"),
        ("http://hunt.example:8080", "hunt.example:8080"),
        ("https://[2001:DB8::1]", "[2001:db8::1]"),
    ],
)
def test_one_name_is_known_in_every_spelling(public_url: str, host: str) -> None:
    assert OwnHosts(public_url, "127.0.0.1").are_asked(host)


PATHS = [
    "/",
    "/login",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/schema",
    "/api/me",
    "/nothing",
    "/api/nothing",
]


@pytest.mark.parametrize("path", PATHS)
async def test_what_answers_get_answers_head_alike(app: App, client: httpx.AsyncClient, path: str) -> None:
    whole, head = await client.get(path), await client.head(path)
    assert head.content == b""
    assert head.status_code == whole.status_code
    assert head.headers["content-type"] == whole.headers["content-type"]
    if path not in {"/metrics", "/login"}:  # what is said there depends on the moment
        assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/login", "GET, HEAD, OPTIONS, POST"),
        ("/api/puzzles/lantern/hints", "GET, HEAD, OPTIONS, POST"),
        ("/api/login", "OPTIONS, POST"),
        ("/api/me", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_is_not_taken_is_405_and_the_others_are_named(
    client: httpx.AsyncClient, path: str, allowed: str
) -> None:
    for method in ("DELETE", "TRACE", "BREW"):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    options = await client.options(path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")
    assert (await client.options("/nothing")).status_code == 404
