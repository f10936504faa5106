"""The canonical data of one process: the log and the accounts in SQL, and the one who writes them.

A server builds its replica, sockets and pages on it; a command needs nothing more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from hunt import clock
from hunt.accounts.guard import Guard, read_access
from hunt.accounts.password_rules import PasswordRules
from hunt.accounts.service import Accounts
from hunt.accounts.sessions import Sessions
from hunt.content.model import Hunt
from hunt.log.database import connect
from hunt.log.history import catch_up
from hunt.log.migrations import check_schema
from hunt.log.reader import LogReader
from hunt.log.tail import Tail
from hunt.log.writer import Writer
from hunt.settings import Settings


class Headless:
    """Reads and writes SQL by the rules of a hunt."""

    def __init__(self, settings: Settings, hunt: Hunt, now: clock.Clock = clock.now) -> None:
        self.engine = connect(settings.database_url)
        self.reader = LogReader(self.engine)
        self.tail = Tail(hunt)
        sessions = Sessions(settings.secret_key, now)
        self.guard = Guard(sessions, self.tail, partial(read_access, sessions, self.engine))
        self.writer = Writer(self.engine, self.tail, now)
        self.accounts = Accounts(self.engine, self.writer, self.guard, PasswordRules(is_public=settings.is_public))

    @property
    def hunt(self) -> Hunt:
        return self.tail.board.hunt


@asynccontextmanager
async def headless(settings: Settings, hunt: Hunt) -> AsyncIterator[Headless]:
    """What a command works with, beside a server that may be running: the log is read and the writer runs.

    Raises SchemaMismatch, DatabaseAway and LogAway.
    """
    data = Headless(settings, hunt)
    try:
        await check_schema(settings.database_url)
        await catch_up(data.reader.entries, data.tail)
        await data.guard.refresh()
        writing = asyncio.create_task(data.writer.run())
        try:
            yield data
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
    finally:
        await data.engine.dispose()
