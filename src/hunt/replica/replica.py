"""The Redis replica of the log, whole: what the rest of the server talks to."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt import clock
from hunt.game.entries import Entry
from hunt.log.database import reason_of
from hunt.log.source import Source
from hunt.log.tail import Tail
from hunt.replica.auditor import Auditor
from hunt.replica.connection import blocking
from hunt.replica.derived import Derived
from hunt.replica.errors import Away, RebuildFailed
from hunt.replica.filler import Filler
from hunt.replica.keeper import TeamKeeper
from hunt.replica.lease import Lease
from hunt.replica.ledger import Ledgers
from hunt.replica.notes import Notes, RepairNote, ScrubPlace
from hunt.replica.pace import SERVER, Pace
from hunt.replica.publisher import Publisher
from hunt.replica.reader import Reader
from hunt.replica.rebuild import Builder
from hunt.replica.reconciler import Reconciler
from hunt.replica.scripts import Inspection, Scripts
from hunt.replica.scrubber import Scrubber
from hunt.replica.status import Health, Status
from hunt.replica.teams import Teams
from hunt.replica.verify import Verifier

RECONCILE_SECONDS = 5.0
SCRUB_ENTRIES_PER_SECOND = 800.0
STATUS_SECONDS = 0.5
"""How long a status waits for Redis."""
REBUILD_PATIENCE_SECONDS = 60.0
REBUILD_RETRY_SECONDS = 0.2


class Replica:
    """A copy of the log in Redis that may vanish, lie or be late without anything wrong being shown.

    `secret` is what the server's processes share and Redis does not know. `pace` is `pace_of` the URL that Redis was
    connected to; `now` dates the notes of repairs.
    """

    def __init__(
        self,
        redis: Redis,
        source: Source,
        secret: str,
        *,
        pace: Pace = SERVER,
        reconcile_seconds: float = RECONCILE_SECONDS,
        scrub_entries_per_second: float = SCRUB_ENTRIES_PER_SECOND,
        now: clock.Clock = clock.now,
    ) -> None:
        scripts, ledgers = Scripts(redis, secret), Ledgers()
        self._notes = notes = Notes(redis, scripts, now)
        health = Health(notes.add)
        lease = Lease(scripts)
        self._redis, self._source, self._secret, self._lease = redis, source, secret, lease
        filler = Filler(scripts, source, health, pace)
        self._scripts = scripts
        self._health = health
        self._ledgers = ledgers
        self._blocking = blocking(redis)
        self._builder = Builder(scripts, source, health, pace)
        self._reconciler = Reconciler(
            scripts,
            source,
            health,
            filler=filler,
            builder=self._builder,
            lease=lease,
            interval=reconcile_seconds,
            on_other_gen=ledgers.clear,
        )
        ask_repair = self._reconciler.ask
        self._publisher = Publisher(filler, health, pace, ask_repair)
        auditor = Auditor(redis, scripts, source, health, ledgers=ledgers)
        self._keeper = TeamKeeper(scripts, auditor, health, ledgers=ledgers)
        self._teams = Teams(redis, source, health, ledgers=ledgers, keeper=self._keeper)
        self._reader = Reader(self._blocking, scripts, ask_repair)
        self._scrubber = Scrubber(
            redis,
            scripts,
            source,
            health,
            keeper=self._keeper,
            lease=lease,
            notes=notes,
            entries_per_second=scrub_entries_per_second,
            interval=reconcile_seconds,
            ask_repair=ask_repair,
        )
        self._verifier = Verifier(redis, scripts, source)

    def publish(self, entries: Sequence[Entry], previous_digest: str) -> None:
        """Has committed entries, whose ids follow each other, published soon; never waits and never fails.

        `previous_digest` is the log's before the first of them, from the log or the append itself.
        """
        self._publisher.publish(entries, previous_digest)

    async def run(self) -> None:
        """Publishes, extends the teams' streams, reconciles and scrubs until cancelled; Redis may come and go."""
        async with asyncio.TaskGroup() as group:
            for part in (self._publisher, self._keeper, self._reconciler, self._scrubber, self._notes):
                group.create_task(part.run(), name=type(part).__name__)

    async def run_for_readers(self) -> None:
        """Only extends the teams' streams, until cancelled: for a process that writes nothing."""
        await self._keeper.run()

    def derived(self, tail: Tail) -> Derived:
        """The states of the teams, kept in the same Redis under the same lease."""
        return Derived(self._redis, self._source, tail, self._secret, lease=self._lease, health=self._health)

    async def team_entries(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry]:
        """The first `limit` entries of the team or of all in (after, upto], the same whether Redis is there or not.

        `upto` must not be above the log's head. Raises LogAway when neither Redis nor the log answers.
        """
        return await self._teams.entries(team_id, after, upto, limit)

    async def team_newest(self, team_id: int, upto: int, limit: int) -> list[Entry]:
        """The last `limit` entries of the team or of all with ids up to `upto`, ascending; the same without Redis.

        `upto` must not be above the log's head. Raises LogAway when neither Redis nor the log answers.
        """
        return await self._teams.newest(team_id, upto, limit)

    async def read(self, after: int, block_ms: int, count: int) -> list[Entry]:
        """Waits up to `block_ms` for the entries after `after`; see `Reader.read`. Unreadable means: read the log."""
        entries = await self._reader.read(after, block_ms, count)
        self._health.answered()
        return entries

    def forget(self) -> None:
        """Trust nothing that was read so far: the SQL log may be another one than it was."""
        self._ledgers.clear()
        self._teams.forget()

    async def status(self) -> Status:
        """How things stand, within `STATUS_SECONDS`."""
        replica, repairs, place = await self._look()
        health = self._health
        return Status(
            available=replica is not None,
            head=None if replica is None else replica.head,
            digest=None if replica is None else replica.digest,
            gen=None if replica is None else replica.gen,
            bad=(replica.damage or None) if replica else None,
            buffered=self._publisher.buffered,
            counters=health.counted(),
            last_error=health.last_error,
            last_repair=health.last_repair,
            seconds_since_check=health.seconds_since_check,
            repairs=repairs,
            scrub_position=place.position if place else None,
            scrub_seconds=place.seconds if place else None,
        )

    async def _look(self) -> tuple[Inspection | None, list[RepairNote], ScrubPlace | None]:
        try:
            async with asyncio.timeout(STATUS_SECONDS):
                return await self._scripts.inspect(), *await self._notes.read()
        except (RedisError, TimeoutError) as error:
            self._health.failed(error)
            return None, [], None

    async def verify(self) -> list[str]:
        """Everything in which Redis differs from the log, in sentences. Raises LogAway."""
        return await self._verifier.findings()

    async def rebuild(self) -> None:
        """Builds the replica anew beside the old one and puts it in its place.

        Raises RebuildFailed after `REBUILD_PATIENCE_SECONDS` in which others were building, Away, LogAway.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + REBUILD_PATIENCE_SECONDS
        try:
            while not await self._builder.rebuild("Somebody asked for it."):
                if loop.time() > until:
                    raise RebuildFailed("The replica was not rebuilt: others kept building it. Try again later.")
                await asyncio.sleep(REBUILD_RETRY_SECONDS)
            await self._notes.send()
        except RedisError as error:
            raise Away(f"Redis does not answer: {reason_of(error)}") from error

    async def aclose(self) -> None:
        """Closes the connection that waits for entries; the client that was passed in stays open."""
        await self._blocking.aclose()
