"""Good clients of `/ws`: they hold cursors, notice what they missed, and come back after every close."""

import asyncio
import itertools
import json
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from benchmarks.faults.cluster import HOST, Process, ended, until
from benchmarks.faults.evidence import Event, Listener
from benchmarks.faults.truth import Stopwatch

OPEN_SECONDS = 3.0
COME_BACK_SECONDS = (0.05, 0.5)
"""The shortest and the longest that a client waits before it tries again."""

ASK_AGAIN_SECONDS = 0.3
"""After a refusal: the process may not have known yet of what the client has seen elsewhere."""

SILENCE_SECONDS = 8.0
"""Without any frame for so long (an idle server tells its head more often) a client takes the socket for dead."""

MESSAGES_WAITING = 2
"""Frames that the library reads ahead of the client; then it stops reading, and TCP stops the server."""

SMALL_BUFFER_BYTES = 2048
GREEDY_SUBSCRIPTIONS = 80
"""What a client asks for before it stops reading, so that more is due than the buffers between can hold."""

CLOSED_WITHOUT_CODE = 1006


class Held(Struct, kw_only=True):
    """A subscription as the client knows it: up to `cursor` it has everything."""

    sub: str
    dataset: str
    slug: str | None = None
    cursor: int = 0
    mac: str | None = None
    asked: int | None = None
    """The call that asked for it, while the reply is on its way: frames before that belong to an older subscription."""

    def call(self, rpc: int) -> dict[str, Any]:
        self.asked = rpc
        call: dict[str, Any] = {"rpc": rpc, "method": "sub", "sub": self.sub, "dataset": self.dataset}
        if self.slug is not None:
            call["params"] = {"slug": self.slug}
        if self.cursor:
            call["since"] = self.cursor
            if self.mac is not None:
                call["mac"] = self.mac
        return call


class Client:
    """One of the listeners, to a puzzle (`slug`) and a `page` (a dataset and its slug) among other things.

    `places` gives the processes that it may connect to, the favourite first.
    """

    def __init__(
        self,
        listener: Listener,
        token: str,
        slug: str,
        page: tuple[str, str | None],
        *,
        places: Callable[[], list[Process]],
        rng: random.Random,
        stopwatch: Stopwatch,
    ) -> None:
        self.listener = listener
        self.is_slow = False
        """Whether it has a small buffer, and so can be made to stop reading."""
        self._token = token
        dataset, page_slug = page
        self._held = [
            Held(sub="activity", dataset="activity_log"),
            Held(sub="state", dataset="team_state"),
            Held(sub="guesses", dataset="guess_log", slug=slug),
            Held(sub="puzzle", dataset="puzzle", slug=slug),
            Held(sub="page", dataset=dataset, slug=page_slug),
        ]
        self._places = places
        self._rng = rng
        self._stopwatch = stopwatch
        self._rpcs = itertools.count(1)
        self._stall_seconds = 0.0
        self._close_code: int | None = None
        self._socket: ClientConnection | None = None
        self._pongs: dict[int, asyncio.Event] = {}

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def _note(self, what: Any, text: str = "") -> None:
        self.listener.events.append(Event(at=self._stopwatch(), what=what, text=text))

    async def run(self) -> None:
        """Listen until cancelled."""
        first = True
        while True:
            if not first:
                await asyncio.sleep(self._rng.uniform(*COME_BACK_SECONDS))
            place = self._places()[0] if first else self._rng.choice(self._places())
            first = False
            with suppress(OSError, TimeoutError, InvalidHandshake, InvalidMessage, EOFError):
                await self._visit(place)

    async def _visit(self, place: Process) -> None:
        options: dict[str, Any] = {"additional_headers": {"authorization": f"Bearer {self._token}"}, "proxy": None}
        if self.is_slow:
            options["sock"] = await _small_socket(place.port)
        async with connect(
            f"ws://{HOST}:{place.port}/ws",
            open_timeout=OPEN_SECONDS,
            close_timeout=1.0,
            ping_interval=None,
            compression=None,
            max_size=None,
            max_queue=MESSAGES_WAITING,
            **options,
        ) as opened:
            self._note("opened", place.name)
            self._socket = opened
            try:
                await self._converse(opened)
            except ConnectionClosed as closed:
                self._closed(closed.rcvd.code if closed.rcvd else CLOSED_WITHOUT_CODE)
            except TimeoutError:
                self._closed(CLOSED_WITHOUT_CODE)
            finally:
                self._socket = None
                self._stall_seconds = 0.0

    def _closed(self, code: int) -> None:
        self._close_code = code
        self._note("closed", str(code))

    async def _converse(self, opened: ClientConnection) -> None:
        for held in self._held:
            await self._ask(held)
        while True:
            if self._stall_seconds:
                await self._stop_reading()
            async with asyncio.timeout(SILENCE_SECONDS):
                text = await opened.recv(decode=True)
            self._note("got", text)
            await self._take(json.loads(text))

    async def _send(self, call: dict[str, Any]) -> None:
        if self._socket is not None:
            text = json.dumps(call)
            self._note("sent", text)
            await self._socket.send(text)

    async def _ask(self, held: Held) -> None:
        await self._send(held.call(next(self._rpcs)))

    async def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "head":
            for held in self._held:
                if held.mac is not None and held.asked is None:
                    held.cursor, held.mac = frame["id"], frame["mac"]
        elif kind == "pong":
            self._pongs.pop(frame["rpc"], asyncio.Event()).set()
        elif kind == "fail":
            await self._ask_again()
        else:
            await self._take_of(frame)

    async def _take_of(self, frame: dict[str, Any]) -> None:
        held = next((held for held in self._held if held.sub == frame.get("sub")), None)
        if held is None:  # of what it asked for before it stopped reading
            return
        match frame["type"]:
            case "sub" if frame["rpc"] == held.asked:
                held.asked = None
            case "reset" if held.asked is None:
                held.cursor, held.mac = 0, None
            case "update" if held.asked is None:
                held.cursor = frame["value"]["epoch"]
            case "append" if held.asked is None:
                await self._take_entries(held, frame)

    async def _take_entries(self, held: Held, frame: dict[str, Any]) -> None:
        if frame["prev"] == held.cursor:
            held.cursor, held.mac = frame["id"], frame["mac"]
        else:
            await self._ask(held)

    async def _ask_again(self) -> None:
        """Something was refused; those that wait for a reply are asked for once more."""
        await asyncio.sleep(ASK_AGAIN_SECONDS)
        for held in self._held:
            if held.asked is not None:
                await self._ask(held)

    async def stall(self, seconds: float) -> int | None:
        """Stop reading soon, for so long; the code with which the socket was closed soon after, if it was."""
        self._stall_seconds, self._close_code = seconds, None

        async def is_closed() -> bool:
            return self._close_code is not None

        await until(is_closed, 2 * seconds + OPEN_SECONDS)
        return self._close_code

    async def _stop_reading(self) -> None:
        seconds, self._stall_seconds = self._stall_seconds, 0.0
        for number in range(GREEDY_SUBSCRIPTIONS):
            call = {"rpc": next(self._rpcs), "method": "sub", "sub": f"greedy{number}", "dataset": "activity_log"}
            await self._send(call | {"params": {"format": "html"}})
        self._note("stalled")
        await asyncio.sleep(seconds)
        self._note("reading")

    async def is_up_to_date(self, within: float) -> bool:
        """Whether it was sent everything that its process knows: two pings, for what was due comes between."""
        try:
            async with asyncio.timeout(within):
                for _ in range(2):
                    rpc, pong = next(self._rpcs), asyncio.Event()
                    self._pongs[rpc] = pong
                    await self._send({"rpc": rpc, "method": "ping"})
                    await pong.wait()
        except (TimeoutError, ConnectionClosed):
            return False
        return self.is_connected


async def _small_socket(port: int) -> socket.socket:
    plain = socket.socket()
    plain.setblocking(False)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    try:
        await asyncio.get_running_loop().sock_connect(plain, (HOST, port))
    except OSError:
        plain.close()
        raise
    return plain


class Audience:
    """All of them. The favourite of most is the last process, which may be one for sockets only."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def listeners(self) -> list[Listener]:
        return [client.listener for client in self.clients]

    def start(self) -> None:
        self._tasks = [asyncio.create_task(client.run()) for client in self.clients]

    async def all_connected(self, within: float) -> bool:
        async def are() -> bool:
            return all(client.is_connected for client in self.clients)

        return await until(are, within)

    async def catch_up(self, within: float) -> None:
        """Let everybody get what is due; whoever does not is for the checker to judge."""
        await self.all_connected(within)
        await asyncio.gather(*(client.is_up_to_date(within) for client in self.clients))

    async def close(self) -> None:
        await ended(self._tasks)
