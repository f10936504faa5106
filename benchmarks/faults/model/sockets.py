"""Websockets without a network, and the clients that read them as a good page does.

The server's side is the real `hunt.live.socket.serve`. A client holds a cursor for each growing subscription, checks
`prev`, subscribes again from its own cursor where a frame is missing, obeys `reset`, and reconnects to any process.
"""

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct

from benchmarks.faults.evidence import Event, Listener
from benchmarks.faults.model.hunt import OPEN
from benchmarks.faults.model.seeding import as_any
from hunt.live.socket import serve

if TYPE_CHECKING:
    from benchmarks.faults.model.process import Process
    from benchmarks.faults.model.world import World

ROOM = 6
"""Frames that fit between a server and a client that does not read."""

CUT = 1006
"""The code that a client sees when a connection breaks."""

PATIENCE_SECONDS = 0.5
"""The longest that a client waits before it connects again."""


class Closed(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Socket:
    """Both ends of one connection."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.code: int | None = None
        self._down: deque[str] = deque()
        self._up: deque[str] = deque()
        self._change = asyncio.Event()

    def cut(self, code: int = CUT) -> None:
        """Both ends find it closed; what a broken connection had on its way is lost."""
        if self.code is None:
            self.code = code
            if code == CUT:
                self._down.clear()
        self._tell()

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    # --- what the server calls

    async def send_data(self, data: str, mode: str) -> None:
        del mode
        await self.process.gate()
        while self.code is None and len(self._down) >= ROOM:
            await self._change.wait()
            await self.process.gate()
        if self.code is not None:
            raise OSError("The client has gone.")
        self._down.append(data)
        self._tell()

    async def receive_data(self, mode: str) -> str:
        del mode
        while not self._up and self.code is None:
            await self._change.wait()
        await self.process.gate()
        if not self._up:
            raise WebSocketDisconnect(detail="The client has gone.")
        return self._up.popleft()

    async def close(self, code: int, reason: str = "") -> None:
        del reason
        await self.process.gate()
        self.cut(code)

    # --- what the client calls

    def send(self, data: str) -> None:
        self._up.append(data)
        self._tell()

    async def receive(self) -> str:
        """The next frame. Raises Closed after the last one."""
        while not self._down and self.code is None:
            await self._change.wait()
        if not self._down:
            raise Closed(self.code or CUT)
        frame = self._down.popleft()
        self._tell()
        return frame


class Subscription(Struct, kw_only=True):
    """What a client holds of one dataset. `awaits` is a call that is not answered yet; frames before are not for it."""

    sub: str
    dataset: str
    slug: str = ""
    cursor: int = 0
    mac: str | None = None
    awaits: int | None = None
    ids: list[int] = []
    value: Any = None

    @property
    def grows(self) -> bool:
        return self.dataset != "team_state"


class Client:
    """A browser over the whole run. With `loses_next` it forgets the next `append`, as a mistake in a page would."""

    def __init__(self, world: "World", number: int, team_id: int) -> None:
        self.world = world
        self.chance = world.chance(f"client {number}")
        self.record = Listener(number=number, team_id=team_id)
        self.loses_next = False
        self.socket: Socket | None = None
        self.resyncs = self.resets = self.slow_closes = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self._rpc = 0
        self.subscriptions = [Subscription(sub="a", dataset="activity_log")]
        if number % 2:
            self.subscriptions.append(Subscription(sub="s", dataset="team_state"))
        else:
            slug = OPEN[number // 2 % len(OPEN)]
            self.subscriptions.append(Subscription(sub="g", dataset="guess_log", slug=slug))

    @property
    def team_id(self) -> int:
        return self.record.team_id

    def stall(self) -> None:
        """Stop reading, as a laptop that was closed."""
        if self.reads.is_set():
            self.reads.clear()
            self._note("stalled")

    def go_on(self) -> None:
        if not self.reads.is_set():
            self.reads.set()
            self._note("reading")

    def is_at(self, head: int) -> bool:
        """Whether this client holds everything up to `head`, an entry for all teams."""
        return self.subscriptions[0].cursor == head and all(
            each.awaits is None and (each.grows or each.cursor == head) for each in self.subscriptions
        )

    def _note(self, what: Any, text: str = "") -> None:
        self.record.events.append(Event(at=self.world.now, what=what, text=text))

    async def run(self) -> None:
        """Connect, read, and connect again."""
        while True:
            await asyncio.sleep(self.chance.uniform(0, PATIENCE_SECONDS))
            process = self.chance.choice(self.world.processes)
            if process.is_up and self.team_id in process.tail.board.teams:
                await self._visit(process)

    async def _visit(self, process: "Process") -> None:
        socket = self.socket = Socket(process)
        process.sockets.add(socket)
        self._note("opened", process.name)
        process.spawn(serve(as_any(socket), process.hub, self.team_id, f"session of {self.record.number}", "model"))
        try:
            while True:
                await asyncio.sleep(self.world.short(self.chance))
                await self.reads.wait()
                self._take(await socket.receive())
        except Closed as closed:
            self._note("closed", str(closed.code))
            self.slow_closes += closed.code == 4008
        self.socket = None
        process.sockets.discard(socket)

    def _take(self, text: str) -> None:
        self._note("got", text)
        frame = json.loads(text)
        if frame["type"] == "append" and self.loses_next:
            self.loses_next = False
        elif frame["type"] == "hello":
            for subscription in self.subscriptions:
                self._subscribe(subscription)
        elif frame["type"] == "head":
            for subscription in self.subscriptions:
                if subscription.grows and subscription.awaits is None:
                    subscription.cursor, subscription.mac = frame["id"], frame["mac"]
        elif frame["type"] == "fail":
            self.world.broken.append(f"Client {self.record.number} was refused: {text}")
        else:
            self._take_of(next(each for each in self.subscriptions if each.sub == frame["sub"]), frame)

    def _take_of(self, subscription: Subscription, frame: dict[str, Any]) -> None:
        if frame["type"] == "sub" and frame["rpc"] == subscription.awaits:
            subscription.awaits = None
        elif subscription.awaits is not None:
            return
        elif frame["type"] == "reset":
            self.resets += 1
            subscription.cursor, subscription.mac, subscription.ids, subscription.value = 0, None, [], None
        elif frame["type"] == "update":
            subscription.value = frame["value"]
            subscription.cursor, subscription.mac = frame["value"]["epoch"], None
        elif frame["type"] == "append":
            self._append(subscription, frame)

    def _append(self, subscription: Subscription, frame: dict[str, Any]) -> None:
        if frame["prev"] != subscription.cursor:
            self.resyncs += 1
            self._subscribe(subscription)
            return
        subscription.ids += [entry["id"] for entry in frame["entries"]]
        subscription.cursor, subscription.mac = frame["id"], frame["mac"]

    def _subscribe(self, subscription: Subscription) -> None:
        """Ask for all that follows what this client holds."""
        self._rpc += 1
        call: dict[str, Any] = {"rpc": self._rpc, "method": "sub", "sub": subscription.sub}
        call["dataset"] = subscription.dataset
        if subscription.slug:
            call["params"] = {"slug": subscription.slug}
        if subscription.cursor:
            call["since"] = subscription.cursor
            if subscription.mac:
                call["mac"] = subscription.mac
        subscription.awaits = self._rpc
        text = json.dumps(call)
        self._note("sent", text)
        if self.socket:
            self.socket.send(text)
