"""What can be done with accounts. Whatever has to be one with the log goes through the writer's transaction."""

from typing import Any

from advanced_alchemy.exceptions import NotFoundError
from advanced_alchemy.filters import OrderBy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from hunt.accounts.errors import BadAccount, NotAllowed, WrongLogin
from hunt.accounts.guard import Guard
from hunt.accounts.names import check_password, clean_name, clean_username
from hunt.accounts.passwords import Passwords
from hunt.accounts.repositories import (
    REPOSITORIES,
    Account,
    OperatorRepository,
    SessionRepository,
    TeamRepository,
    inside,
)
from hunt.accounts.sessions import Kind, Session
from hunt.accounts.tables import OperatorRow, SessionRow
from hunt.accounts.throttle import Throttle
from hunt.game.commands import Command, RegisterTeam, RenameTeam, SetTeamActive
from hunt.game.refusals import Conflict, NotFound
from hunt.log.tables import TeamRow
from hunt.log.writer import Done, Request, Unavailable, Writer


class Accounts:
    """Logins, registration and passwords of teams and operators."""

    def __init__(self, engine: AsyncEngine, writer: Writer, guard: Guard) -> None:
        self.engine = engine
        self.writer = writer
        self.guard = guard
        self.tail = guard.tail
        self.sessions = guard.sessions
        self.passwords = Passwords()
        self.throttle = Throttle(writer.clock)

    async def login(self, kind: Kind, username: str, password: str, *, address: str, label: str) -> tuple[Session, str]:
        """A new session and its token.

        Raises WrongLogin, LoginThrottled, LoginsBusy, or NotAllowed for a team that is deactivated.
        """
        try:
            username = clean_username(username)
        except BadAccount:
            raise WrongLogin from None
        account = f"{kind} {username}"
        self.throttle.check(account, address)
        row = await self._find(kind, username=username)
        async with self.passwords.turn():
            # Again, for those who came at the same moment and have failed while this one waited.
            self.throttle.check(account, address)
            if not await self.passwords.fits(row.password_hash if row else None, password) or row is None:
                self.throttle.failed(account, address)
                raise WrongLogin
        self.throttle.succeeded(account)
        if kind == "team" and not self.guard.is_active_team(row.id):
            raise NotAllowed(f"This team is deactivated. {self.tail.board.hunt.how_to_ask.sentence}")
        return await self.start_session(kind, row.id, label, row.password_hash)

    async def start_session(
        self, kind: Kind, account_id: int, label: str, password_hash: str | None = None
    ) -> tuple[Session, str]:
        """A new session and its token; Conflict where the account has another password than `password_hash` by now."""
        registered = self.guard.registered(account_id) if kind == "team" else ""
        session, token = self.sessions.issue(kind, account_id, registered)

        async def add(connection: AsyncConnection) -> None:
            if password_hash is not None:
                await _check_unchanged(connection, kind, account_id, password_hash)
            await self.sessions.add(connection, session, label)

        await self.writer.submit(prepare=add)
        return session, token

    async def logout(self, session: Session) -> None:
        async def end(connection: AsyncConnection) -> None:
            await self.sessions.add(connection, session, "")  # a restored backup may not have it
            await self.sessions.revoke(connection, session.kind, session.account_id, only=session.id)

        await self.writer.submit(prepare=end)
        await self.guard.refresh()

    async def logout_others(self, session: Session) -> None:
        """End every session of the account but this one."""

        async def end(connection: AsyncConnection) -> None:
            await self.sessions.revoke(connection, session.kind, session.account_id, but=session.id)

        await self.writer.submit(prepare=end)
        await self.guard.refresh()

    async def devices(self, session: Session) -> list[SessionRow]:
        """The account's sessions that are valid, newest first."""
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            rows = await SessionRepository(db).get_many(
                OrderBy("created_at", "desc"), kind=session.kind, account_id=session.account_id, revocation=None
            )
        now = self.writer.clock()
        return [row for row in rows if row.expires_at > now]

    async def register(
        self,
        username: str,
        name: str,
        password: str,
        *,
        internal_data: dict[str, Any] | None = None,
        request: Request | None = None,
        password_hash: str | None = None,
    ) -> tuple[int, Done]:
        """A new team's id. Raises BadAccount for a field, Conflict (`name_taken`) where somebody has the name."""
        username, name = clean_username(username), clean_name(name)
        stored = password_hash or await self.passwords.hash(check_password(password))

        async def insert(connection: AsyncConnection) -> Command:
            try:
                async with inside(connection) as db:
                    row = await TeamRepository(db).add(
                        TeamRow(username=username, name=name, password_hash=stored), auto_commit=True
                    )
            except IntegrityError:
                raise Conflict("name_taken", "A team has this user name or this name already.") from None
            return RegisterTeam(team_id=row.id, username=username, name=name)

        done = await self.writer.submit(prepare=insert, internal_data=internal_data, request=request)
        return self._id_of(username), done

    def _id_of(self, username: str) -> int:
        for id, state in self.tail.board.teams.items():
            if state.username == username:
                return id
        raise Unavailable  # the log was replaced at this moment by one without the team

    async def sign_up(
        self, username: str, name: str, password: str, *, label: str, request: Request | None = None
    ) -> tuple[Session, str, Done]:
        """A team registers itself: its first session, the token of that, and what was written.

        Raises what `register` raises, and NotAllowed where the hunt does not let teams in like this.
        """
        if self.tail.board.hunt.registration != "open":
            raise NotAllowed(f"Registration is closed. {self.tail.board.hunt.how_to_ask.sentence}")
        team_id, done = await self.register(username, name, password, request=request)
        session, token = await self.start_session("team", team_id, label)
        return session, token, done

    async def rename(
        self,
        team_id: int,
        name: str,
        internal_data: dict[str, Any] | None = None,
        *,
        request: Request | None = None,
    ) -> Done:
        name = clean_name(name)

        async def update(connection: AsyncConnection) -> Command:
            try:
                async with inside(connection) as db:
                    await TeamRepository(db).update(
                        TeamRow(id=team_id, name=name), attribute_names=["name"], auto_commit=True
                    )
            except NotFoundError:
                raise NotFound(f"There is no team with the id {team_id}.") from None
            except IntegrityError:
                raise Conflict("name_taken", "A team has this name already.") from None
            return RenameTeam(team_id=team_id, name=name)

        return await self.writer.submit(prepare=update, internal_data=internal_data, request=request)

    async def set_active(
        self, team_id: int, *, active: bool, internal_data: dict[str, Any] | None = None, request: Request | None = None
    ) -> Done:
        """Deactivate a team, which ends its sessions, or bring it back."""

        async def end_sessions(connection: AsyncConnection) -> Command:
            if not active:
                await self.sessions.revoke(connection, "team", team_id)
            return SetTeamActive(team_id=team_id, active=active)

        done = await self.writer.submit(prepare=end_sessions, internal_data=internal_data, request=request)
        await self.guard.refresh()
        return done

    async def change_password(self, session: Session, current: str, new: str) -> None:
        """Change one's own password; every other session ends.

        Raises WrongLogin when `current` is not it, LoginThrottled when that happens too often.
        """
        row = await self._get(session.kind, session.account_id)
        account = f"{session.kind} {session.account_id}, logged in"
        async with self.passwords.turn():
            self.throttle.check(account, session.id)
            if not await self.passwords.fits(row.password_hash, current):
                self.throttle.failed(account, session.id)
                raise WrongLogin
        self.throttle.succeeded(account)
        await self.set_password(session.kind, session.account_id, new, but=session.id)

    async def set_password(self, kind: Kind, account_id: int, password: str, *, but: str | None = None) -> None:
        """Set an account's password and end its sessions, all or all `but` one."""
        await self._get(kind, account_id)
        stored = await self.passwords.hash(check_password(password))

        async def store(connection: AsyncConnection) -> None:
            async with inside(connection) as db:
                row = await REPOSITORIES[kind](db).get_one(id=account_id)
                row.password_hash = stored
                await db.commit()
            await self.sessions.revoke(connection, kind, account_id, but=but)

        await self.writer.submit(prepare=store)
        await self.guard.refresh()

    async def add_operator(self, username: str, password: str, *, password_hash: str | None = None) -> int:
        """A new operator's id. Raises BadAccount, or Conflict (`name_taken`)."""
        username = clean_username(username)
        stored = password_hash or await self.passwords.hash(check_password(password))
        try:
            async with AsyncSession(self.engine, expire_on_commit=False) as db:
                row = await OperatorRepository(db).add(
                    OperatorRow(username=username, password_hash=stored), auto_commit=True
                )
        except IntegrityError:
            raise Conflict("name_taken", "An operator has this user name already.") from None
        return row.id

    async def operators(self) -> list[OperatorRow]:
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            return list(await OperatorRepository(db).get_many(OrderBy("username", "asc")))

    async def operator_name(self, account_id: int) -> str:
        return (await self._get("operator", account_id)).username

    async def teams(self) -> list[TeamRow]:
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            return list(await TeamRepository(db).get_many(OrderBy("id", "asc")))

    async def named(self, kind: Kind, username: str) -> Account | None:
        """The account with this user name, however it is typed. Raises BadAccount for what can be no user name."""
        return await self._find(kind, username=clean_username(username))

    async def _find(self, kind: Kind, **fields: Any) -> Account | None:
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            return await REPOSITORIES[kind](db).get_one_or_none(**fields)

    async def _get(self, kind: Kind, account_id: int) -> Account:
        row = await self._find(kind, id=account_id)
        if row is None:
            raise NotFound(f"There is no {kind} with the id {account_id}.")
        return row


async def _check_unchanged(connection: AsyncConnection, kind: Kind, account_id: int, password_hash: str) -> None:
    async with inside(connection) as db:
        row = await REPOSITORIES[kind](db).get_one(id=account_id)
    if row.password_hash != password_hash:
        raise Conflict("password_changed", "The password was changed meanwhile. Log in again.")
