"""One running application for the tests of live updates, and one behind a port."""

from collections.abc import AsyncIterator

import pytest

from apps import App, Site, Team, fresh_sqlite, running_app, running_site, settings_of
from small_hunt import write_small_hunt


@pytest.fixture(scope="session")
async def live_app(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """The small hunt, begun, on SQLite with a fake Redis."""
    folder = tmp_path_factory.mktemp("live")
    async with running_app(settings_of(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder))) as app:
        await app.begin()
        yield app


@pytest.fixture(scope="session")
async def live_site(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The same behind a port of its own."""
    folder = tmp_path_factory.mktemp("site")
    async with running_site(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder)) as site:
        await site.app.begin()
        yield site


@pytest.fixture
async def team(live_app: App) -> Team:
    return await live_app.team()
