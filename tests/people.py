"""People at real browsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, expect

from apps import PASSWORD, Site, Team

EXPECTED = ("WebSocket connection to", "net::ERR_", "status of 4")
"""What Chromium logs by itself when a server is away or refuses something; no fault of the page."""


class Person:
    """A page in a browser of its own, and everything that went wrong in it."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(text in message.text for text in EXPECTED):
            self.faults.append(message.text)

    async def goto(self, path: str) -> None:
        await self.page.goto(self.site.url + path)

    async def log_in(self, team: Team, path: str = "/") -> None:
        """By the form, to `path`; with a script the page is connected then."""
        await self.goto(f"/login?next={path}")
        await self.page.fill("#username", team.username)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("main button[type=submit]")
        await expect(self.page).to_have_url(self.site.url + path)

    async def connected(self) -> None:
        await expect(self.page.locator("html")).to_have_attribute("data-connection", "online")

    async def guess(self, text: str) -> None:
        await self.page.fill("#guess", text)
        await self.page.press("#guess", "Enter")

    async def mark(self) -> None:
        """Leave a mark that a reload would wipe out."""
        await self.page.evaluate("window.marked = true")

    async def is_marked(self) -> bool:
        return bool(await self.page.evaluate("window.marked === true"))


@asynccontextmanager
async def somebody(browser: Browser, site: Site, **options: Any) -> AsyncIterator[Person]:
    """A person with cookies and storage of their own; at the end nothing may have gone wrong in the page."""
    context = await browser.new_context(**options)
    try:
        person = Person(await context.new_page(), site)
        yield person
        assert person.faults == []
    finally:
        await context.close()
