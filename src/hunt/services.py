"""The parts of one process: what pages, API and commands are built on."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from watchfiles import awatch

from hunt import clock
from hunt.accounts.service import Accounts
from hunt.accounts.sessions import Sessions
from hunt.content import HuntUnreadable, load
from hunt.content.model import Hunt
from hunt.game.entries import Entry
from hunt.live.feed import Feed
from hunt.live.history import History
from hunt.live.hub import Hub
from hunt.live.shared import Render, Shared
from hunt.log.database import connect as connect_database
from hunt.log.history import read_more
from hunt.log.migrations import check_schema
from hunt.log.reader import LogReader
from hunt.log.tail import Tail
from hunt.log.writer import Writer
from hunt.replica import LogAway, Replica, connect, publish_interval
from hunt.settings import Settings

GC_THRESHOLDS = (10_000, 10, 10)
"""Objects made before the garbage collector looks at them, and how often it looks at older ones."""

T = TypeVar("T")

Part = Callable[[], Coroutine[Any, Any, None]]
"""Makes what a task runs. Not the coroutine itself: a task that is cancelled before its first step never awaits it."""

SETTLE_MILLISECONDS = 200
"""How long a hunt folder has to be left alone before it is read: an editor writes a file in several steps."""

logger = structlog.get_logger()


class SqlSource(LogReader):
    """The SQL log as the replica reads it: a database that does not answer is `LogAway`."""

    async def head(self) -> tuple[int, str]:
        return await _or_away(super().head())

    async def digest_at(self, id: int) -> str | None:
        return await _or_away(super().digest_at(id))

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> list[Entry]:
        return await _or_away(super().entries(after, limit, team_id))


async def _or_away(reading: Coroutine[Any, Any, T]) -> T:
    try:
        return await reading
    except (SQLAlchemyError, OSError) as error:
        raise LogAway(str(error)) from error


class Services:
    """Everything that lives as long as the process, alive inside `running`. `render` draws what sockets are sent."""

    def __init__(self, settings: Settings, hunt: Hunt, render: Render, now: clock.Clock = clock.now) -> None:
        self.settings = settings
        self.clock = now
        self.engine = engine = connect_database(settings.database_url)
        self.redis = connect(settings.redis_url)
        self.tail = Tail(hunt)
        self.reader = LogReader(engine)
        self.writer = Writer(engine, self.tail, now)
        self.replica = Replica(
            self.redis,
            SqlSource(engine),
            publish_interval=publish_interval(settings.redis_url),
            reconcile_seconds=settings.reconcile_seconds,
            scrub_entries_per_second=settings.scrub_entries_per_second,
        )
        self.history = History(self.tail, self.reader, self.replica.team_entries)
        self.feed = Feed(engine, self.tail, self.writer, now)
        self.hub = Hub(Shared(self.tail, self.history, render, self.feed.reach, now))
        self.accounts = Accounts(engine, self.writer, self.tail, Sessions(settings.secret_key, now))
        self.failed: BaseException | None = None
        self.writer.publish = self.replica.publish
        self.tail.on_replaced += [self.accounts.sessions.read_again, self.replica.forget]
        self.accounts.on_ended = self.hub.end_sessions
        self.feed.refresh = self.accounts.refresh_sessions
        self.feed.on_moment = self.hub.replaced

    @property
    def hunt(self) -> Hunt:
        return self.tail.board.hunt

    @property
    def is_ready(self) -> bool:
        """Whether this process should get requests: its tasks live and SQL answers."""
        return self.failed is None and self.feed.is_current


@asynccontextmanager
async def headless(settings: Settings, hunt: Hunt) -> AsyncIterator[Services]:
    """Services for work beside a server that may be running: the log is read and the writer runs, nothing is drawn."""
    services = Services(settings, hunt, lambda _dataset, _value: "")
    async with _writing(services):
        yield services


@asynccontextmanager
async def _writing(services: Services) -> AsyncIterator[None]:
    """Only what is needed to write."""
    await check_schema(services.settings.database_url)
    await read_more(services.engine, services.tail)
    await services.accounts.refresh_sessions()
    task = asyncio.create_task(_guarded(services, "writer", services.writer.run), name="writer")
    try:
        yield
    finally:
        await _cancel([task])
        await services.redis.aclose()
        await services.engine.dispose()


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[None]:
    """All of it, until the block ends. A task that dies makes the process unready and says why."""
    settings = services.settings
    async with _writing(services):
        # A fake server is this process's own: nobody else could have written to its stream.
        read_stream = None if settings.redis_url.startswith("fake://") else services.replica.read
        parts: list[tuple[str, Part]] = [
            ("replica", services.replica.run),
            ("feed", lambda: services.feed.run(read_stream)),
        ]
        if settings.watch_content:
            parts.append(("content", lambda: _watch_content(services)))
        tasks = [asyncio.create_task(_guarded(services, name, part), name=name) for name, part in parts]
        try:
            await services.feed.poll()
            with _little_collecting():
                yield
        finally:
            await _cancel(tasks)


@contextmanager
def _little_collecting() -> Iterator[None]:
    """Let the garbage collector leave alone what was loaded: each look through it would stop every page for 0.1 s."""
    before = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


async def _guarded(services: Services, name: str, part: Part) -> None:
    try:
        await part()
    except Exception as error:  # whatever it is, readiness goes with it
        services.failed = error
        logger.exception("task_died", task=name)
        raise


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_content(services: Services) -> None:
    """While authors write: take over the hunt folder whenever it changes."""
    async for _ in awatch(services.settings.content, debounce=SETTLE_MILLISECONDS):
        try:
            loaded = await asyncio.to_thread(load, services.settings.content)
        except HuntUnreadable as error:
            _tell(error.problems)
            continue
        _tell(loaded.problems)
        await services.feed.change_hunt(loaded.hunt)
        logger.info("hunt_changed", version=loaded.hunt.version)


def _tell(problems: tuple[Any, ...]) -> None:
    for problem in problems:
        logger.warning("hunt_problem", problem=str(problem))


def build_id() -> str:
    """A short name for the code that runs, so that a page notices that it is older than the server."""
    newest = max(path.stat().st_mtime_ns for path in Path(__file__).parent.rglob("*") if path.is_file())
    return hashlib.sha256(f"{newest}".encode()).hexdigest()[:10]
