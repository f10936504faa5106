"""The audit of accounts: who came in, who tried to, and who changed what, for headquarters' accounts.

Rows are only added; a team that is erased gets its new name in them. What anybody can cause (logins, failures,
lock-outs, logouts) is kept for the newest `MAX_PASSING` rows of the table; changes of accounts are kept for good.
"""

from typing import Literal

from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.accounts.sessions import Kind
from hunt.accounts.tables import AuditRow
from hunt.clock import Clock

Action = Literal[
    "login",
    "login_failed",
    "locked_out",
    "logout",
    "password_set",
    "added",
    "removed",
    "disabled",
    "enabled",
    "unlocked",
    "erased",
]

PASSING: tuple[Action, ...] = ("login", "login_failed", "locked_out", "logout")
MAX_PASSING = 50_000

ACTOR_LENGTH = 200
ADDRESS_LENGTH = 64


class Actor(Struct, frozen=True):
    """Who did something to an account: an operator by name with the address, or somebody at the command line."""

    name: str
    address: str = ""


COMMAND_LINE = Actor("command line")


class Audit:
    """Adds rows; to be called inside the writer's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def note(self, connection: AsyncConnection, action: Action, kind: Kind, username: str, actor: Actor) -> None:
        """Record that `actor` did `action` to the account."""
        values = {
            "at": self._clock(),
            "action": action,
            "kind": kind,
            "username": username,
            "actor": actor.name[:ACTOR_LENGTH],
            "address": actor.address[:ADDRESS_LENGTH],
        }
        id = await connection.scalar(insert(AuditRow).values(values).returning(AuditRow.id))
        if action in PASSING:
            old = AuditRow.id <= (id or 0) - MAX_PASSING
            await connection.execute(delete(AuditRow).where(old, AuditRow.action.in_(PASSING)))

    async def rename(self, connection: AsyncConnection, kind: Kind, before: str, after: str) -> None:
        """Call an account by another name in all rows: what identified people is erased."""
        for column in (AuditRow.username, AuditRow.actor):
            these = update(AuditRow).where(AuditRow.kind == kind, column == before)
            await connection.execute(these.values({column.key: after}))


async def newest(engine: AsyncEngine, limit: int) -> list[AuditRow]:
    """The last `limit` rows of the audit, the newest last."""
    columns = AuditRow.__table__.columns
    async with engine.connect() as connection:
        rows = (await connection.execute(select(*columns).order_by(AuditRow.id.desc()).limit(limit))).all()
    return [AuditRow(**row._asdict()) for row in reversed(rows)]
