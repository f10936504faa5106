"""One socket's subscriptions, and the task that keeps them up to date.

There is no queue of frames: a subscription is dirty or not, and a dirty one is brought up to the newest state when the
socket can take it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import Struct

from hunt.game.entries import Entry
from hunt.live import budget, protocol
from hunt.live.datasets import TEAM_DATASETS, Dataset
from hunt.live.shared import Picked, Shared, Topic

HEAD_SECONDS = 20.0
"""An idle socket is told this often that it is good up to the head."""

SLOW_SECONDS = 30.0
"""A socket that takes longer for what is due at one moment is closed; it can resume."""

MAX_SUBSCRIPTIONS = 100
"""Of one socket; those of an account are bounded together, see `budget`."""

MAX_REPLIES = 200
"""Replies that may wait to be sent; a client that causes more without reading them is closed."""


class Subscription(Struct, kw_only=True):
    """`cursor` is the log id up to which the client has it all, `mac` stands for the log's digest there.

    Of a dataset that grows, there is nothing more for the client up to `scanned`.
    """

    id: str
    topic: Topic
    cursor: int = 0
    mac: str | None = None
    scanned: int = 0
    is_fresh: bool = True
    is_doubtful: bool = False
    is_dirty: bool = True
    sent: bytes | None = None

    @classmethod
    def of(cls, call: protocol.Sub, dataset: Dataset, slug: str) -> "Subscription":
        since = call.since or 0
        return cls(
            id=call.sub,
            topic=Topic(dataset, slug, call.format == "html"),
            cursor=since,
            mac=call.mac,
            scanned=since,
            is_doubtful=since > 0,
        )


class Connection:
    """A socket as the server knows it. `send` takes a frame and returns when the socket can take another."""

    def __init__(
        self,
        shared: Shared,
        id: str,
        team_id: int | None,
        session_id: str | None,
        send: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self.shared = shared
        self.id = id
        self.team_id = team_id
        self.registered = None if team_id is None else shared.registration_of_active(team_id)
        self.session_id = session_id
        self.budget = shared.budget(team_id)
        self.close_code: int | None = None
        self._send = send
        self._subscriptions: dict[str, Subscription] = {}
        self._replies: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def mark(self, entry: Entry) -> None:
        """The log has grown by `entry`."""
        for subscription in self._subscriptions.values():
            if subscription.topic.is_touched_by(entry):
                subscription.is_dirty = True
                self._wake.set()

    def mark_values(self) -> None:
        """Values may be different, though the log is as it was."""
        for subscription in self._subscriptions.values():
            subscription.is_dirty |= not subscription.topic.dataset.grows
        self._wake.set()

    def mark_all(self) -> None:
        """Everything may be different, the log's past too."""
        for subscription in self._subscriptions.values():
            subscription.is_dirty = subscription.is_doubtful = True
        self._wake.set()

    def stop(self, code: int) -> None:
        """Close the socket with this code as soon as the frame on its way is sent."""
        self.close_code = self.close_code or code
        self._wake.set()

    def call(self, call: protocol.Call) -> None:
        """Carry out what the client asked for, unless the socket is about to be closed: its team may be gone."""
        if self.close_code is not None:
            return
        match call:
            case protocol.Ping():
                self.reply(protocol.pong(call))
            case protocol.Unsub():
                self._unsubscribe(call)
            case protocol.Sub():
                self._subscribe(call)

    def reply(self, frame: bytes) -> None:
        self._replies.append(frame)
        if len(self._replies) > MAX_REPLIES:
            self.stop(protocol.CLOSE_TOO_MANY)
        self._wake.set()

    def _unsubscribe(self, call: protocol.Unsub) -> None:
        if self._subscriptions.pop(call.sub, None) is None:
            self.reply(protocol.fail(call.rpc, "unknown_sub", f"There is no subscription `{call.sub}`."))
        else:
            self.budget.subscriptions -= 1
            self.reply(protocol.unsubscribed(call))

    def _subscribe(self, call: protocol.Sub) -> None:
        dataset = TEAM_DATASETS.get(call.dataset) if self.team_id is not None else None
        slug = dataset.slug_in(self.shared.tail.board.hunt, call.slug) if dataset else ""
        if dataset is None:
            self.reply(protocol.fail(call.rpc, "unknown_dataset", f"There is no dataset `{call.dataset}`."))
        elif call.format not in {"json", "html"}:
            self.reply(protocol.fail(call.rpc, "unknown_format", "The format is `json` or `html`."))
        elif call.format == "html" and not dataset.is_drawn:
            self.reply(protocol.fail(call.rpc, "unknown_format", f"There is no HTML of `{call.dataset}`."))
        elif call.sub not in self._subscriptions and (too_many := self._too_many_subscriptions()):
            self.reply(protocol.fail(call.rpc, "too_many_subscriptions", too_many))
        elif self.team_id is not None and not dataset.is_open_to(self.shared.view(self.team_id), slug):
            self.reply(protocol.fail(call.rpc, "not_found", "There is nothing here by that name."))
        elif call.since is not None and call.since < 0:
            self.reply(protocol.fail(call.rpc, "bad_cursor", "`since` is a log id, 0 or more."))
        else:
            subscription = Subscription.of(call, dataset, slug)
            self.reply(protocol.subscribed(call, "growing" if subscription.topic.grows else "replaced"))
            self.budget.subscriptions += call.sub not in self._subscriptions
            self._subscriptions[call.sub] = subscription

    def _too_many_subscriptions(self) -> str | None:
        """Why there may be no other subscription, as a sentence."""
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            return f"A socket has at most {MAX_SUBSCRIPTIONS} subscriptions."
        if self.budget.subscriptions >= budget.MAX_SUBSCRIPTIONS:
            return f"All sockets of an account have at most {budget.MAX_SUBSCRIPTIONS} subscriptions: close some pages."
        return None

    def release(self) -> None:
        """Give back what the socket had of the account's budget: it is gone."""
        self.budget.subscriptions -= len(self._subscriptions)
        self._subscriptions.clear()

    async def run(self) -> None:
        """Send whatever is due until the connection is stopped."""
        while self.close_code is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEAD_SECONDS):
                    await self._wake.wait()
            if not self._wake.is_set():
                await self._in_time(self._send_head())
                continue
            self._wake.clear()
            await self._in_time(self._send_all())
        if self.close_code == protocol.CLOSE_TOO_MANY:
            await self._in_time(self._send_replies())  # so that the client reads what was wrong

    async def send_due(self) -> None:
        """Send what is due now, and no more."""
        await self._in_time(self._send_all())

    async def _in_time(self, sending: Awaitable[None]) -> None:
        """Stop the connection when it takes too long. One timer for many frames: for each it would cost a fifth."""
        try:
            async with asyncio.timeout(SLOW_SECONDS) as limit:
                await sending
        except TimeoutError:
            if not limit.expired():
                raise
            self.stop(protocol.CLOSE_TOO_MANY if self.budget.is_spent else protocol.CLOSE_TOO_SLOW)

    async def _send_all(self) -> None:
        await self._send_replies()
        for subscription in list(self._subscriptions.values()):
            if subscription.is_dirty:
                await self._bring_up(subscription)

    async def _send_replies(self) -> None:
        while self._replies:
            await self._send_in_turn(self._replies.popleft())

    async def _send_frame(self, frame: bytes) -> None:
        if self.close_code is None:
            await self._send_in_turn(frame)

    async def _send_in_turn(self, frame: bytes) -> None:
        await self.budget.turn()
        self.budget.spend(budget.FRAME_SECONDS + budget.SENT_BYTE_SECONDS * len(frame))
        await self._send(frame)

    async def _send_head(self) -> None:
        head, mac = self.shared.tail.head, self.shared.head_mac()
        for subscription in self._subscriptions.values():
            if subscription.topic.grows:
                subscription.cursor = subscription.scanned = head
                subscription.mac = mac
        await self._send_frame(protocol.head(head, mac))

    async def _bring_up(self, subscription: Subscription) -> None:
        subscription.is_dirty = False
        if subscription.is_fresh and subscription.cursor and self.close_code is None:
            await self.shared.reach(subscription.cursor)
        if subscription.is_doubtful:
            await self._check_cursor(subscription)
        if self.close_code is not None:  # a team that was logged out may have no state to look at
            return
        if subscription.topic.grows:
            await self._grow(subscription)
        else:
            await self._replace(subscription)
            subscription.is_fresh = False

    async def _replace(self, subscription: Subscription) -> None:
        made = None if self.team_id is None else await self.shared.value(self.team_id, subscription.topic)
        if made and (subscription.is_fresh or made.value != subscription.sent):
            subscription.sent, subscription.cursor = made.value, made.epoch
            subscription.mac = self.shared.macs.of(made.epoch, made.digest)
            await self._send_frame(protocol.update(subscription.id, made.value, made.epoch))

    async def _grow(self, subscription: Subscription) -> None:
        if self.team_id is None:
            return
        picked = None
        while self.close_code is None and not (picked and picked.is_last):
            picked = await self.shared.picked(self.team_id, subscription.topic, subscription.scanned)
            if subscription.is_doubtful:  # the log became another one meanwhile: the cursor is checked first
                return
            subscription.scanned = picked.id
            if picked.entries or (subscription.is_fresh and picked.is_last):
                await self._append(subscription, picked)

    async def _append(self, subscription: Subscription, picked: Picked) -> None:
        for chunk in protocol.chunks(picked.entries, picked.id, picked.digest):
            mac = self.shared.macs.of(chunk.id, chunk.digest)
            await self._send_frame(protocol.append(subscription.id, subscription.cursor, chunk, mac))
            subscription.cursor, subscription.mac = chunk.id, mac
        subscription.is_fresh = False

    async def _fits(self, subscription: Subscription) -> bool:
        """Whether the cursor is of this log. Before it is denied, the log itself is asked: we may be the old ones."""
        cursor, mac, may_lack = subscription.cursor, subscription.mac, not subscription.topic.grows
        await self.budget.turn()
        self.budget.spend(budget.CHECK_SECONDS)
        if await self.shared.fits(cursor, mac, may_lack=may_lack):
            return True
        self.budget.spend(budget.ASK_SECONDS)
        await self.shared.reach(self.shared.tail.head + 1)
        return await self.shared.fits(cursor, mac, may_lack=may_lack)

    async def _check_cursor(self, subscription: Subscription) -> None:
        """Start over when what the client holds is not a piece of this log."""
        subscription.is_doubtful = False
        cursor = subscription.cursor
        subscription.scanned = cursor  # what was scanned beyond it may be of another history
        if cursor and not await self._fits(subscription):
            subscription.cursor = subscription.scanned = 0
            subscription.is_fresh = True
            await self._send_frame(protocol.reset(subscription.id))
