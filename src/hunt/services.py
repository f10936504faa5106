"""The parts of one process: what pages, API and commands are built on."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hunt import clock
from hunt.accounts.devices import Devices
from hunt.accounts.guard import Access, Guard, ReadAccess
from hunt.accounts.rates import READS, Rates
from hunt.accounts.sessions import Sessions
from hunt.content.model import Hunt
from hunt.game.rejudging import changed_verdicts
from hunt.headless import Headless
from hunt.live.feed import Feed
from hunt.live.history import History
from hunt.live.hub import Hub
from hunt.live.macs import Macs
from hunt.live.shared import Render, Shared
from hunt.live.timekeeper import Timekeeper
from hunt.log.database import append_transaction
from hunt.log.history import Fold, refold
from hunt.log.migrations import check_schema
from hunt.log.reader import reading
from hunt.log.remote import RemoteLog
from hunt.log.source import LogAway, Source
from hunt.log.tail import Gap, Tail
from hunt.replica import Replica, connect, pace_of
from hunt.settings import Settings
from hunt.takeover import Takeover

GC_THRESHOLDS = (10_000, 10, 10)
"""Objects made before the garbage collector looks at them, and how often it looks at older ones."""

Part = Callable[[], Coroutine[Any, Any, None]]
"""Makes what a task runs. Not the coroutine itself: a task that is cancelled before its first step never awaits it."""

BEGIN_AGAIN_SECONDS = 0.5
"""Until a process without a database asks again for the log that it has not had yet."""

MAX_CHANGES_SHOWN = 20
"""Guesses of one puzzle that the log names when a corrected hunt judges them otherwise."""

logger = structlog.get_logger()


class BaseServices:
    """What every process has: the log as it knows it, and the sockets. `render` draws what they are sent.

    `source` is where it reads the log; `guard` knows who may come in, and the log's tail.
    """

    def __init__(
        self,
        settings: Settings,
        render: Render,
        *,
        source: Source,
        guard: Guard,
        now: clock.Clock,
    ) -> None:
        self.settings = settings
        self.clock = now
        self.source = source
        self.redis = connect(settings.redis_url)
        self.guard = guard
        self.tail = guard.tail
        self.replica = Replica(
            self.redis,
            source,
            settings.secret_key,
            pace=pace_of(settings.redis_url),
            reconcile_seconds=settings.reconcile_seconds,
            scrub_entries_per_second=settings.scrub_entries_per_second,
        )
        self.derived = self.replica.derived(self.tail)
        self.history = History(self.tail, source, self.replica.team_entries, self.replica.team_newest)
        self.feed = Feed(source, self.tail)
        self.hub = Hub(Shared(self.tail, self.history, render, self.feed.reach, now, macs=Macs(settings.secret_key)))
        self.timekeeper = Timekeeper(self.tail, None, now, self.hub.time_passed)
        self.content = Takeover(settings, self.hunt, self.change_hunt)
        self.more_parts: list[tuple[str, Part]] = []
        """What else runs as long as the process."""
        self.failed: BaseException | None = None
        self.tail.on_replaced.append(self.replica.forget)
        self.guard.on_ended = self.hub.end_sessions
        self.feed.refresh = self.guard.refresh

    @property
    def hunt(self) -> Hunt:
        return self.tail.board.hunt

    @property
    def redis_is_fake(self) -> bool:
        """A fake server is this process's own: nobody else could have written to it, and it is empty at first."""
        return self.settings.redis_url.startswith("fake://")

    @property
    def is_ready(self) -> bool:
        """Whether this process should get requests: its tasks live and the log answers."""
        return self.failed is None and self.feed.is_current

    @property
    def waiting_commands(self) -> int:
        """Commands that this process still has to append."""
        return 0

    async def begin(self) -> None:
        """Know the log, and which sessions are over. Raises LogAway."""
        if not self.redis_is_fake and not self.tail.head:  # what was read before an attempt failed is kept
            await self.derived.load()
        await self.feed.poll()

    async def follow(self) -> None:
        """Feed the tail until cancelled."""
        await self.feed.run(None if self.redis_is_fake else self.replica.read)

    async def change_hunt(self, hunt: Hunt) -> list[str]:
        """Play by another version of the hunt from now on; everything is folded again under its rules.

        Gives what `changed_verdicts` says. Raises LogAway and Gap.
        """
        await self._fold_anew(hunt)
        if self.hunt is not hunt:
            raise LogAway("The log became another one meanwhile.")
        self.timekeeper.look_again()
        return self.changed_verdicts()

    async def _fold_anew(self, hunt: Hunt) -> None:
        await refold(self.source.entries, self.tail, hunt)

    def changed_verdicts(self) -> list[str]:
        """Log, and give in words, which past guesses today's hunt judges otherwise.

        Such a team hears of it when it guesses again.
        """
        teams, lines = self.tail.board.teams, []
        for slug, changes in changed_verdicts(self.hunt, teams).items():
            shown = [
                f"{teams[change.team_id].name}: {change.guess} {change.before} -> {change.now}"
                for change in changes[:MAX_CHANGES_SHOWN]
            ]
            count = len({change.team_id for change in changes})
            logger.warning("guesses_judged_otherwise", puzzle=slug, teams=count, changes=len(changes), shown=shown)
            more = [f"{len(changes) - len(shown)} more"] if len(changes) > len(shown) else []
            lines.append(f"puzzle {slug}: past guesses that are judged otherwise now: {'; '.join([*shown, *more])}")
        return lines

    def parts(self) -> list[tuple[str, Part]]:
        """What runs as long as the process, by name."""
        content: list[tuple[str, Part]] = [("content", self.content.watch)] if self.settings.watch_content else []
        return [("feed", self.follow), ("time", self.timekeeper.run), *content, *self.more_parts]

    async def aclose(self) -> None:
        await self.replica.aclose()
        await self.redis.aclose()


class Services(BaseServices):
    """What a process beside the database has: it writes, and knows accounts. Alive inside `running`."""

    def __init__(self, settings: Settings, hunt: Hunt, render: Render, now: clock.Clock = clock.now) -> None:
        data = Headless(settings, hunt, now)
        super().__init__(settings, render, source=data.reader, guard=data.guard, now=now)
        self.engine, self.reader, self.writer, self.accounts = data.engine, data.reader, data.writer, data.accounts
        self.writer.publish = self.replica.publish
        self.devices = Devices(settings.secret_key)
        self.reads = Rates(READS)
        self.timekeeper = Timekeeper(self.tail, self.writer, now, self.hub.time_passed)
        self.tail.on_replaced.append(self.timekeeper.look_again)

    @property
    def waiting_commands(self) -> int:
        return self.writer.waiting

    async def begin(self) -> None:
        await check_schema(self.settings.database_url)
        await super().begin()

    def parts(self) -> list[tuple[str, Part]]:
        derived: list[tuple[str, Part]] = [] if self.redis_is_fake else [("derived", self.derived.run)]
        return [("writer", self.writer.run), ("replica", self.replica.run), *super().parts(), *derived]

    async def _fold_anew(self, hunt: Hunt) -> None:
        fold = Fold(hunt)
        await fold.read_on(self.reader.entries)  # most of it while others append
        try:
            async with append_transaction(self.engine) as connection:  # nobody appends while the end is folded
                await refold(reading(connection), self.tail, hunt, fold)
        except (SQLAlchemyError, OSError) as error:
            raise LogAway(str(error)) from error

    async def aclose(self) -> None:
        await super().aclose()
        await self.engine.dispose()


class LiveServices(BaseServices):
    """What a process without a database has: it reads Redis and the log of another process, and serves the sockets."""

    def __init__(self, settings: Settings, hunt: Hunt, render: Render, now: clock.Clock = clock.now) -> None:
        self._log = log = RemoteLog(settings.log_url, settings.service_token or "")
        guard = Guard(Sessions(settings.secret_key, now), Tail(hunt), _access_elsewhere(log))
        super().__init__(settings, render, source=log, guard=guard, now=now)

    async def begin(self) -> None:
        """As far as the other process answers: it may be started later than this one."""
        try:
            await super().begin()
        except (LogAway, Gap) as error:
            logger.warning("log_away", error=str(error))

    async def follow(self) -> None:
        while not self.feed.is_current:
            await asyncio.sleep(BEGIN_AGAIN_SECONDS)
            with suppress(LogAway, Gap):  # told at the start
                await self.source.head()
                await super().begin()
        await super().follow()

    def parts(self) -> list[tuple[str, Part]]:
        # The processes that write publish and repair.
        return [("replica", self.replica.run_for_readers), *super().parts()]

    async def aclose(self) -> None:
        await super().aclose()
        await self._log.aclose()


def _access_elsewhere(log: RemoteLog) -> ReadAccess:
    """Asks the process that has the database."""

    async def read(since: int) -> Access:
        return await log.ask("/api/sessions", Access, since=since)

    return read


@asynccontextmanager
async def running(services: BaseServices) -> AsyncIterator[None]:
    """All of it, until the block ends. A task that dies makes the process unready and says why."""
    try:
        with _not_collecting():
            await services.begin()
        tasks = [asyncio.create_task(_guarded(services, name, part), name=name) for name, part in services.parts()]
        try:
            services.changed_verdicts()
            with _little_collecting():
                yield
        finally:
            await _cancel(tasks)
    finally:
        await services.aclose()


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Millions of objects are made at the start, none of them garbage, and looking takes a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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


async def _guarded(services: BaseServices, name: str, part: Part) -> None:
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


def build_id() -> str:
    """A short name for the code that runs, so that a page notices that it is older than the server."""
    newest = max(path.stat().st_mtime_ns for path in Path(__file__).parent.rglob("*") if path.is_file())
    return hashlib.sha256(f"{newest}".encode()).hexdigest()[:10]
