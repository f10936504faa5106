"""A connection without a socket: what the hub would send is in a list."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from apps import App, Team
from hunt.game import commands as cmd
from hunt.live import protocol
from hunt.live.connection import Connection
from waiting import eventually

Frame = dict[str, Any]


class Wire:
    """A client that reads everything at once, unless it is told to `hold`."""

    def __init__(self, app: App, team_id: int | None) -> None:
        self.frames: list[Frame] = []
        self.sizes: list[int] = []
        self.connection = Connection(app.services.hub.shared, "wire", team_id, "a session", self._take)
        self._free = asyncio.Event()
        self._free.set()

    async def _take(self, frame: bytes) -> None:
        await self._free.wait()
        self.sizes.append(len(frame))
        self.frames.append(json.loads(frame))

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    def call(self, **call: Any) -> None:
        self.connection.call(protocol.read(json.dumps(call)))

    def sub(self, dataset: str, sub: str = "a", **more: Any) -> None:
        self.call(rpc=1, method="sub", sub=sub, dataset=dataset, **more)

    def of(self, type: str, sub: str = "a") -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == type and frame.get("sub", sub) == sub]

    def kinds(self) -> list[str]:
        """The types of all frames but answers to pings."""
        return [frame["type"] for frame in self.frames if frame["type"] != "pong"]

    async def until(self, condition: Callable[[], Any]) -> Any:
        async def holds() -> Any:
            return condition()

        return await eventually(holds, what=f"what was waited for, after {self.frames}")

    async def settled(self) -> None:
        """Everything that was due has been sent: replies come first, so the second of two pings says that."""
        for turn in ("first", "second"):
            rpc = f"{turn} after {len(self.frames)}"
            self.call(rpc=rpc, method="ping")
            await self.until(lambda rpc=rpc: any(frame.get("rpc") == rpc for frame in self.frames))  # type: ignore[misc] # mypy cannot infer a default


@asynccontextmanager
async def wired(app: App, team: Team | None) -> AsyncIterator[Wire]:
    """A connection that runs until the block ends."""
    wire = Wire(app, team.id if team else None)
    app.services.hub.join(wire.connection)
    task = asyncio.create_task(wire.connection.run())
    try:
        yield wire
    finally:
        wire.go_on()
        wire.connection.stop(protocol.CLOSE_RESTART)
        await task
        app.services.hub.leave(wire.connection)


async def guess(app: App, team: Team, text: str, slug: str = "lantern") -> int:
    """The log's head after a guess."""
    done = await app.services.writer.submit(cmd.SubmitGuess(team_id=team.id, slug=slug, text=text))
    return done.head


async def grant(app: App, team: Team, keys: int = 1) -> int:
    done = await app.services.writer.submit(cmd.Grant(teams=(team.id,), keys=keys))
    return done.head


def ids(frames: list[Frame]) -> list[int]:
    """The ids of the entries in `append` frames, in order."""
    return [entry["id"] for frame in frames for entry in frame["entries"]]


def check_tiles(frames: list[Frame], cursor: int) -> None:
    """Each frame begins where the one before ended, from `cursor` on, and holds nothing from elsewhere."""
    for frame in frames:
        assert frame["prev"] == cursor, frames
        assert all(cursor < entry["id"] <= frame["id"] for entry in frame["entries"])
        cursor = frame["id"]
    assert ids(frames) == sorted(set(ids(frames)))
