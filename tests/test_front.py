"""What stands before every handler, on a server with a public name."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from litestar import Litestar, get
from litestar.response import Stream

from apps import PASSWORD, App, fresh_sqlite, running_app, settings_of
from hunt.http.hosts import OwnHosts
from hunt.http.methods import Methods
from small_hunt import write_small_hunt
from waiting import WITHIN_SECONDS

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
        ("[0:0:0:0:0:0:0:1]", 200),
        ("hunt.example.org..", 421),
        ("hunt.example.org@evil.example", 421),
        ("evil.example@hunt.example.org", 421),
        ("hunt.example.org/", 421),
        ("hunt.example.org, hunt.example.org", 421),
        (".", 421),
        (":443", 421),
        ("[::1", 421),
        ("x" * 5000, 421),
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
        ("https://HUNT.example.org", 200),
        ("http://hunt.example.org", 403),
        ("http://hunt.example.org:443", 403),
        ("https://hunt.example.org:8443", 403),
        ("https://other.example.org", 403),
        ("https://hunt.example.org.evil.example", 403),
        ("https://hunt.example.org@evil.example", 403),
        ("https://evil.example/https://hunt.example.org", 403),
        ("https://evil.example", 403),
        ("hunt.example.org", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_only_our_own_pages_may_post(app: App, client: httpx.AsyncClient, origin: str, status: int) -> None:
    headers = {"cookie": f"__Host-session={(await app.team()).token}", "origin": origin}
    answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
    assert answer.status_code == status


async def test_behind_a_proxy_that_asks_by_another_host_our_pages_are_still_ours(app: App) -> None:
    cookie = {"cookie": f"__Host-session={(await app.team()).token}", "host": "127.0.0.1:8000"}
    async with app.client() as client:
        for origin, status in (("https://hunt.example.org", 200), ("https://evil.example", 403)):
            headers = {**cookie, "origin": origin}
            answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
            assert answer.status_code == status


async def test_two_different_headers_say_nothing(app: App, client: httpx.AsyncClient) -> None:
    cookie = (b"cookie", f"__Host-session={(await app.team()).token}".encode())
    for name, ours in ((b"sec-fetch-site", b"same-origin"), (b"origin", b"https://hunt.example.org")):
        for pair in ([(name, ours), (name, b"cross-site")], [(name, b"cross-site"), (name, ours)]):
            headers = [(b"host", b"hunt.example.org"), cookie, *pair]
            answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
            assert answer.status_code == 403


async def test_a_bearer_token_that_is_wrong_does_not_let_a_cookie_in(app: App, client: httpx.AsyncClient) -> None:
    cookie = {"cookie": f"__Host-session={(await app.team()).token}"}
    for authorization, site, status in (
        ("Bearer nonsense", "cross-site", 403),
        ("Bearer nonsense", "same-origin", 401),
        ("Basic eDp5", "cross-site", 403),
    ):
        headers = {**cookie, "authorization": authorization, "sec-fetch-site": site}
        answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
        assert answer.status_code == status


async def test_the_page_about_a_foreign_form_names_what_was_sent_what_is_expected_and_the_setting(
    client: httpx.AsyncClient,
) -> None:
    for sent in ({"origin": "http://hunt.example.org"}, {"sec-fetch-site": "same-site"}):
        page = await client.post("/login", data={"username": "x"}, headers={"accept": "text/html", **sent})
        assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
        [(name, value)] = sent.items()
        assert f"the browser sent {name.title()}: {value}" in page.text
        assert "our pages are at https://hunt.example.org." in page.text
        assert f"HUNT_PUBLIC_URL is {PUBLIC}" in page.text


async def test_a_get_from_another_sites_link_is_fine(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer x", "Basic dXNlcg==", "Bearer \xff", "Bearer a b c"])
async def test_a_strange_authorization_is_nobody(client: httpx.AsyncClient, header: str) -> None:
    headers = [(b"authorization", header.encode("latin-1")), (b"host", b"hunt.example.org")]
    assert (await client.get("/api/me", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "cookie", ["session", "session=", "=;=;;", "session=a=b; session=c", "hunt_id=x; session=\xff", "__host-session=x"]
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
    assert f"HUNT_PUBLIC_URL is {PUBLIC}" in answer.text
    for path in ("/api/me", "/health/live"):
        answer = await client.get(path, headers={**headers, "host": "evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (421, "bad_host")


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


async def test_two_sessions_in_one_request_are_none(app: App, client: httpx.AsyncClient) -> None:
    mine, other = await app.team(), await app.team()
    for second, status in ((other, 401), (mine, 200)):
        both = f"__Host-session={mine.token}; __Host-session={second.token}"
        assert (await client.get("/api/me", headers={"cookie": both})).status_code == status


async def test_a_site_with_https_takes_no_cookie_that_a_neighbour_could_have_planted(
    app: App, client: httpx.AsyncClient
) -> None:
    team = await app.team()
    for name, status in (("session", 401), ("__Host-session", 200), ("__host-session", 401)):
        assert (await client.get("/api/me", headers={"cookie": f"{name}={team.token}"})).status_code == status


async def test_a_notice_of_a_site_with_https_is_shown_once_and_taken_away(app: App) -> None:
    team = await app.team()
    async with app.client(headers={"sec-fetch-site": "same-origin"}) as client:
        client.base_url = httpx.URL(PUBLIC)
        client.cookies.set("__Host-session", team.token)
        await client.post("/puzzles/lantern/guess", data={"guess": "hello there"})
        assert "__Host-notice" in client.cookies
        shown = await client.get("/puzzles/lantern")
        assert "HELLOTHERE: " in shown.text
        assert "Secure" in shown.headers["set-cookie"]
        assert "__Host-notice" not in client.cookies


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/api/me", "no-store"),
        ("/api/activity", "no-store"),
        ("/api/puzzles/nothing", "no-store"),
        ("/puzzles", "no-store"),
        ("/login", "no-store"),
        ("/static/tests/hunt.css", "public, max-age=31536000, immutable"),
    ],
)
async def test_what_is_about_an_account_is_kept_by_no_cache(
    app: App, client: httpx.AsyncClient, path: str, cache: str
) -> None:
    team = await app.team()
    for headers in ({}, {"cookie": f"__Host-session={team.token}"}, team.headers):
        assert (await client.get(path, headers=headers)).headers["cache-control"] == cache


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
    "/api/logout",
    "/puzzles/lantern",
    "/static/tests/hunt.css",
    "/theme/accent.css",
]


@pytest.mark.parametrize("path", PATHS)
async def test_what_answers_get_answers_head_alike(app: App, client: httpx.AsyncClient, path: str) -> None:
    cookie = {"cookie": f"__Host-session={(await app.team()).token}", "accept-encoding": "identity"}
    for headers in ({"accept-encoding": "identity"}, cookie):
        whole, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
        assert head.content == b""
        assert head.status_code == whole.status_code
        varying = {"content-length"} if path in {"/metrics", "/health/ready"} else set()  # figures of the moment
        for name in {*whole.headers, *head.headers} - varying:
            assert head.headers.get(name) == whole.headers.get(name), name


async def test_a_head_of_a_stream_without_end_ends() -> None:
    @get("/stream")
    async def stream() -> Stream:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                await anyio.lowlevel.checkpoint()
                yield b"x"

        return Stream(pieces())

    litestar = Litestar([stream], openapi_config=None)
    litestar.asgi_handler = Methods(litestar.asgi_handler, litestar)
    transport = httpx.ASGITransport(app=litestar)  # type: ignore[arg-type] # Litestar's own ASGI types
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with anyio.fail_after(WITHIN_SECONDS):
            assert (await client.head("/stream")).status_code == 200


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
