"""Pages behind proxies that let no websocket through: they move all the same, and say nothing alarming."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, cast

import pytest
from playwright.async_api import Browser, expect

from apps import HOST, Site, Team
from hunt.live import poll
from live_world import grant, guess
from people import Person, somebody
from tcp import closed, tcp_server

pytestmark = pytest.mark.anyio

Manner = Literal["refuses", "drops"]
"""What a proxy does with a handshake: answers 400, or takes it and closes the connection."""


class Proxy:
    """Passes bytes on to a server, but for websockets."""

    def __init__(self, site: Site, manner: Manner) -> None:
        self.manner = manner
        self.lets_through = False
        self.handshakes = 0
        self._port = site.port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(HOST, self._port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, up_writer, writer))
                group.create_task(_pump(up_reader, writer))
        except* OSError:
            pass
        finally:
            await closed(up_writer)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if data.startswith(b"GET /ws") and not self.lets_through:
                self.handshakes += 1
                if self.manner == "refuses":
                    back.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    await back.drain()
                    raise OSError("refused")
                raise OSError("dropped")
            writer.write(data)
            await writer.drain()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


class _Behind:
    """A site as seen through a proxy."""

    def __init__(self, url: str) -> None:
        self.url = url


@asynccontextmanager
async def behind(site: Site, manner: Manner) -> AsyncIterator[tuple[Proxy, Site]]:
    proxy = Proxy(site, manner)
    async with tcp_server(proxy.serve) as port:
        yield proxy, cast("Site", _Behind(f"http://{HOST}:{port}"))


@pytest.fixture(autouse=True)
def polls_come_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages poll as often as the server says."""
    monkeypatch.setattr(poll, "POLL_SECONDS", 1)


@pytest.fixture
async def team(web_site: Site) -> Team:
    return await web_site.app.team()


async def polls(person: Person) -> None:
    await expect(person.page.locator("html")).to_have_attribute("data-connection", "polling", timeout=30_000)


@pytest.mark.parametrize("manner", ["refuses", "drops"])
async def test_without_sockets_a_page_still_shows_what_teammates_do(
    browser: Browser, web_site: Site, team: Team, manner: Manner
) -> None:
    async with behind(web_site, manner) as (proxy, site), somebody(browser, site) as person:
        await person.log_in(team, "/puzzles/lantern")
        await polls(person)
        assert proxy.handshakes >= 2
        await person.mark()
        await person.page.locator("#guess").press_sequentially("half a thought")
        await guess(web_site.app, team, "lamp")
        await expect(person.page.locator("#history")).to_contain_text("Nearly.", timeout=40_000)
        await expect(person.page.locator("#guess")).to_have_value("half a thought")
        await expect(person.page.locator("#strip")).not_to_contain_text("Not connected")
        assert await person.is_marked()


async def test_an_own_act_shows_at_once_without_a_reload(browser: Browser, web_site: Site, team: Team) -> None:
    async with behind(web_site, "refuses") as (_, site), somebody(browser, site) as person:
        await person.log_in(team, "/puzzles/lantern")
        await polls(person)
        await person.mark()
        await person.guess("lighthouse")
        await expect(person.page.locator("#solved")).to_contain_text("LIGHTHOUSE")
        assert await person.is_marked()


async def test_when_sockets_get_through_again_the_page_takes_one(browser: Browser, web_site: Site, team: Team) -> None:
    async with behind(web_site, "refuses") as (proxy, site), somebody(browser, site) as person:
        await person.log_in(team, "/")
        await polls(person)
        proxy.lets_through = True
        await person.page.reload()
        await person.connected()
        await grant(web_site.app, team)
        await expect(person.page.locator("#purse")).to_contain_text("1 key")


async def test_a_logout_elsewhere_is_noticed_without_a_socket(browser: Browser, web_site: Site, team: Team) -> None:
    async with behind(web_site, "drops") as (_, site), somebody(browser, site) as person:
        await person.log_in(team, "/")
        await polls(person)
        await web_site.app.services.accounts.set_active(team.id, active=False, internal_data={})
        await expect(person.page.locator("#strip")).to_contain_text("You are logged out", timeout=40_000)
