"""The proxies of the documentation, the real programs with the very text of its examples, and whom the server believes."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest
from websockets.asyncio.client import connect

from apps import PASSWORD, SERVICE_TOKEN, Site, Team, free_port, fresh_sqlite, running_site
from proxies import NAME, Caddy, Nginx, Proxy
from servers import CannotRun, need
from small_hunt import write_small_hunt
from waiting import WITHIN_SECONDS, eventually

pytestmark = pytest.mark.anyio


class Behind:
    """A server and a proxy before it, under a public URL with a port."""

    def __init__(self, site: Site, proxy: Proxy) -> None:
        self.site = site
        self.proxy = proxy
        self.host = f"{NAME}:{proxy.port}"
        self.origin = f"https://{self.host}"
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def browser(self) -> httpx.AsyncClient:
        """A client that keeps cookies and says what an older browser says; its name leads to this machine."""

        async def ask_by_name(request: httpx.Request) -> None:
            request.headers["host"] = self.host
            request.extensions["sni_hostname"] = NAME
            if request.method == "POST":
                request.headers["origin"] = self.origin

        return httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{self.proxy.port}",
            verify=self.tls,
            event_hooks={"request": [ask_by_name]},
            headers={"accept": "text/html"},
        )

    async def answers(self) -> bool:
        try:
            async with self.browser() as browser:
                return (await browser.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(params=[Nginx, Caddy])
async def behind(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Behind]:
    port = free_port()
    url = f"https://{NAME}:{port}"
    hunt = write_small_hunt(tmp_path / "hunt")
    async with running_site(hunt, await fresh_sqlite(tmp_path), public_url=url) as site:
        await site.app.begin()
        try:
            proxy = request.param(port, site.port)
        except CannotRun as error:
            need(error)
        try:
            await asyncio.to_thread(proxy.start)
            both = Behind(site, proxy)
            await eventually(both.answers, what=f"{proxy.name} passing something on")
            yield both
        finally:
            proxy.close()


async def log_in(browser: httpx.AsyncClient, team: Team) -> httpx.Response:
    return await browser.post("/login", data={"username": team.username, "password": PASSWORD, "next": "/"})


async def test_a_team_logs_in_and_plays_through_the_proxy_of_the_documentation(behind: Behind) -> None:
    team = await behind.site.app.team()
    async with behind.browser() as browser:
        assert (await browser.get("/login")).status_code == 200
        answer = await log_in(browser, team)
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        assert "__Host-session" in browser.cookies
        posted = await browser.post("/puzzles/lantern/guess", data={"guess": "hello there"})
        assert posted.status_code == 303, posted.text
        assert "HELLOTHERE" in (await browser.get("/puzzles/lantern")).text
        api = await browser.post("/api/puzzles/lantern/guesses", json={"guess": "again"})
        assert api.status_code == 200, api.text
        cookie = f"__Host-session={browser.cookies['__Host-session']}"
    url = f"wss://{behind.host}/ws"
    options = {"origin": behind.origin, "additional_headers": {"cookie": cookie}}
    async with connect(url, host="127.0.0.1", port=behind.proxy.port, ssl=behind.tls, proxy=None, **options) as socket:
        with anyio.fail_after(WITHIN_SECONDS):
            assert json.loads(await socket.recv())["type"] == "hello"


async def test_another_sites_form_is_refused_behind_a_proxy_too(behind: Behind) -> None:
    team = await behind.site.app.team()
    async with behind.browser() as browser:
        await log_in(browser, team)
        browser.event_hooks["request"].append(_foreign)
        page = await browser.post("/puzzles/lantern/guess", data={"guess": "x"})
        assert page.status_code == 403
        assert behind.origin in page.text


async def _foreign(request: httpx.Request) -> None:
    request.headers["origin"] = "https://evil.example"


async def test_a_proxy_refuses_what_is_too_much_and_logs_no_query(behind: Behind) -> None:
    async with behind.browser() as browser:
        assert (await browser.post("/login", data={"username": "x" * 70_000})).status_code == 413
        assert (await browser.get("/", headers={"x-long": "x" * 40_000})).status_code in {400, 431, 494}
        await browser.get("/login?token=secret-of-a-program")
    logs = [path.read_text() for path in behind.proxy.folder.rglob("*.log")]
    assert "secret-of-a-program" not in "".join([*logs, behind.proxy.output])


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 403), ("10.0.0.0/8", 200)])
async def test_an_address_is_believed_from_trusted_proxies_alone(tmp_path: Path, trusted: str, status: int) -> None:
    """Metrics are open to this machine, which a trusted proxy says this client is not."""
    hunt = write_small_hunt(tmp_path / "hunt")
    database = await fresh_sqlite(tmp_path)
    async with running_site(hunt, database, trusted_proxies=trusted) as site, site.client() as client:
        forwarded = {"x-forwarded-for": "127.0.0.1, 203.0.113.7"}
        assert (await client.get("/metrics", headers=forwarded)).status_code == status
        service = {"authorization": f"Bearer {SERVICE_TOKEN}"}
        assert (await client.get("/metrics", headers={**forwarded, **service})).status_code == 200


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 303), ("10.0.0.0/8", 403)])
async def test_a_scheme_is_believed_from_trusted_proxies_alone(tmp_path: Path, trusted: str, status: int) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    async with running_site(hunt, await fresh_sqlite(tmp_path), trusted_proxies=trusted) as site:
        team = await site.app.team()
        async with site.client() as client:
            https = {"x-forwarded-proto": "https", "origin": site.url.replace("http:", "https:")}
            form = {"username": team.username, "password": PASSWORD, "next": "/"}
            assert (await client.post("/login", data=form, headers=https)).status_code == status
