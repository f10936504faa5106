"""Who listens to what, and the values that they share.

When the log grows, the hub marks the subscriptions that it may change and wakes their connections. A connection then
takes the newest value of each: there is no queue, so a slow one skips what was replaced meanwhile.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct

from hunt.clock import Clock
from hunt.game.entries import Entry
from hunt.live import protocol
from hunt.live.connection import Connection, Subscription
from hunt.live.datasets import ACTIVITY_PAGE_ENTRIES, TEAM_DATASETS, Value, View, activity_page, is_touched
from hunt.live.history import History
from hunt.log.tail import Tail

MAX_SOCKETS = 12_000
"""Of one process."""

MAX_SOCKETS_OF_ACCOUNT = 500
"""A team of a hundred people with a few browsers each; more is a mistake or an attack."""

Reach = Callable[[int], Awaitable[None]]
"""Waits until this process knows the log up to an id, if the log goes so far."""

MAX_SHARED_PICKS = 64
"""Stretches of a team's log kept encoded for its other sockets."""

Render = Callable[[str, Value], str]
"""Draws the fragment of a dataset: (name, value with its epoch) → HTML."""


class TooManySockets(Exception):
    """The process, or this account, has as many sockets as it may have."""


class _Team(Struct):
    """What the connections of one team share."""

    connections: set[Connection]
    values: dict[tuple[str, str, bool], bytes]
    picked: dict[tuple[str, str, int, int], list[tuple[Entry, bytes]]]


class Hub:
    """The sockets of this process. Give it to `tail.listeners` and `tail.on_replaced`."""

    def __init__(self, tail: Tail, history: History, render: Render, reach: Reach, clock: Clock) -> None:
        self.tail = tail
        self.reach = reach
        self.history = history
        self.render = render
        self.clock = clock
        self._teams: dict[int, _Team] = defaultdict(lambda: _Team(set(), {}, {}))
        self._others: set[Connection] = set()
        tail.listeners.append(self.grown)
        tail.on_replaced.append(self.replaced)

    # --- connections come and go

    @property
    def connections(self) -> list[Connection]:
        return [*self._others, *(each for team in self._teams.values() for each in team.connections)]

    def join(self, connection: Connection) -> None:
        """Take in a connection; TooManySockets when it is one too many."""
        mine = self._others if connection.team_id is None else self._teams[connection.team_id].connections
        total = len(self._others) + sum(len(team.connections) for team in self._teams.values())
        if len(mine) >= MAX_SOCKETS_OF_ACCOUNT or total >= MAX_SOCKETS:
            raise TooManySockets
        mine.add(connection)

    def leave(self, connection: Connection) -> None:
        self._others.discard(connection)
        if connection.team_id is not None and connection.team_id in self._teams:
            team = self._teams[connection.team_id]
            team.connections.discard(connection)
            if not team.connections:
                del self._teams[connection.team_id]

    def end_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the sockets of sessions that are over."""
        ended = set(session_ids)
        for connection in self.connections:
            if connection.session_id in ended:
                connection.stop(protocol.CLOSE_LOGGED_OUT)

    # --- the log grows

    def grown(self, entries: Sequence[Entry]) -> None:
        """Mark and wake whatever the new entries may change."""
        for entry in entries:
            if entry.team_id is None:
                for team in self._teams.values():
                    _mark(team, entry)
            elif entry.team_id in self._teams:
                _mark(self._teams[entry.team_id], entry)

    def replaced(self) -> None:
        """Everything may be different: the hunt was changed, or the log is another one."""
        for team_id, team in self._teams.items():
            team.values.clear()
            team.picked.clear()
            for connection in team.connections:
                connection.mark_all()
                if team_id not in self.tail.board.teams:
                    connection.stop(protocol.CLOSE_LOGGED_OUT)

    # --- what a connection asks for

    def view(self, team_id: int) -> View:
        """The team as it is now."""
        board = self.tail.board
        return View(hunt=board.hunt, state=board.teams[team_id], now=self.clock())

    async def value(self, team_id: int, subscription: Subscription) -> tuple[bytes, int] | None:
        """The encoded value and the id it stands at; None where the team may not have it (any more).

        Made once for all sockets of the team.
        """
        team = self._teams[team_id]
        key = (subscription.dataset.name, subscription.slug, subscription.html)
        while key not in team.values:
            view, head, board = self.view(team_id), self.tail.head, self.tail.board
            if not subscription.dataset.is_open_to(view, subscription.slug):
                return None
            value = await self._make(team_id, subscription, view)
            if head == self.tail.head and board is self.tail.board:  # else it may be of two moments: make it again
                team.values[key] = self._encoded(subscription, value)
        return team.values[key], self.tail.head

    async def _make(self, team_id: int, subscription: Subscription, view: View) -> Value:
        if subscription.dataset.make is not None:
            return subscription.dataset.make(view, subscription.slug)
        return activity_page(view, await self.history.newest(team_id, ACTIVITY_PAGE_ENTRIES, self.tail.head + 1))

    def _encoded(self, subscription: Subscription, value: Value) -> bytes:
        if subscription.html:
            drawn = self.render(subscription.dataset.name, {**value, "epoch": self.tail.head})
            return protocol.body({"html": drawn})
        return protocol.body(value)

    async def picked(self, team_id: int, subscription: Subscription, upto: int) -> list[tuple[Entry, bytes]]:
        """What the subscription's growing dataset has in (scanned, upto], encoded once for sockets at one place."""
        team, pick = self._teams[team_id], subscription.dataset.pick
        key = (subscription.dataset.name, subscription.slug, subscription.scanned, upto)
        if pick is None:
            return []
        if key not in team.picked:
            board = self.tail.board
            entries = await self.history.between(team_id, subscription.scanned, upto)
            view = self.view(team_id)
            values = ((entry, pick(view, subscription.slug, entry)) for entry in entries)
            picked = [(entry, protocol.body(value)) for entry, value in values if value is not None]
            if board is not self.tail.board:  # of another history: not for those who come later
                return picked
            if len(team.picked) >= MAX_SHARED_PICKS:
                team.picked.clear()
            team.picked[key] = picked
        return team.picked[key]

    async def fits(self, id: int, digest: str | None, *, may_lack: bool) -> bool:
        """Whether `digest` is the log's at `id`. Where it `may_lack`, the log has to reach as far at least."""
        if id > self.tail.head:
            return False
        if digest is None:
            return may_lack
        return await self.history.digest_at(id) == digest


def _mark(team: _Team, entry: Entry) -> None:
    team.picked.clear()
    for name, slug, html in list(team.values):
        if is_touched(TEAM_DATASETS[name], slug, entry):
            del team.values[name, slug, html]
    for connection in team.connections:
        connection.mark(entry)
