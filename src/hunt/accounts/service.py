"""What can be done with accounts. Whatever has to be one with the log goes through the writer's transaction."""

from collections.abc import Callable
from functools import partial
from typing import Any

from advanced_alchemy.exceptions import NotFoundError
from advanced_alchemy.filters import OrderBy
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from hunt.accounts.audit import COMMAND_LINE, Actor, Audit
from hunt.accounts.devices import Device
from hunt.accounts.errors import BadAccount, WrongLogin
from hunt.accounts.guard import Guard, registered_at
from hunt.accounts.names import check_not_reserved, clean_name, clean_username, name_key, name_shape
from hunt.accounts.operators import Operators
from hunt.accounts.password_rules import PasswordRules
from hunt.accounts.passwords import Passwords
from hunt.accounts.rates import REGISTRATIONS, RENAMES, Rates
from hunt.accounts.repositories import (
    REPOSITORIES,
    Account,
    SessionRepository,
    TeamRepository,
    inside,
    missing,
    read,
)
from hunt.accounts.sessions import Kind, Session
from hunt.accounts.tables import OperatorRow, SessionRow
from hunt.accounts.throttle import Attempt, Throttle, place_of
from hunt.game.commands import Command, RegisterTeam, RenameTeam, SetTeamActive
from hunt.game.refusals import Conflict, Forbidden, NotFound
from hunt.log.tables import TeamRow
from hunt.log.writer import Done, Request, Writer


class Accounts:
    """Logins, registration and passwords of teams and operators."""

    def __init__(self, engine: AsyncEngine, writer: Writer, guard: Guard, rules: PasswordRules) -> None:
        self.engine = engine
        self.writer = writer
        self.guard = guard
        self.rules = rules
        self.tail = guard.tail
        self.sessions = guard.sessions
        self.passwords = Passwords()
        self.throttle = Throttle(writer.clock)
        self.audit = Audit(writer.clock)
        self.registrations = Rates(REGISTRATIONS)
        self.renames = Rates(RENAMES)
        self.operators = Operators(
            engine,
            writer,
            guard,
            passwords=self.passwords,
            rules=rules,
            throttle=self.throttle,
            audit=self.audit,
        )

    async def login(
        self, kind: Kind, username: str, password: str, *, address: str, label: str, device: Device | None = None
    ) -> tuple[Session, str]:
        """A new session and its token. `device` is the browser, where it was logged in to some account before.

        Raises WrongLogin, LoginThrottled, LoginsBusy, or Forbidden for an account that may not come in.
        """
        try:
            username = clean_username(username)
        except BadAccount:
            raise WrongLogin from None
        row = await self._find(kind, username=username)
        attempt = Attempt.from_address(kind, username, address)
        if device is not None and row is not None and device.knows(kind, row.id):
            attempt = Attempt.from_device(kind, username, device.id)
        actor = Actor(username, address)
        row = await self._prove(row, password, attempt, actor)
        return await self.start_session(kind, row.id, label, row.password_hash, attempt=attempt, actor=actor)

    async def _prove(self, row: Account | None, password: str, attempt: Attempt, actor: Actor) -> Account:
        """The account, when the password is its own. Raises WrongLogin (and counts it), LoginThrottled, LoginsBusy."""
        await read(self.engine, partial(self.throttle.check, attempt=attempt))
        async with self.passwords.turn(attempt.place):
            # Again, for those who came at the same moment and have failed while this one waited.
            await read(self.engine, partial(self.throttle.check, attempt=attempt))
            if await self.passwords.fits(row.password_hash if row else None, password) and row is not None:
                return row

            async def count(connection: AsyncConnection) -> None:
                is_last = await self.throttle.failed(connection, attempt)
                if isinstance(row, OperatorRow):
                    for action in ("login_failed", "locked_out") if is_last else ("login_failed",):
                        await self.audit.note(connection, action, "operator", row.username, actor)

            await self.writer.submit(prepare=count)
        raise WrongLogin

    async def start_session(
        self,
        kind: Kind,
        account_id: int,
        label: str,
        password_hash: str | None = None,
        *,
        attempt: Attempt | None = None,
        actor: Actor | None = None,
    ) -> tuple[Session, str]:
        """A new session and its token.

        Raises Conflict where the account has another password than `password_hash` by now, and Forbidden where it may
        not come in. The writer has read the log to its end, so a team that registered anywhere is known.
        """
        issued: list[tuple[Session, str]] = []

        async def add(connection: AsyncConnection) -> None:
            async with inside(connection) as db:
                row = await REPOSITORIES[kind](db).get_one_or_none(id=account_id)
            if row is None or (password_hash is not None and row.password_hash != password_hash):
                raise Conflict("password_changed", "The password was changed meanwhile. Log in again.")
            session, token = self.sessions.issue(kind, account_id, self._registered(row))
            issued[:] = [(session, token)]
            await self.sessions.add(connection, session, label)
            if attempt is not None:
                await self.throttle.succeeded(connection, attempt)
            if kind == "operator":
                await self.audit.note(connection, "login", kind, row.username, actor or Actor(row.username))

        await self.writer.submit(prepare=add)
        if kind == "operator":
            await self.guard.catch_up()  # one who was just made is news to this process
        return issued[0]

    def _registered(self, row: Account) -> str:
        """When the account was, for a session that begins. Raises Forbidden where none may."""
        if isinstance(row, OperatorRow):
            if row.disabled:
                raise Forbidden("forbidden", "This account is disabled. Ask whoever looks after the server.")
            return registered_at(row)
        if not self.guard.is_active_team(row.id):
            raise Forbidden("forbidden", f"This team is deactivated. {self.tail.board.hunt.how_to_ask.sentence}")
        return self.guard.registered(row.id)

    async def logout(self, session: Session, address: str = "") -> None:
        name = self.guard.operator_name(session) if session.kind == "operator" else None

        async def end(connection: AsyncConnection) -> None:
            if name is not None:
                await self.audit.note(connection, "logout", "operator", name, Actor(name, address))
            await self.sessions.add(connection, session, "")  # a restored backup may not have it
            await self.sessions.revoke(connection, session.kind, session.account_id, only=session.id)

        await self.writer.submit(prepare=end)
        await self.guard.catch_up()

    async def logout_others(self, session: Session) -> None:
        """End every session of the account but this one."""

        async def end(connection: AsyncConnection) -> None:
            await self.sessions.revoke(connection, session.kind, session.account_id, but=session.id)

        await self.writer.submit(prepare=end)
        await self.guard.catch_up()

    async def devices(self, session: Session) -> list[SessionRow]:
        """The account's sessions that are valid, newest first."""

        async def find(connection: AsyncConnection) -> list[SessionRow]:
            async with inside(connection) as db:
                rows = await SessionRepository(db).get_many(
                    OrderBy("created_at", "desc"), kind=session.kind, account_id=session.account_id, revocation=None
                )
                return list(rows)

        rows = await read(self.engine, find)
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
        email: str | None = None,
        lane: str = "",
        check: Callable[[], None] | None = None,
    ) -> tuple[int, Done]:
        """A new team's id. Raises BadAccount for a field, Conflict (`name_taken`) where a team has a name like it.

        `check` may refuse one that is no repetition. The password is hashed in a turn of `lane`.
        """
        username, name = clean_username(username), clean_name(name)
        check_not_reserved("username", username)
        check_not_reserved("name", name)
        if password_hash is None:
            password_hash = await self.passwords.hash(self.rules.check(password, (username, name)), lane)
        stored = password_hash

        async def insert(connection: AsyncConnection) -> Command:
            if check is not None:
                check()
            made = TeamRow(
                username=username, name=name, password_hash=stored, name_key=name_key(name), email=email or None
            )
            try:
                async with inside(connection) as db:
                    row = await TeamRepository(db).add(made, auto_commit=True)
            except IntegrityError:
                raise await self._taken(connection, username, name) from None
            self._check_shape(name)
            return RegisterTeam(team_id=row.id, username=username, name=name)

        done = await self.writer.submit(prepare=insert, internal_data=internal_data, request=request)
        if done.team_id is None:
            raise NotFound  # a key that was used for something else: keys name the path, so it cannot be
        return done.team_id, done

    async def _taken(self, connection: AsyncConnection, username: str, name: str) -> Conflict:
        """Which of the two names another team has, or one that looks like it."""
        async with inside(connection) as db:
            has_username = await TeamRepository(db).get_one_or_none(username=username)
        if has_username:
            return Conflict("name_taken", f"A team has the user name {username} already.", field="username")
        return _looks_taken(name)

    def _check_shape(self, name: str, but: int | None = None) -> None:
        """Raises Conflict where another team's name has the same shape; the same key is refused by an index."""
        shape = name_shape(name)
        if any(name_shape(team.name) == shape for id, team in self.tail.board.teams.items() if id != but):
            raise _looks_taken(name)

    async def sign_up(
        self, username: str, name: str, password: str, *, address: str, label: str, request: Request | None = None
    ) -> tuple[int, Session | None, str, Done]:
        """A team registers itself: its id, its first session, the token of that, and what was written.

        A repetition of a registration (`request`) begins a session only where a login would: with a password that is
        still the team's, and while the team is active. Otherwise there is none, and the token is empty. Raises what
        `register` raises, TooOften, and Forbidden where the hunt does not let teams in like this.
        """
        if request is None:
            self._check_open()
        place = place_of(address)
        self.registrations.take(place)
        try:
            team_id, done = await self.register(
                username, name, password, request=request, lane=place, check=self._check_open
            )
        except BadAccount:  # it cost nothing
            self.registrations.spend(place, -1)
            raise
        row = await self._get("team", team_id)
        if done.replayed:
            async with self.passwords.turn(place):
                if not await self.passwords.fits(row.password_hash, password):
                    return team_id, None, "", done
        try:
            session, token = await self.start_session("team", team_id, label, row.password_hash)
        except (Conflict, Forbidden):  # headquarters were faster
            return team_id, None, "", done
        return team_id, session, token, done

    def _check_open(self) -> None:
        if self.tail.board.hunt.registration != "open":
            raise Forbidden("forbidden", f"Registration is closed. {self.tail.board.hunt.how_to_ask.sentence}")

    async def rename(
        self,
        team_id: int,
        name: str,
        internal_data: dict[str, Any] | None = None,
        *,
        request: Request | None = None,
    ) -> Done:
        name = clean_name(name)
        check_not_reserved("name", name)

        async def update(connection: AsyncConnection) -> Command:
            changed = TeamRow(id=team_id, name=name, name_key=name_key(name))
            try:
                async with inside(connection) as db:
                    await TeamRepository(db).update(changed, attribute_names=["name", "name_key"], auto_commit=True)
            except NotFoundError:
                raise NotFound(f"There is no team with the id {team_id}.") from None
            except IntegrityError:
                raise _looks_taken(name) from None
            self._check_shape(name, but=team_id)
            return RenameTeam(team_id=team_id, name=name)

        return await self.writer.submit(prepare=update, internal_data=internal_data, request=request)

    async def erase(self, team_id: int, *, by: Actor = COMMAND_LINE) -> str:
        """Take away what identifies the people of a team, and give the name that it has from now on.

        Name and user name become "Team 17" by an entry; e-mail address, password, sessions and the names of their
        devices go, and the audit calls the team by its new name too. What the log said before stays in its past.
        """
        erased = f"Team {team_id}"

        async def take_away(connection: AsyncConnection) -> Command:
            async with inside(connection) as db:
                row = await TeamRepository(db).get_one_or_none(id=team_id)
                if row is None:
                    raise missing("team", team_id)
                before, name = row.username, erased
                while await TeamRepository(db).exists(TeamRow.id != team_id, TeamRow.name == name):
                    name += "*"  # somebody called themselves so
                row.username, row.name, row.name_key = erased, name, None
                row.email = row.password_hash = None
                await db.commit()
            await self.sessions.revoke(connection, "team", team_id)
            await self.sessions.forget_devices(connection, "team", team_id)
            await self.throttle.forget(connection, "team", before)
            await self.audit.rename(connection, "team", before, erased)
            await self.audit.note(connection, "erased", "team", erased, by)
            return RenameTeam(team_id=team_id, name=name, username=erased)

        await self.writer.submit(prepare=take_away)
        await self.guard.catch_up()
        return erased

    async def rename_own(self, session: Session, name: str) -> Done:
        """What `rename` does, for the team that is logged in. Raises TooOften."""
        self.renames.take(f"team {session.account_id}")
        return await self.rename(session.account_id, name)

    async def set_active(
        self, team_id: int, *, active: bool, internal_data: dict[str, Any] | None = None, request: Request | None = None
    ) -> Done:
        """Deactivate a team, which ends its sessions, or bring it back."""

        async def end_sessions(connection: AsyncConnection) -> Command:
            if not active:
                await self.sessions.revoke(connection, "team", team_id)
            return SetTeamActive(team_id=team_id, active=active)

        done = await self.writer.submit(prepare=end_sessions, internal_data=internal_data, request=request)
        await self.guard.catch_up()
        return done

    async def change_password(self, session: Session, current: str, new: str, *, address: str = "") -> None:
        """Change one's own password; every other session ends.

        Raises WrongLogin when `current` is not it, LoginThrottled when that happens too often.
        """
        row = await self._get(session.kind, session.account_id)
        attempt = Attempt.from_session(session.kind, row.username, session.id)
        actor = Actor(row.username, address)
        await self._prove(row, current, attempt, actor)
        await self.set_password(session.kind, session.account_id, new, but=session.id, by=actor)

    async def set_password(
        self, kind: Kind, account_id: int, password: str, *, by: Actor = COMMAND_LINE, but: str | None = None
    ) -> None:
        """Set an account's password and end its sessions, all or all `but` one; wrong passwords are forgotten."""
        row = await self._get(kind, account_id)
        names = (row.username, row.name) if isinstance(row, TeamRow) else (row.username,)
        stored = await self.passwords.hash(self.rules.check(password, names), f"account {by.name}")

        async def store(connection: AsyncConnection) -> None:
            async with inside(connection) as db:
                row = await REPOSITORIES[kind](db).get_one_or_none(id=account_id)
                if row is None:
                    raise missing(kind, account_id)
                row.password_hash = stored
                await db.commit()
            await self.sessions.revoke(connection, kind, account_id, but=but)
            await self.throttle.forget(connection, kind, row.username)
            if kind == "operator" or but is None:
                await self.audit.note(connection, "password_set", kind, row.username, by)

        await self.writer.submit(prepare=store)
        await self.guard.catch_up()

    async def unlock(self, kind: Kind, account_id: int, *, by: Actor = COMMAND_LINE) -> None:
        """Forget the account's wrong passwords, from wherever they came."""
        row = await self._get(kind, account_id)

        async def forget(connection: AsyncConnection) -> None:
            await self.throttle.forget(connection, kind, row.username)
            await self.audit.note(connection, "unlocked", kind, row.username, by)

        await self.writer.submit(prepare=forget)

    async def teams(self) -> list[TeamRow]:
        async with AsyncSession(self.engine, expire_on_commit=False) as db:
            return list(await TeamRepository(db).get_many(OrderBy("id", "asc")))

    async def named(self, kind: Kind, username: str) -> Account | None:
        """The account with this user name, however it is typed. Raises BadAccount for what can be no user name."""
        return await self._find(kind, username=clean_username(username))

    async def _find(self, kind: Kind, **fields: Any) -> Account | None:
        async def find(connection: AsyncConnection) -> Account | None:
            async with inside(connection) as db:
                return await REPOSITORIES[kind](db).get_one_or_none(**fields)

        return await read(self.engine, find)

    async def _get(self, kind: Kind, account_id: int) -> Account:
        row = await self._find(kind, id=account_id)
        if row is None:
            raise missing(kind, account_id)
        return row


def _looks_taken(name: str) -> Conflict:
    return Conflict("name_taken", f"A team is called {name} already, or something that looks like it.", field="name")
