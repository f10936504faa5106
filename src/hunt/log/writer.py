"""The one task of a process that appends to the log.

Commands queue up here and are decided and appended in one transaction under the database-wide lock, so each is decided
on the newest state and a busy hunt pays one COMMIT for many of them. Nobody is answered before COMMIT has returned.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.clock import Clock
from hunt.game.board import Ahead
from hunt.game.commands import Command, GuessAnswer
from hunt.game.decide import decide
from hunt.game.entries import Entry
from hunt.game.refusals import Invalid, Refused
from hunt.game.team_rules import guess_answer
from hunt.log.database import append_transaction, is_bad_data, reason_of
from hunt.log.history import catch_up
from hunt.log.reader import COLUMNS, entry_of, reading, row_of
from hunt.log.tables import EntryRow
from hunt.log.tail import Gap, Tail

MAX_WAITING_COMMANDS = 2_000
"""Commands that may wait for the writer; one more is refused at once."""

MAX_BATCH_COMMANDS = 256
"""Commands in one transaction; more would make the first of them wait for the last."""

RETRY_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses after attempts that failed. After the last one the log is only read, to see whether that attempt landed."""

REFUSED_BY_STORE = (IntegrityError, ProgrammingError)
"""What is wrong with a statement, beside its data, and not with the way to the database: it would fail again."""

IDEMPOTENCY_HOURS = 24

logger = structlog.get_logger()

Prepare = Callable[[AsyncConnection], Awaitable[Command | None]]
"""Work in the accounts' tables that has to be in the same transaction; gives the command, if there is one."""


class Overloaded(Exception):
    """Too much is waiting already; nothing was written. Ask again in `retry_after` seconds."""

    code = "overloaded"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("The server is very busy. Try again in a moment; nothing was lost.")
        self.retry_after = retry_after


class Unavailable(Exception):
    """The database could not be reached; what was asked is not in the log."""

    code = "unavailable"

    def __init__(self, retry_after: int = 5) -> None:
        super().__init__("This could not be saved just now. Try again in a moment.")
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """The database went away while it committed, and did not come back in time to be asked."""

    code = "outcome_unknown"

    def __str__(self) -> str:
        return "Nobody can tell yet whether this was saved. Look again in a moment, before you repeat it."


class Request(Struct, frozen=True, kw_only=True):
    """What makes a repetition of a request known as one: `key` names account, path and the client's own key."""

    key: str
    body: str

    @property
    def column(self) -> str:
        return f"{self.key}.{self.body}"


class Done(Struct, frozen=True, kw_only=True):
    """What was committed: the ids of the command's entries (None where it wrote nothing) and a guess's answer.

    `team_id` is the team of the first entry, None where that is of all teams.
    """

    ids: tuple[int, int] | None
    head: int
    team_id: int | None = None
    answer: GuessAnswer | None = None
    replayed: bool = False


class _Job(Struct, kw_only=True):
    command: Command | None
    prepare: Prepare | None
    internal_data: dict[str, Any] | None
    request: Request | None
    future: asyncio.Future[Done]
    in_doubt: bool = False
    """Whether a COMMIT was begun of which nobody knows what became."""


class CommandFailed(Exception):
    """A command failed in a way that no rule foresees; nothing of it was written. Its cause is what was raised."""

    def __init__(self, job: _Job, error: Exception) -> None:
        super().__init__(str(error))
        self.job = job
        self.error = error


class _BadData(Exception):
    """The database takes no entry of an attempt, for a value in one of them."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Writer:
    """Appends for this process. Start `run` as a task; it ends only when cancelled."""

    def __init__(self, engine: AsyncEngine, tail: Tail, clock: Clock) -> None:
        self.engine = engine
        self.tail = tail
        self.clock = clock
        self.publish: Callable[[Sequence[Entry], str], None] = lambda _entries, _previous: None
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(MAX_WAITING_COMMANDS)
        self._is_open = True

    @property
    def waiting(self) -> int:
        """How many commands wait for the next transaction."""
        return self._jobs.qsize()

    async def submit(
        self,
        command: Command | None = None,
        *,
        prepare: Prepare | None = None,
        internal_data: dict[str, Any] | None = None,
        request: Request | None = None,
    ) -> Done:
        """What came of the command, after it was committed.

        Raises its `Refused`; CommandFailed; Overloaded when too many wait; Unavailable when the database cannot be
        reached, and OutcomeUnknown, which is one, when it could be until it was to commit.
        """
        job = _Job(
            command=command,
            prepare=prepare,
            internal_data=internal_data,
            request=request,
            future=asyncio.get_running_loop().create_future(),
        )
        if not self._is_open:
            raise Unavailable
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise Overloaded from None
        return await job.future

    async def run(self) -> None:
        """Append until cancelled. However it ends, whoever still waits is told that there will be no answer."""
        jobs: list[_Job] = []
        try:
            while True:
                jobs = [await self._jobs.get()]
                while len(jobs) < MAX_BATCH_COMMANDS and not self._jobs.empty():
                    jobs.append(self._jobs.get_nowait())
                await self._carry_out(jobs)
        finally:
            self._is_open = False
            while not self._jobs.empty():
                jobs.append(self._jobs.get_nowait())
            _give_up(jobs)

    async def _carry_out(self, jobs: list[_Job]) -> None:
        """Answer every job. Whatever goes wrong on the way, the log is read again before anything is decided anew."""
        attempt: _Attempt | None = None
        pauses = deque(RETRY_SECONDS)
        while jobs:
            try:
                async with append_transaction(self.engine) as connection:
                    await self._catch_up(connection)
                    if attempt is None or not attempt.landed(self.tail):
                        _doubt(jobs, doubt=False)
                        if not pauses:
                            break
                        attempt = _Attempt(connection, Ahead(self.tail.board, self.clock()))
                        await attempt.decide(jobs)
                        attempt.check_ground(self.tail)
                        await attempt.insert()
                        _doubt(jobs, doubt=True)
                        await connection.commit()
                    self._answer(attempt)  # before the connection goes back: nobody need wait for that
                    jobs.clear()
            except CommandFailed as bug:
                self._fail(jobs, bug)
                attempt = None
            except _BadData as bad:
                if len(jobs) > 1:  # so that it fails alone
                    half = len(jobs) // 2
                    await self._carry_out(jobs[:half])
                    await self._carry_out(jobs[half:])
                    return
                self._fail(jobs, CommandFailed(jobs[0], bad.error))
            except (SQLAlchemyError, OSError, Gap) as error:
                logger.warning("append_failed", error=reason_of(error), commands=len(jobs))
                if not pauses:
                    break
                await asyncio.sleep(pauses.popleft())
        _give_up(jobs)

    def _fail(self, jobs: list[_Job], bug: CommandFailed) -> None:
        logger.error("command_failed", command=type(bug.job.command).__name__, exc_info=bug.error)
        jobs.remove(bug.job)
        _settle(bug.job, bug)

    async def _catch_up(self, connection: AsyncConnection) -> None:
        """Have the tail stand exactly where the log ends. Nobody else may append now: what moves it is of the past."""
        while await catch_up(reading(connection), self.tail) != (self.tail.head, self.tail.digest):
            continue

    def _answer(self, attempt: "_Attempt") -> None:
        entries = attempt.ahead.entries
        # Where a reader has found another history meanwhile, it reads these rows too.
        with suppress(Gap):
            self.tail.accept(entries, attempt.previous_digest)
        if entries:
            self.publish(entries, attempt.previous_digest)
        for job, outcome in attempt.outcomes:
            _settle(job, outcome)


def _settle(job: _Job, outcome: Done | Exception) -> None:
    if job.future.done():  # whoever asked has gone away
        return
    if isinstance(outcome, Done):
        job.future.set_result(outcome)
    else:
        job.future.set_exception(outcome)


def _doubt(jobs: Iterable[_Job], *, doubt: bool) -> None:
    for job in jobs:
        job.in_doubt = doubt


def _give_up(jobs: Iterable[_Job]) -> None:
    for job in jobs:
        _settle(job, OutcomeUnknown() if job.in_doubt else Unavailable())


class _Attempt:
    """One transaction's work: jobs are decided one after the other, each on the state that the one before left."""

    def __init__(self, connection: AsyncConnection, ahead: Ahead) -> None:
        self.connection = connection
        self.ahead = ahead
        self.previous_head = ahead.board.head
        self.previous_digest = ahead.board.digest
        self.outcomes: list[tuple[_Job, Done | Refused]] = []
        self._keys: dict[int, str] = {}
        self._replays: dict[str, tuple[str, Done]] = {}

    def check_ground(self, tail: Tail) -> None:
        """Raises Gap unless the board beneath is still what the log held when it was read, under the lock.

        While commands were decided, the feed may have moved it by entries that the log has lost.
        """
        board = self.ahead.board
        if tail.board is not board or (board.head, board.digest) != (self.previous_head, self.previous_digest):
            raise Gap(tail.head, self.ahead.head)

    def landed(self, tail: Tail) -> bool:
        """Whether these entries are in the log, though COMMIT did not say so."""
        entries = self.ahead.entries
        return bool(entries) and tail.digest_at(entries[-1].id) == entries[-1].digest

    async def decide(self, jobs: list[_Job]) -> None:
        for job in jobs:
            try:
                self.outcomes.append((job, await self._outcome(job)))
            except Refused as refusal:
                self.outcomes.append((job, refusal))
            except (SQLAlchemyError, OSError) as error:
                if isinstance(error, REFUSED_BY_STORE) or is_bad_data(error):
                    raise CommandFailed(job, error) from error
                raise
            except Exception as error:  # a fault in one command must not take the others with it
                raise CommandFailed(job, error) from error

    async def _outcome(self, job: _Job) -> Done:
        if job.request and (done := await self._replay(job.request)):
            return done
        before = len(self.ahead.entries)
        command, answer = job.command, None
        if job.prepare:
            async with self.connection.begin_nested():
                command = await job.prepare(self.connection)
        if command:
            answer = decide(command, self.ahead, job.internal_data)
        new = self.ahead.entries[before:]
        ids = (new[0].id, new[-1].id) if new else None
        team_id = new[0].team_id if new else None
        done = Done(ids=ids, head=self.ahead.head, team_id=team_id, answer=answer)
        if job.request and ids:
            self._keys.update((entry.id, job.request.column) for entry in new)
            self._replays[job.request.key] = (job.request.body, done)
        return done

    async def _replay(self, request: Request) -> Done | None:
        """What the same request brought about before, in this transaction or within the last day."""
        body, done = self._replays.get(request.key) or await self._recorded(request)
        if done is None:
            return None
        if body != request.body:
            raise Invalid("key_reused", "This Idempotency-Key was used before, with another request.")
        return msgspec.structs.replace(done, head=self.ahead.head, replayed=True)

    async def _recorded(self, request: Request) -> tuple[str, Done | None]:
        column = EntryRow.request_key
        statement = (
            select(*COLUMNS, column)
            .where(column > f"{request.key}.", column < f"{request.key}/")
            .where(EntryRow.timestamp > self.ahead.now - timedelta(hours=IDEMPOTENCY_HOURS))
            .order_by(EntryRow.id)
        )
        rows = (await self.connection.execute(statement)).all()
        if not rows:
            return "", None
        entries = [entry_of(row) for row in rows]
        answer = guess_answer(entries[0])
        first, last = entries[0], entries[-1]
        done = Done(ids=(first.id, last.id), head=self.ahead.head, team_id=first.team_id, answer=answer)
        return rows[0].request_key.rpartition(".")[2], done

    async def insert(self) -> None:
        if rows := [row_of(entry, self._keys.get(entry.id)) for entry in self.ahead.entries]:
            try:
                await self.connection.execute(insert(EntryRow), rows)
            except (SQLAlchemyError, ValueError, OverflowError) as error:
                if is_bad_data(error):
                    raise _BadData(error) from error
                raise
