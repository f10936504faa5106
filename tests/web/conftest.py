"""One running application for the tests of pages; each test has a team of its own in it."""

from collections.abc import AsyncIterator

import pytest

from apps import App, Site, Team, fresh_sqlite, running_app, running_site, settings_of
from html_pages import Browser
from small_hunt import write_small_hunt


@pytest.fixture(scope="session")
async def web_app(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """The small hunt, begun, on SQLite with a fake Redis."""
    folder = tmp_path_factory.mktemp("web")
    async with running_app(settings_of(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder))) as app:
        await app.begin()
        yield app


@pytest.fixture
async def team(web_app: App) -> Team:
    return await web_app.team()


@pytest.fixture
async def nobody(web_app: App) -> AsyncIterator[Browser]:
    """A browser without JavaScript in which nobody is logged in."""
    browser = Browser(web_app)
    yield browser
    await browser.client.aclose()


@pytest.fixture
async def mine(nobody: Browser, team: Team) -> Browser:
    """A browser without JavaScript in which the team is logged in."""
    await nobody.log_in(team)
    return nobody


@pytest.fixture(scope="session")
async def web_site(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The same behind a port, for real browsers."""
    folder = tmp_path_factory.mktemp("site")
    async with running_site(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder)) as site:
        await site.app.begin()
        yield site
