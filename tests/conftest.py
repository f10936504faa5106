"""What every test may ask for: databases, Redis, a browser. What a machine lacks is listed at the end of the run."""

import inspect
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from playwright.async_api import Error as PlaywrightError

from cancelled import alone_in_failing
from servers import CannotRun, PostgresServer, RedisServer, need
from waiting import WITHIN_SECONDS

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

not_run: dict[str, str] = {}
"""The tests of this run that could not run, by name, with the reason."""


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The loop that the server runs on in production."""
    return "asyncio", {"use_uvloop": os.name == "posix"}


@pytest.fixture(scope="session")
def _redis() -> Iterator[RedisServer]:
    try:
        server = RedisServer()
    except CannotRun as error:
        need(error)
    yield server
    server.close()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[PostgresServer]:
    try:
        server = PostgresServer()
    except CannotRun as error:
        need(error)
    yield server
    server.close()


@pytest.fixture
def redis_server(_redis: RedisServer) -> RedisServer:
    """A running, empty Redis that the test may kill, pause and restart."""
    _redis.ensure()
    _redis.flush()
    return _redis


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def postgres_server(_postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A running PostgreSQL that the test may kill, pause and restart."""
    _postgres.ensure()
    yield _postgres
    _postgres.ensure()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of this test's own, without a table."""
    name = postgres_server.database()
    yield postgres_server.url(name)
    postgres_server.ensure()
    postgres_server.drop(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database of this test's own, without a table."""
    return f"sqlite+aiosqlite:///{tmp_path / 'hunt.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, once in each store."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
async def browser(anyio_backend: object) -> AsyncIterator[Browser]:
    """A headless Chromium: the machine's own, else the one that playwright installed."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    expect.set_options(timeout=WITHIN_SECONDS * 1000)
    async with async_playwright() as playwright:
        try:
            launched = await playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        except PlaywrightError as error:
            reason = (
                f"{found} does not start: {error.message.splitlines()[0]}"
                if found
                else "there is no browser: install chromium"
            )
            need(CannotRun(reason))
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page with cookies and storage of its own."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "optional: may be skipped in CI too, for it needs what is no part of the project"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    if (
        isinstance(item, pytest.Function)
        and inspect.iscoroutinefunction(item.obj)
        and not hasattr(item.obj, "hypothesis")
    ):
        item.obj = alone_in_failing(item.obj)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        not_run[report.nodeid] = _reason(report)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "optional" not in report.keywords and not hasattr(report, "wasxfail"):
        not_run[report.nodeid] = _reason(report)


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    return report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if not_run and os.environ.get("CI") == "true" and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not_run:
        terminalreporter.section("could not run on this machine")
        for name, reason in sorted(not_run.items()):
            terminalreporter.write_line(f"{name}: {reason}")
        if os.environ.get("CI") == "true":
            terminalreporter.write_line("In CI everything has to run, so this fails.", red=True)
