"""The whole server inside this process: for requests without a network, and behind a real port for sockets and browsers."""

import asyncio
import functools
import itertools
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from argon2 import PasswordHasher
from litestar import Litestar
from msgspec import Struct

from hunt import clock
from hunt.app import assemble, assemble_live, server_config
from hunt.content import load
from hunt.game.commands import SatisfyGate
from hunt.http.limits import LIMITS, Limits
from hunt.log.migrations import migrate
from hunt.services import LiveServices, Services
from hunt.settings import Settings
from hunt.web.common import Pages
from hunt.web.render import Renderer
from small_hunt import START
from waiting import eventually

PASSWORD = "a password of tests"
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Made with parameters that cost nothing: the tests log in very often."""

SERVICE_TOKEN = "a token of services"
HOST = "127.0.0.1"

_numbers = itertools.count(1)


def settings_of(content: Path, database_url: str, **more: Any) -> Settings:
    """Settings with a fake Redis of their own, unless `more` says otherwise."""
    fake = f"fake://app{next(_numbers)}"
    named: dict[str, Any] = {"redis_url": fake, "secret_key": "s" * 32, "service_token": SERVICE_TOKEN, **more}
    return Settings(content=content, database_url=database_url, **named)


@functools.cache
def _template() -> Path:
    return Path(tempfile.mkdtemp(prefix="hunt-template-")) / "empty.sqlite3"


async def fresh_sqlite(folder: Path) -> str:
    """The URL of a migrated, empty SQLite file in the folder; migrated once for all tests."""
    template = _template()
    if not template.exists():
        await migrate(f"sqlite+aiosqlite:///{template}")
    target = folder / f"hunt{next(_numbers)}.sqlite3"
    shutil.copyfile(template, target)
    return f"sqlite+aiosqlite:///{target}"


class Team(Struct, frozen=True, kw_only=True):
    """A registered team and a token of a session of its own."""

    id: int
    username: str
    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


class App:
    """An application that is alive, without a port."""

    def __init__(self, litestar: Litestar, services: Services) -> None:
        self.litestar = litestar
        self.services = services

    def client(self, *, address: str = HOST, **more: Any) -> httpx.AsyncClient:
        """A client that keeps cookies and does not follow redirects, seen as coming from `address`."""
        transport = httpx.ASGITransport(app=self.litestar, client=(address, 50000), raise_app_exceptions=True)  # type: ignore[arg-type] # Litestar's own ASGI types
        return httpx.AsyncClient(transport=transport, **{"base_url": "http://localhost", **more})

    async def team(self, username: str | None = None) -> Team:
        username = username or f"team{next(_numbers)}"
        return await register(self.services, username)

    async def operator(self) -> dict[str, str]:
        """Headers with the token of a new operator."""
        username = f"hq{next(_numbers)}"
        id = await self.services.accounts.operators.add(username, "", password_hash=PASSWORD_HASH)
        _, token = await self.services.accounts.start_session("operator", id, "a test")
        return {"authorization": f"Bearer {token}"}

    async def begin(self) -> None:
        """Begin the hunt for all teams."""
        await self.services.writer.submit(SatisfyGate(teams=None, id=START))


async def register(services: Services, username: str) -> Team:
    name = f"The {username}"
    id, _ = await services.accounts.register(username, name, "", password_hash=PASSWORD_HASH)
    _, token = await services.accounts.start_session("team", id, "a test")
    return Team(id=id, username=username, name=name, token=token)


def make_app(settings: Settings, now: clock.Clock = clock.now) -> App:
    """What `hunt.app.create_app` makes, with a clock to choose and the services at hand."""
    renderer = Renderer(settings.content, "tests", reload=False)
    services = Services(settings, load(settings.content).hunt, renderer.fragment, now)
    return App(assemble(services, Pages(services, renderer, "tests")), services)


@asynccontextmanager
async def running_app(settings: Settings, now: clock.Clock = clock.now) -> AsyncIterator[App]:
    app = make_app(settings, now)
    async with app.litestar.lifespan():
        yield app


class _Server(uvicorn.Server):
    """One that leaves the signals of the test run alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """A server on a port of this machine, that can be stopped and started again on the same port and database."""

    def __init__(self, settings: Settings, now: clock.Clock = clock.now, limits: Limits = LIMITS) -> None:
        self._settings = settings
        self._now = now
        self.limits = limits
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.app: App

    @property
    def port(self) -> int:
        return self._settings.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}/ws"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.server_state.connections) if self._server is not None else 0

    async def start(self) -> Self:
        self._server = _Server(server_config(self._application(), self._settings, limits=self.limits))
        self._task = asyncio.create_task(self._server.serve())
        await eventually(self._is_up, what="the server listening")
        return self

    def _application(self) -> Litestar:
        self.app = make_app(self._settings, self._now)
        return self.app.litestar

    async def _is_up(self) -> bool:
        if self._task is not None and self._task.done():
            self._task.result()
            raise AssertionError("the server ended at once")
        return self._server is not None and self._server.started

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
            self._server = self._task = None

    def client(self, **more: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, **more)


class LiveSite(Site):
    """A server of sockets alone, without a database."""

    services: LiveServices

    def _application(self) -> Litestar:
        renderer = Renderer(self._settings.content, "tests", reload=False)
        hunt = load(self._settings.content).hunt
        self.services = LiveServices(self._settings, hunt, renderer.fragment, self._now)
        return assemble_live(self.services, "tests")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def running_site(
    content: Path, database_url: str, now: clock.Clock = clock.now, *, limits: Limits = LIMITS, **more: Any
) -> AsyncIterator[Site]:
    """A server that listens until the block ends; `more` are settings."""
    site = Site(settings_of(content, database_url, host=HOST, port=free_port(), **more), now, limits)
    async with started(site):
        yield site


@asynccontextmanager
async def running_live_site(beside: Site, content: Path, redis_url: str) -> AsyncIterator[LiveSite]:
    """A server of sockets that asks `beside` for the log."""
    where: dict[str, Any] = {"role": "live", "log_url": beside.url, "redis_url": redis_url}
    site = LiveSite(settings_of(content, "", host=HOST, port=free_port(), **where))
    async with started(site):
        yield site


@asynccontextmanager
async def started(site: Site) -> AsyncIterator[None]:
    await site.start()
    try:
        yield
    finally:
        await site.stop()


def fresh_key() -> str:
    """An Idempotency-Key."""
    return secrets.token_hex(8)
