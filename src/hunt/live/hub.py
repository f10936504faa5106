"""The sockets of this process, and who of them hears of what.

When the log grows, the hub marks the subscriptions that it may change and wakes their connections. A connection then
takes the newest value of each: there is no queue, so a slow one skips what was replaced meanwhile.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence

from hunt.game.entries import Entry
from hunt.live import protocol
from hunt.live.connection import Connection
from hunt.live.shared import Shared

MAX_SOCKETS = 12_000
"""Of one process."""

MAX_SOCKETS_OF_ACCOUNT = 500
"""A team of a hundred people with a few browsers each; more is a mistake or an attack."""


class TooManySockets(Exception):
    """The process, or this account, has as many sockets as it may have."""


class Hub:
    """Hears of every change of the log from the moment it is made."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self._of: defaultdict[int | None, set[Connection]] = defaultdict(set)
        self._name = secrets.token_hex(4)
        self._changes = 0
        shared.tail.listeners.append(self.grown)
        shared.tail.on_replaced.append(self.replaced)

    @property
    def connections(self) -> list[Connection]:
        return [each for connections in self._of.values() for each in connections]

    def join(self, connection: Connection) -> None:
        """Take in a connection; TooManySockets when it is one too many."""
        total = sum(map(len, self._of.values()))
        if len(self._of[connection.team_id]) >= MAX_SOCKETS_OF_ACCOUNT or total >= MAX_SOCKETS:
            raise TooManySockets
        self._of[connection.team_id].add(connection)

    def leave(self, connection: Connection) -> None:
        team_id = connection.team_id
        connection.release()
        self._of[team_id].discard(connection)
        if not self._of[team_id]:
            del self._of[team_id]
            if team_id is not None:
                self.shared.forget(team_id)

    def end_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the sockets of sessions that are over."""
        ended = set(session_ids)
        for connection in self.connections:
            if connection.session_id in ended:
                connection.stop(protocol.CLOSE_LOGGED_OUT)

    def grown(self, entries: Sequence[Entry]) -> None:
        """Mark and wake whatever the new entries may change."""
        for entry in entries:
            concerned = self._of if entry.team_id is None else {entry.team_id} & self._of.keys()
            for team_id in concerned:
                if team_id is not None:
                    self.shared.touch(team_id, entry)
                for connection in self._of[team_id]:
                    connection.mark(entry)
                    if entry.type == "team_deactivated":
                        connection.stop(protocol.CLOSE_LOGGED_OUT)

    def standing(self, team_id: int) -> str:
        """A text that is another one whenever this process may have something new for the team."""
        return f"{self._name}.{self._changes}.{self.shared.view(team_id).state.epoch}"

    def time_passed(self) -> None:
        """A moment of the hunt has come: values may be different, with nothing in the log to say so."""
        self._changes += 1
        self.shared.forget_all()
        for connection in self.connections:
            connection.mark_values()

    def replaced(self) -> None:
        """Everything may be different: the hunt was changed, or the log is another one."""
        self._changes += 1
        self.shared.forget_all()
        for connection in self.connections:
            connection.mark_all()
            team_id = connection.team_id
            if team_id is not None and connection.registered != self.shared.registration_of_active(team_id):
                connection.stop(protocol.CLOSE_LOGGED_OUT)
