"""Who may come in: the holders of sessions that are valid, of operators and of teams that are active."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from hunt.accounts.sessions import Ended, Session, Sessions
from hunt.game.entries import stamp
from hunt.log.remote import RemoteLog
from hunt.log.tail import Tail

ReadEnded = Callable[[int], Awaitable[list[Ended]]]
"""(number) → the sessions that ended after that number, in order."""


class _EndedPage(Struct):
    ended: list[Ended]


def ended_elsewhere(log: RemoteLog) -> ReadEnded:
    """Asks the process that has the database."""

    async def read(since: int) -> list[Ended]:
        return (await log.ask("/api/sessions", _EndedPage, since=since)).ended

    return read


class Guard:
    """Knows sessions and teams by heart, so that to ask costs no SQL. `on_ended` hears of sessions that are over."""

    def __init__(self, sessions: Sessions, tail: Tail, read_ended: ReadEnded) -> None:
        self.sessions = sessions
        self.tail = tail
        self.on_ended: Callable[[list[str]], None] = lambda _ids: None
        self._read_ended = read_ended

    def identify(self, token: str) -> Session | None:
        """Whose token this is, None when it is not valid (any more)."""
        session = self.sessions.check(token)
        return session if session is not None and self._is_theirs(session) else None

    def is_of_unknown_team(self, token: str) -> bool:
        """Whether the token is good but of a team that this process has not heard of yet."""
        session = self.sessions.check(token)
        return session is not None and session.kind == "team" and session.account_id not in self.tail.board.teams

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

    def _is_theirs(self, session: Session) -> bool:
        if session.kind != "team":
            return True
        return self.is_active_team(session.account_id) and self.registered(session.account_id) == session.registered

    async def refresh(self) -> None:
        """Learn which sessions ended anywhere, and tell those who hold sockets."""
        last = self.sessions.last
        ended = await self._read_ended(last.revocation - 1) if last else []
        if ended[:1] != [last]:  # it could not be shown any more, or the table is another one: a restored backup
            ended = await self._read_ended(0)
        known = {last.id} if last else set()
        if new := [id for id in self.sessions.learn(ended) if id not in known]:
            self.on_ended(new)
