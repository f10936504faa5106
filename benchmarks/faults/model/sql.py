"""The SQL log in memory: one lock for those who append, snapshots for those who read, and ways to fail.

Rows are what the real writer inserts; what is read are real entries made from them.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from benchmarks.faults.model.seeding import as_any
from hunt.game.entries import GENESIS, Entry, stamp
from hunt.game.team_rules import guess_answer
from hunt.log.lines import Line, line_of
from hunt.log.reader import entry_of
from hunt.log.source import LogAway
from hunt.log.writer import Done, Request

if TYPE_CHECKING:
    from benchmarks.faults.model.process import Process


class Stored(Struct, frozen=True):
    """A row with the entry that it is read as."""

    row: dict[str, Any]
    entry: Entry

    @property
    def id(self) -> int:
        return self.entry.id

    @property
    def public(self) -> dict[str, Any]:
        """The row as a run's evidence shows it."""
        shown = {name: value for name, value in self.row.items() if name != "request_key"}
        return {**shown, "timestamp": stamp(self.row["timestamp"])}


class _Selected:
    """A row in the form in which the reader gets it from a query."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def _asdict(self) -> dict[str, Any]:
        return dict(self.row)


class Database:
    """What is committed, and who holds the append lock."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.stored: list[Stored] = []
        self.is_away = False
        self.trouble = 0.0
        """How likely a COMMIT fails; as likely, it lands and its answer is lost."""
        self.is_slow = False
        self._holder: Transaction | None = None
        self._waiting: deque[tuple[Transaction, asyncio.Future[None]]] = deque()

    @property
    def head(self) -> int:
        return self.stored[-1].id if self.stored else 0

    def after(self, id: int) -> list[Stored]:
        return self.stored[bisect_right(self.stored, id, key=lambda stored: stored.id) :]

    def digest_at(self, id: int) -> str | None:
        if id == 0:
            return GENESIS
        found = self.after(id - 1)[:1]
        return found[0].entry.digest if found and found[0].id == id else None

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """All of the rows or, where an id is taken, none."""
        taken = {stored.id for stored in self.after(min((row["id"] for row in rows), default=0) - 1)}
        if any(row["id"] in taken for row in rows):
            raise IntegrityError("INSERT INTO activity_log", rows, ValueError("This id is taken."))
        self.stored += [Stored(row, entry_of(as_any(_Selected(row)))) for row in rows]
        self.stored.sort(key=lambda stored: stored.id)

    def restore(self, kept: int) -> list[Stored]:
        """Go back to an older dump that ends at entry `kept`; what is lost. Whatever is under way fails."""
        lost = self.after(kept)
        del self.stored[len(self.stored) - len(lost) :]
        self.break_off()
        return lost

    def break_off(self) -> None:
        """Every connection is closed, as when the server restarts."""
        for transaction, turn in [*self._waiting]:
            transaction.is_broken = True
            if not turn.done():
                turn.set_result(None)
        self._waiting.clear()
        if self._holder:
            self._holder.is_broken = True
            self._holder = None

    async def lock(self, transaction: "Transaction") -> None:
        if self._holder:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((transaction, turn))
            await turn
        else:
            self._holder = transaction

    def unlock(self, transaction: "Transaction") -> None:
        """Give the lock to the first who waits and whose process lives."""
        if self._holder is not transaction:
            return
        self._holder = None
        while self._waiting and not self._holder:
            following, turn = self._waiting.popleft()
            if not following.process.is_dead and not turn.done():
                self._holder = following
                turn.set_result(None)

    def lose(self, process: "Process") -> None:
        """A process has died: the server ends its transaction."""
        if self._holder and self._holder.process is process:
            self.unlock(self._holder)


class Connected:
    """The way to the database from one process: each step may take its time, or fail."""

    def __init__(self, database: Database, process: "Process") -> None:
        self.database = database
        self.process = process

    async def pause(self) -> None:
        """One way of the road. Raises ConnectionError."""
        await self.process.pause(self.database.chance, slow=self.database.is_slow)
        if self.database.is_away:
            raise ConnectionError("The database is away.")


class Transaction(Connected):
    """What the writer does under the append lock; the methods are those of a connection that it uses."""

    is_broken = False

    def __init__(self, database: Database, process: "Process") -> None:
        super().__init__(database, process)
        self._rows: list[dict[str, Any]] = []

    async def step(self) -> None:
        await self.pause()
        if self.is_broken:
            raise ConnectionError("The database closed the connection.")

    async def read(self, after: int, limit: int) -> list[Entry]:
        await self.step()
        return [stored.entry for stored in self.database.after(after)[:limit]]

    async def recorded(self, key: str) -> list[Stored]:
        """What a request of this key has written."""
        await self.step()
        return [stored for stored in self.database.stored if (stored.row["request_key"] or "").startswith(f"{key}.")]

    async def execute(self, _statement: object, rows: list[dict[str, Any]]) -> None:
        await self.step()
        self._rows += rows

    async def commit(self) -> None:
        """All rows, or none and ConnectionError, or all and ConnectionError: as it may happen."""
        await self.process.crash_at("before COMMIT")
        await self.step()
        database = self.database
        if database.chance.random() < database.trouble:
            self.is_broken = True
            raise ConnectionError("The connection broke before COMMIT arrived.")
        database.add(self._rows)
        database.unlock(self)
        await self.process.crash_at("after COMMIT")
        if self._rows and database.chance.random() < database.trouble:
            self.is_broken = True
            raise ConnectionError("The connection broke before COMMIT was answered.")
        await self.pause()


@asynccontextmanager
async def append_transaction(engine: Connected) -> AsyncIterator[Transaction]:
    """Takes the place of the real one, which needs an engine of SQLAlchemy."""
    transaction = Transaction(engine.database, engine.process)
    await transaction.step()
    await engine.database.lock(transaction)
    try:
        await transaction.step()
        yield transaction
    finally:
        engine.database.unlock(transaction)


async def _recorded(attempt: Any, request: Request) -> tuple[str, Done | None]:
    """What the real attempt finds with a query: what a request of the same key brought about."""
    found = await attempt.connection.recorded(request.key)
    if not found:
        return "", None
    first, last = found[0].entry, found[-1].entry
    done = Done(ids=(first.id, last.id), head=attempt.ahead.head, answer=guess_answer(first))
    return found[0].row["request_key"].rpartition(".")[2], done


@contextmanager
def in_place_of_sql() -> Iterator[None]:
    """Inside, the real writer runs on transactions of this module."""
    with ExitStack() as stack:
        stack.enter_context(patch("hunt.log.writer.append_transaction", append_transaction))
        stack.enter_context(patch("hunt.log.writer.reading", lambda transaction: transaction.read))
        stack.enter_context(patch("hunt.log.writer._Attempt._recorded", _recorded))
        yield


class SqlSource(Connected):
    """A `hunt.log.source.Source` for one process."""

    async def _asked(self) -> None:
        try:
            await self.pause()
        except ConnectionError as error:
            raise LogAway(str(error)) from error

    async def head(self) -> tuple[int, str]:
        await self._asked()
        answer = self.database.head, self.database.digest_at(self.database.head) or GENESIS
        await self._asked()
        return answer

    async def digest_at(self, id: int) -> str | None:
        await self._asked()
        answer = self.database.digest_at(id)
        await self._asked()
        return answer

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> list[Entry]:
        await self._asked()
        found = (stored.entry for stored in self.database.after(after))
        answer = [entry for entry in found if team_id is None or entry.team_id in {None, team_id}][:limit]
        await self._asked()
        return answer

    async def lines(self, after: int, limit: int) -> list[Line]:
        return list(map(line_of, await self.entries(after, limit)))

    async def newest(self, team_id: int | None, limit: int, before: int | None = None) -> list[Entry]:
        entries = await self.entries(0, len(self.database.stored), team_id)
        return [entry for entry in entries if before is None or entry.id < before][-limit:]
