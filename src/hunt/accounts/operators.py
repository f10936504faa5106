"""The accounts of headquarters: made, disabled and removed, each noted in the audit and effective in every process."""

from advanced_alchemy.filters import OrderBy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from hunt.accounts.audit import COMMAND_LINE, Action, Actor, Audit
from hunt.accounts.guard import Guard
from hunt.accounts.names import clean_username
from hunt.accounts.password_rules import PasswordRules
from hunt.accounts.passwords import Passwords
from hunt.accounts.repositories import OperatorRepository, inside, missing, read
from hunt.accounts.tables import OperatorRow
from hunt.accounts.throttle import Throttle
from hunt.game.refusals import Conflict
from hunt.log.writer import Writer


class Operators:
    """What can be done with operators beside what all accounts have in common."""

    def __init__(
        self,
        engine: AsyncEngine,
        writer: Writer,
        guard: Guard,
        *,
        passwords: Passwords,
        rules: PasswordRules,
        throttle: Throttle,
        audit: Audit,
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._guard = guard
        self._passwords = passwords
        self._rules = rules
        self._throttle = throttle
        self._audit = audit

    async def add(
        self, username: str, password: str, *, password_hash: str | None = None, by: Actor = COMMAND_LINE
    ) -> int:
        """A new operator's id. Raises BadAccount, or Conflict (`name_taken`)."""
        username = clean_username(username)
        stored = password_hash or await self._passwords.hash(self._rules.check(password, (username,)))
        ids: list[int] = []

        async def insert(connection: AsyncConnection) -> None:
            row = OperatorRow(username=username, password_hash=stored, created_at=self._writer.clock())
            try:
                async with inside(connection) as db:
                    row = await OperatorRepository(db).add(row, auto_commit=True)
            except IntegrityError:
                raise Conflict("name_taken", "An operator has this user name already.") from None
            await self._audit.note(connection, "added", "operator", username, by)
            ids[:] = [row.id]

        await self._writer.submit(prepare=insert)
        await self._guard.catch_up()
        return ids[0]

    async def all(self) -> list[OperatorRow]:
        """All operators by name, the disabled ones too."""

        async def find(connection: AsyncConnection) -> list[OperatorRow]:
            async with inside(connection) as db:
                return list(await OperatorRepository(db).get_many(OrderBy("username", "asc")))

        return await read(self._engine, find)

    async def set_disabled(self, operator_id: int, *, disabled: bool, by: Actor = COMMAND_LINE) -> None:
        """Disable an operator, which ends their sessions, or let them in again. Raises NotFound."""

        async def change(connection: AsyncConnection) -> None:
            async with inside(connection) as db:
                row = await self._existing(db, operator_id)
                row.disabled = disabled
                await db.commit()
            if disabled:
                await self._guard.sessions.revoke(connection, "operator", operator_id)
            action: Action = "disabled" if disabled else "enabled"
            await self._audit.note(connection, action, "operator", row.username, by)

        await self._writer.submit(prepare=change)
        await self._guard.catch_up()

    async def remove(self, operator_id: int, *, by: Actor = COMMAND_LINE) -> None:
        """Remove an operator's account, which ends their sessions. Raises NotFound."""

        async def delete(connection: AsyncConnection) -> None:
            async with inside(connection) as db:
                row = await self._existing(db, operator_id)
                await db.delete(row)
                await db.commit()
            await self._guard.sessions.revoke(connection, "operator", operator_id)
            await self._throttle.forget(connection, "operator", row.username)
            await self._audit.note(connection, "removed", "operator", row.username, by)

        await self._writer.submit(prepare=delete)
        await self._guard.catch_up()

    async def _existing(self, db: AsyncSession, operator_id: int) -> OperatorRow:
        row = await OperatorRepository(db).get_one_or_none(id=operator_id)
        if row is None:
            raise missing("operator", operator_id)
        return row
