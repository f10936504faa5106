"""Who may come in: the holders of sessions that are valid, of operators and of teams that are active."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from msgspec import Struct
from sqlalchemy import BigInteger, Row, bindparam, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from hunt.accounts.sessions import Ended, Session, Sessions
from hunt.accounts.tables import OperatorRow, SessionRow
from hunt.game.entries import stamp
from hunt.log.reader import reading_from
from hunt.log.source import LogAway
from hunt.log.tables import Moment
from hunt.log.tail import Tail

logger = structlog.get_logger()


class Operator(Struct, frozen=True):
    """Somebody at headquarters who may act. `registered` is when the account was made, where that was noted."""

    id: int
    username: str
    registered: str


class Access(Struct, frozen=True):
    """What a process has to know of accounts beside the log: sessions that ended, and all operators who may act."""

    ended: list[Ended]
    operators: list[Operator]


ReadAccess = Callable[[int], Awaitable[Access]]
"""(number) → the sessions that ended after that number, in order, and the operators. Raises LogAway."""


_operators = select(OperatorRow.id.label("number"), OperatorRow.username.label("text"), OperatorRow.created_at)
_ended = select(SessionRow.revocation, SessionRow.id, SessionRow.expires_at)
_can_be_shown = SessionRow.expires_at > bindparam("now", type_=Moment)
_ACCESS = union_all(
    _operators.add_columns(literal(True).label("may_act")).where(OperatorRow.disabled.is_(False)),
    _ended.add_columns(literal(False)).where(
        SessionRow.revocation > bindparam("since", type_=BigInteger), _can_be_shown
    ),
)
"""One statement, made once: every poll asks."""


async def read_access(sessions: Sessions, engine: AsyncEngine, since: int) -> Access:
    """Reads it from SQL."""
    async with reading_from(engine) as connection:
        rows = (await connection.execute(_ACCESS, {"since": since, "now": sessions.clock()})).all()
    return Access(
        ended=sorted((Ended(revocation=row.number, id=row.text) for row in rows if not row.may_act), key=_number),
        operators=[Operator(row.number, row.text, registered_at(row)) for row in rows if row.may_act],
    )


def _number(ended: Ended) -> int:
    return ended.revocation


def registered_at(row: OperatorRow | Row[*tuple[Any, ...]]) -> str:
    """When an operator's account was made, for its sessions."""
    return stamp(row.created_at) if row.created_at else ""


class Guard:
    """Knows sessions, teams and operators by heart: to ask costs no SQL. `on_ended` hears of sessions that are over."""

    def __init__(self, sessions: Sessions, tail: Tail, read_access: ReadAccess) -> None:
        self.sessions = sessions
        self.tail = tail
        self.on_ended: Callable[[list[str]], None] = lambda _ids: None
        self.read_access = read_access
        self._operators: dict[int, Operator] = {}
        self._operator_sessions: dict[str, Session] = {}

    def identify(self, token: str) -> Session | None:
        """Whose token this is, None when it is not valid (any more)."""
        session = self.sessions.check(token)
        if session is None or not self._is_theirs(session):
            return None
        if session.kind == "operator":
            self._operator_sessions[session.id] = session
        return session

    def is_of_unknown_account(self, token: str) -> bool:
        """Whether the token is good but of a team or an operator that this process has not heard of."""
        session = self.sessions.check(token)
        if session is None:
            return False
        known = self.tail.board.teams if session.kind == "team" else self._operators
        return session.account_id not in known

    def is_open(self, session: Session) -> bool:
        """Whether a session that was valid a moment ago still is."""
        return not self.sessions.has_ended(session) and self._is_theirs(session)

    def is_active_team(self, team_id: int) -> bool:
        state = self.tail.board.teams.get(team_id)
        return state is not None and state.active

    def registered(self, team_id: int) -> str:
        """When the team was, for its sessions; nothing where there is no such team."""
        state = self.tail.board.teams.get(team_id)
        return stamp(state.registered.at) if state and state.registered else ""

    def operator_name(self, session: Session) -> str | None:
        """The user name of the operator whose session it is, None when they may not act (any more)."""
        return self._operators[session.account_id].username if self._is_theirs(session) else None

    def _is_theirs(self, session: Session) -> bool:
        if session.kind == "team":
            return self.is_active_team(session.account_id) and self.registered(session.account_id) == session.registered
        operator = self._operators.get(session.account_id)
        return operator is not None and operator.registered == session.registered

    async def refresh(self) -> None:
        """Learn what changed anywhere, and tell those who hold sockets which sessions are over. Raises LogAway."""
        last = self.sessions.last
        access = await self.read_access(last.revocation - 1 if last else 0)
        if last and access.ended[:1] != [last]:
            # It could not be shown any more, or the table is another one: a restored backup.
            access = await self.read_access(0)
        known = {last.id} if last else set()
        ended = [id for id in self.sessions.learn(access.ended) if id not in known]
        self._operators = {operator.id: operator for operator in access.operators}
        if over := [*ended, *self._without_operator()]:
            self.on_ended(over)

    async def catch_up(self) -> None:
        """`refresh` after a commit, so that it counts here at once. While the log is away, a later poll brings it."""
        try:
            await self.refresh()
        except LogAway as error:
            logger.warning("access_not_read", error=str(error))

    def _without_operator(self) -> list[str]:
        """The ids of operators' sessions that are over, or whose operator is gone in whatever way, to be forgotten."""
        over = [id for id, session in self._operator_sessions.items() if not self.is_open(session)]
        for id in over:
            del self._operator_sessions[id]
        return over
