"""A server process: real tail, writer, replica, feed and hub, on simulated SQL, Redis and sockets.

A process that dies stops at the next thing that it would have done outside of itself, and leaves everything as it is.
"""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from benchmarks.faults.model import road, sql
from benchmarks.faults.model.hunt import hunt
from benchmarks.faults.model.loop import KICKOFF
from benchmarks.faults.model.seeding import Ordered, as_any
from hunt.game.entries import Entry
from hunt.game.refusals import Refused
from hunt.live.connection import Connection
from hunt.live.feed import Feed
from hunt.live.history import History
from hunt.live.hub import Hub
from hunt.live.macs import Macs
from hunt.live.shared import Shared
from hunt.log.source import LogAway
from hunt.log.tail import Gap, Tail
from hunt.log.writer import Overloaded, Unavailable, Writer
from hunt.replica import Counters, Replica
from hunt.replica.pace import Pace

if TYPE_CHECKING:
    from benchmarks.faults.model.sockets import Socket
    from benchmarks.faults.model.world import World

PACE = Pace(collect_seconds=0.0, batch=12, rest_seconds=0.0)
RECONCILE_SECONDS = 1.5
SCRUB_ENTRIES_PER_SECOND = 300.0
START_RETRY_SECONDS = 0.3
SECRET = "what processes share"
SHADOW = b"activity_log/shadow/"

T = TypeVar("T")


class Died(Exception):
    """The process was killed before it answered, or had a mistake in it."""


LOST = (Died, TimeoutError, Unavailable, Overloaded, LogAway, SQLAlchemyError, OSError)
"""What a client sees as no answer, or as one that says to come again."""


class Process:
    """One life of a process. `writes` is False for one that only serves sockets."""

    def __init__(self, world: "World", name: str, *, writes: bool) -> None:
        self.world = world
        self.name = name
        self.is_dead = self.is_up = False
        self.crash_point = ""
        self.stalls_at_shadow = 0.0
        self.loses_publishes = False
        self.clock_offset = timedelta()
        self.sockets: Ordered[Socket] = Ordered()
        self._requests: Ordered[asyncio.Future[Any]] = Ordered()
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._wire(writes=writes)

    def _wire(self, *, writes: bool) -> None:
        """As `hunt.services` does it."""
        source = sql.SqlSource(self.world.database, self)
        self.source = source
        self.tail = Tail(hunt())
        self.replica = Replica(
            road.client(self.world.store, self),
            source,
            SECRET,
            pace=PACE,
            reconcile_seconds=RECONCILE_SECONDS,
            scrub_entries_per_second=SCRUB_ENTRIES_PER_SECOND,
            now=self.clock,
        )
        self.derived = self.replica.derived(self.tail)
        self.history = History(self.tail, source, self.replica.team_entries, self.replica.team_newest)
        self.feed = Feed(source, self.tail)
        self.hub = Hub(Shared(self.tail, self.history, _draw, self.feed.reach, self.clock, macs=Macs(SECRET)))
        as_any(self.hub)._of = _Sockets()
        self.tail.on_replaced.append(self.replica.forget)
        self.writer: Writer | None = None
        if writes:
            self.writer = Writer(as_any(sql.Connected(self.world.database, self)), self.tail, self.clock)
            self.writer.publish = self._publish

    def clock(self) -> datetime:
        return KICKOFF + timedelta(seconds=self.world.now) + self.clock_offset

    @property
    def counters(self) -> Counters:
        return self.replica._health.counters

    def start(self) -> None:
        self.spawn(self._live())

    async def _live(self) -> None:
        while self.tail.head == 0:
            try:
                await self.derived.load()
                await self.feed.poll()
            except (LogAway, Gap):  # a real one would end, and be started again
                await asyncio.sleep(START_RETRY_SECONDS)
        self.spawn(self.feed.run(self.replica.read))
        if self.writer:
            self.spawn(self.replica.run())
            self.spawn(self.derived.run())
            self.spawn(self.writer.run())
        else:
            self.spawn(self.replica.run_for_readers())
        self.is_up = True

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task of this process; one that fails is a finding."""
        self.world.keep(asyncio.get_running_loop().create_task(self._guarded(work)))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - whatever it is, it is what the run was to find
            self.world.broken.append(f"A task of process {self.name} died:\n{traceback.format_exc()}")

    def _publish(self, entries: Sequence[Entry], previous_digest: str) -> None:
        if not self.loses_publishes:
            self.replica.publish(entries, previous_digest)
        if self.crash_point == "after publish":
            self.die()

    # --- what may befall it

    async def gate(self) -> None:
        """Passed at everything that reaches out of the process: not while it is stopped, never when it is dead."""
        while self.is_dead or not self._thawed.is_set():
            if self.is_dead:
                await self.world.for_ever()
            await self._thawed.wait()

    async def pause(self, chance: Random, *, slow: bool = False) -> None:
        await self.gate()
        await asyncio.sleep(road.pause_of(chance, slow=slow))
        await self.gate()

    def freeze(self, seconds: float) -> None:
        """Stop it, as SIGSTOP would."""
        self._thawed.clear()
        asyncio.get_running_loop().call_later(seconds, self._thawed.set)

    @property
    def is_frozen(self) -> bool:
        return not self._thawed.is_set()

    def sees(self, command: bytes) -> None:
        """A command is about to leave for Redis."""
        if self.stalls_at_shadow and SHADOW in command:
            self.freeze(self.stalls_at_shadow)
            self.stalls_at_shadow = 0.0

    async def crash_at(self, point: str) -> None:
        if self.crash_point == point:
            self.die()
            await self.gate()

    def die(self) -> None:
        """Stops for good, without a last word."""
        self.is_dead, self.is_up = True, False
        self.world.database.lose(self)
        for socket in self.sockets:
            socket.cut()
        for request in self._requests:
            if not request.done():
                request.set_exception(Died())

    # --- what clients do

    async def ask(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What a request to this process comes back with. Raises what it raised, or Died."""
        if not self.is_up:
            raise Died
        reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._requests.add(reply)
        self.spawn(self._answer(reply, work))
        try:
            return await reply
        finally:
            self._requests.discard(reply)

    async def _answer(self, reply: "asyncio.Future[T]", work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        try:
            answer = await work()
        except (Refused, *LOST) as error:
            await self.gate()
            if not reply.done():
                reply.set_exception(error)
        except Exception:
            if not reply.done():
                reply.set_exception(Died())
            raise
        else:
            await self.gate()
            if not reply.done():
                reply.set_result(answer)


class _Sockets(dict[int | None, Ordered[Connection]]):
    """Takes the place of the hub's sets, which have no order that a second run would repeat."""

    def __missing__(self, team_id: int | None) -> Ordered[Connection]:
        self[team_id] = Ordered()
        return self[team_id]


def _draw(_dataset: str, _value: dict[str, Any]) -> str:
    return ""
