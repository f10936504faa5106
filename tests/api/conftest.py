"""One running application for all tests of the API; each test has teams of its own in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest

from apps import App, Team, fresh_sqlite, running_app, settings_of
from hunt.accounts.rates import REGISTRATIONS, Rates
from small_hunt import write_small_hunt


@pytest.fixture(scope="session")
async def api_app(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """The small hunt, begun, on SQLite with a fake Redis."""
    folder: Path = tmp_path_factory.mktemp("api")
    async with running_app(settings_of(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder))) as app:
        await app.begin()
        # All tests register from one address.
        app.services.accounts.registrations = Rates(msgspec.structs.replace(REGISTRATIONS, at_once=100_000))
        yield app


@pytest.fixture
async def team(api_app: App) -> Team:
    return await api_app.team()


@pytest.fixture
async def hq(api_app: App) -> dict[str, str]:
    """The headers of an operator."""
    return await api_app.operator()


@pytest.fixture
async def client(api_app: App) -> AsyncIterator[httpx.AsyncClient]:
    """Logged in as nobody."""
    async with api_app.client() as client:
        yield client
