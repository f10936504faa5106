"""The values of a team's datasets, made once and sent to all of its sockets."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from msgspec import Struct

from hunt.clock import Clock
from hunt.game.entries import Entry
from hunt.game.state import Mark
from hunt.live import protocol
from hunt.live.budget import MADE_BYTE_SECONDS, PICKED_ENTRY_SECONDS, SCANNED_ENTRY_SECONDS, Budget
from hunt.live.datasets import ACTIVITY_PAGE_ENTRIES, Dataset, Value, View, activity_page, is_touched
from hunt.live.history import History
from hunt.live.macs import Macs
from hunt.live.turns import in_turns
from hunt.log.tail import RING_ENTRIES, Tail

MAX_SHARED_PICKS = 32
"""Stretches of a team's log (of at most a page of entries) kept encoded for its other sockets."""

Render = Callable[[str, Value], str]
"""Draws the fragment of a dataset: (name, value with its epoch) → HTML."""

Reach = Callable[[int], Awaitable[None]]
"""Waits until this process knows the log up to an id, if the log goes so far."""


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


class Picked(Struct, frozen=True, kw_only=True):
    """Entries with what a growing dataset makes of each, encoded, up to `id`, where the log has `digest`."""

    entries: list[tuple[Entry, bytes]]
    id: int
    digest: str
    is_last: bool


_PickKey = tuple[Topic, int, int]
"""(topic, after, upto)"""


class Made(Struct, frozen=True):
    """An encoded value, and where in the log it stands."""

    value: bytes
    epoch: int
    digest: str


class _Kept(Struct):
    """What is kept of one team while it has sockets."""

    values: dict[Topic, bytes]
    picks: dict[_PickKey, Picked]
    picking: asyncio.Lock


class Shared:
    """Makes and keeps values. Whoever sees the log grow calls `touch`, and `forget` when a team's last socket goes."""

    def __init__(self, tail: Tail, history: History, render: Render, reach: Reach, clock: Clock, *, macs: Macs) -> None:
        self.tail = tail
        self.history = history
        self.render = render
        self.reach = reach
        self.clock = clock
        self.macs = macs
        self._kept: defaultdict[int, _Kept] = defaultdict(lambda: _Kept({}, {}, asyncio.Lock()))
        self._budgets: defaultdict[int | None, Budget] = defaultdict(Budget)  # kept: a new one would be full

    def head_mac(self) -> str:
        """The mac of the newest place that this process knows."""
        return self.macs.of(self.tail.head, self.tail.digest)

    def budget(self, team_id: int | None) -> Budget:
        """What the team's sockets may use together; operators have one for all."""
        return self._budgets[team_id]

    def registration_of_active(self, team_id: int) -> Mark | None:
        """The team's registration; None for a team that is not there or not active. No two teams have the same one."""
        state = self.tail.board.teams.get(team_id)
        return state.registered if state and state.active else None

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

    async def value(self, team_id: int, topic: Topic) -> Made | None:
        """The value of now, or of a moment ago; None where the team may not have it, or is gone."""
        if topic not in self._kept[team_id].values:
            await self.budget(team_id).turn()
        tail, board = self.tail, self.tail.board
        if team_id not in board.teams:
            return None
        view, head, digest = self.view(team_id), tail.head, tail.digest
        stood_at, values = view.state.epoch, self._kept[team_id].values
        if topic in values:
            return Made(values[topic], head, digest)
        if not topic.dataset.is_open_to(view, topic.slug):
            return None
        encoded = self._encoded(topic, await self._make(topic, view, head), head)
        self.budget(team_id).spend(MADE_BYTE_SECONDS * len(encoded))
        if board is tail.board and stood_at == view.state.epoch:  # else the next one is due already: not for others
            values[topic] = encoded
        return Made(encoded, head, digest)

    async def _make(self, topic: Topic, view: View, head: int) -> Value:
        if topic.dataset.make is not None:
            return topic.dataset.make(view, topic.slug)
        view = view.fixed()
        return activity_page(view, await self.history.newest(view.team_id, ACTIVITY_PAGE_ENTRIES, head + 1))

    def _encoded(self, topic: Topic, value: Value, head: int) -> bytes:
        if topic.html:
            return protocol.body({"html": self.render(topic.dataset.name, {**value, "epoch": head})})
        return protocol.body(value)

    async def picked(self, team_id: int, topic: Topic, after: int) -> Picked:
        """The next page of what a growing dataset has after an id; less than a page goes up to the log's head.

        Pages are made one at a time, once for all sockets that are at one place.
        """
        kept, budget = self._kept[team_id], self.budget(team_id)
        async with kept.picking:
            await budget.turn()
            board, upto, digest = self.tail.board, self.tail.head, self.tail.digest
            key = (topic, after, upto)
            if (known := kept.picks.get(key)) is not None:
                return known
            entries, is_last = await self.history.page(team_id, after, upto)
            budget.spend(SCANNED_ENTRY_SECONDS * min(upto - after, RING_ENTRIES) + PICKED_ENTRY_SECONDS * len(entries))
            id, digest = (upto, digest) if is_last else (entries[-1].id, entries[-1].digest)
            made = await self._encoded_entries(team_id, topic, entries)
            picked = Picked(entries=made, id=id, digest=digest, is_last=is_last)
            if board is self.tail.board:  # else it is of another history: not for those who come later
                if len(kept.picks) >= MAX_SHARED_PICKS:
                    kept.picks.clear()
                kept.picks[key] = picked
            return picked

    async def _encoded_entries(self, team_id: int, topic: Topic, entries: list[Entry]) -> list[tuple[Entry, bytes]]:
        if topic.dataset.pick is None or team_id not in self.tail.board.teams:  # it is gone with another history
            return []
        view = self.view(team_id)  # that the team goes on between turns changes nothing about past entries
        values = [(entry, topic.dataset.pick(view, topic.slug, entry)) async for entry in in_turns(entries)]
        return [(entry, protocol.body(value)) for entry, value in values if value is not None]

    async def fits(self, id: int, mac: str | None, *, may_lack: bool) -> bool:
        """Whether `mac` stands for the digest at `id`. Where it `may_lack`, the log has to reach as far at least."""
        if id > self.tail.head:
            return False
        if mac is None:
            return may_lack
        digest = await self.history.digest_at(id)
        return digest is not None and self.macs.fits(mac, id, digest)
