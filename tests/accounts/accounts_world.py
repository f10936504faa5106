"""Accounts as one process has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from hunt.accounts.guard import Guard, read_access
from hunt.accounts.password_rules import PasswordRules
from hunt.accounts.service import Accounts
from hunt.accounts.sessions import Kind, Session, Sessions
from stores import Process, StandingClock, process

SECRET = "a secret that is long enough"
PASSWORD = "correct horse"


class Desk:
    """A process with its accounts. Passwords are hashed once for all teams."""

    def __init__(self, one: Process) -> None:
        self.process = one
        sessions = Sessions(SECRET, one.clock)
        guard = Guard(sessions, one.tail, partial(read_access, sessions, one.engine))
        self.accounts = Accounts(one.engine, one.writer, guard, PasswordRules(is_public=True))
        self.ended: list[str] = []
        guard.on_ended = self.ended.extend

    async def team(self, username: str, stored: str | None = None) -> int:
        """A new team with PASSWORD, or with no password that could be typed where a hash is given."""
        team_id, _ = await self.accounts.register(username, username.title(), PASSWORD, password_hash=stored)
        return team_id

    async def login(self, username: str, password: str = PASSWORD, kind: Kind = "team") -> tuple[Session, str]:
        return await self.accounts.login(kind, username, password, address="here", label="A browser")

    async def refresh(self) -> None:
        """What the feed does with every poll."""
        await self.accounts.guard.refresh()


@asynccontextmanager
async def desk(url: str, clock: StandingClock | None = None) -> AsyncIterator[Desk]:
    async with process(url, clock=clock) as one:
        made = Desk(one)
        await made.refresh()
        yield made
