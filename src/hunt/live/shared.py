"""The values of a team's datasets, made once and sent to all of its sockets."""

from collections import defaultdict
from collections.abc import Awaitable, Callable

from msgspec import Struct

from hunt.clock import Clock
from hunt.game.entries import Entry
from hunt.live import protocol
from hunt.live.datasets import ACTIVITY_PAGE_ENTRIES, Dataset, Value, View, activity_page, is_touched
from hunt.live.history import History
from hunt.log.tail import Tail

MAX_SHARED_PICKS = 64
"""Stretches of a team's log kept encoded for its other sockets."""

Render = Callable[[str, Value], str]
"""Draws the fragment of a dataset: (name, value with its epoch) → HTML."""

Reach = Callable[[int], Awaitable[None]]
"""Waits until this process knows the log up to an id, if the log goes so far."""

Picked = list[tuple[Entry, bytes]]
"""Entries with what a growing dataset makes of each, encoded."""


class Topic(Struct, frozen=True):
    """What a subscription is about. `slug` is empty where the dataset is about the team."""

    dataset: Dataset
    slug: str = ""
    html: bool = False

    @property
    def grows(self) -> bool:
        return self.dataset.grows and not self.html

    def is_touched_by(self, entry: Entry) -> bool:
        return is_touched(self.dataset, self.slug, entry)


class _Kept(Struct):
    """What is kept of one team while it has sockets."""

    values: dict[Topic, bytes]
    picks: dict[tuple[Topic, int, int], Picked]


class Shared:
    """Makes and keeps values. Whoever sees the log grow calls `touch`, and `forget` when a team's last socket goes."""

    def __init__(self, tail: Tail, history: History, render: Render, reach: Reach, clock: Clock) -> None:
        self.tail = tail
        self.history = history
        self.render = render
        self.reach = reach
        self.clock = clock
        self._kept: defaultdict[int, _Kept] = defaultdict(lambda: _Kept({}, {}))

    def view(self, team_id: int) -> View:
        """The team as it is now."""
        board = self.tail.board
        return View(hunt=board.hunt, state=board.teams[team_id], now=self.clock())

    def touch(self, team_id: int, entry: Entry) -> None:
        """Drop what `entry` may have changed."""
        if kept := self._kept.get(team_id):
            kept.picks.clear()
            for topic in [topic for topic in kept.values if topic.is_touched_by(entry)]:
                del kept.values[topic]

    def forget(self, team_id: int) -> None:
        self._kept.pop(team_id, None)

    def forget_all(self) -> None:
        self._kept.clear()

    async def value(self, team_id: int, topic: Topic) -> tuple[bytes, int] | None:
        """The encoded value and the id it stands at; None where the team may not have it (any more)."""
        while topic not in self._kept[team_id].values:
            view, head, board = self.view(team_id), self.tail.head, self.tail.board
            if not topic.dataset.is_open_to(view, topic.slug):
                return None
            value = await self._make(team_id, topic, view)
            if head == self.tail.head and board is self.tail.board:  # else it may be of two moments: make it again
                self._kept[team_id].values[topic] = self._encoded(topic, value)
        return self._kept[team_id].values[topic], self.tail.head

    async def _make(self, team_id: int, topic: Topic, view: View) -> Value:
        if topic.dataset.make is not None:
            return topic.dataset.make(view, topic.slug)
        return activity_page(view, await self.history.newest(team_id, ACTIVITY_PAGE_ENTRIES, self.tail.head + 1))

    def _encoded(self, topic: Topic, value: Value) -> bytes:
        if topic.html:
            return protocol.body({"html": self.render(topic.dataset.name, {**value, "epoch": self.tail.head})})
        return protocol.body(value)

    async def picked(self, team_id: int, topic: Topic, after: int, upto: int) -> Picked:
        """What a growing dataset has in (after, upto], encoded once for sockets at one place."""
        key, pick, board = (topic, after, upto), topic.dataset.pick, self.tail.board
        if pick is None:
            return []
        if key not in self._kept[team_id].picks:
            entries = await self.history.between(team_id, after, upto)
            view = self.view(team_id)
            values = ((entry, pick(view, topic.slug, entry)) for entry in entries)
            picked = [(entry, protocol.body(value)) for entry, value in values if value is not None]
            if board is not self.tail.board:  # of another history: not for those who come later
                return picked
            self._keep(team_id, key, picked)
        return self._kept[team_id].picks[key]

    def _keep(self, team_id: int, key: tuple[Topic, int, int], picked: Picked) -> None:
        picks = self._kept[team_id].picks
        if len(picks) >= MAX_SHARED_PICKS:
            picks.clear()
        picks[key] = picked

    async def fits(self, id: int, digest: str | None, *, may_lack: bool) -> bool:
        """Whether `digest` is the log's at `id`. Where it `may_lack`, the log has to reach as far at least."""
        if id > self.tail.head:
            return False
        if digest is None:
            return may_lack
        return await self.history.digest_at(id) == digest
