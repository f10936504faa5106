"""What the feed believes of the stream."""

import asyncio
from collections.abc import Sequence

import pytest

from hunt.game.entries import GENESIS, Draft, Entry, GateCompleted, sealed
from hunt.live import feed
from hunt.live.feed import Feed
from hunt.log.lines import Line
from hunt.log.tail import Tail
from playing import KICKOFF
from stores import HUNT
from waiting import eventually

pytestmark = pytest.mark.anyio


class Log:
    """A log in memory."""

    def __init__(self, length: int) -> None:
        self.rows: list[Entry] = []
        for id in range(1, length + 1):
            draft = Draft(team_id=1, event=GateCompleted("g"))
            self.rows.append(sealed(draft, id=id, timestamp=KICKOFF, previous=self.digest, internal_data=None))

    @property
    def digest(self) -> str:
        return self.rows[-1].digest if self.rows else GENESIS

    async def head(self) -> tuple[int, str]:
        return len(self.rows), self.digest

    async def digest_at(self, id: int) -> str | None:
        if id == 0:
            return GENESIS
        return self.rows[id - 1].digest if id <= len(self.rows) else None

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        return self.rows[after : after + limit]

    async def lines(self, after: int, limit: int) -> Sequence[Line]:
        raise AssertionError("a feed has no use for lines")

    async def newest(self, team_id: int, limit: int, before: int | None = None) -> Sequence[Entry]:
        return self.rows[: (before or len(self.rows) + 1) - 1][-limit:]


class Stream:
    """What the replica holds; it notes how often it was read."""

    def __init__(self, rows: list[Entry]) -> None:
        self.rows = rows
        self.reads = 0

    async def read(self, after: int, block_ms: int, count: int) -> list[Entry]:
        self.reads += 1
        if after >= len(self.rows):
            await asyncio.Event().wait()
        return self.rows[after : after + count]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody polls, and a stream that was refused is read again at once."""
    monkeypatch.setattr(feed, "POLL_SECONDS", 3_600.0)
    monkeypatch.setattr(feed, "BUSY_POLL_SECONDS", 3_600.0)
    monkeypatch.setattr(feed, "STREAM_PAUSE_SECONDS", 0.0)


async def following(log: Log, stream: Stream) -> Tail:
    """The tail of a process that began with the log and has read the stream a few times."""
    tail = Tail(HUNT)
    one = Feed(log, tail)
    await one.poll()
    task = asyncio.create_task(one.run(stream.read))

    async def has_read() -> bool:
        return stream.reads > 3 or tail.head == len(stream.rows)

    await eventually(has_read, what="the stream being read")
    task.cancel()
    await asyncio.wait([task])
    return tail


async def test_entries_that_the_log_has_too_are_taken() -> None:
    log = Log(6)
    tail = Tail(HUNT)
    one = Feed(log, tail)
    tail.accept(log.rows[:4], GENESIS)
    task = asyncio.create_task(one._follow(Stream(log.rows).read))

    async def is_there() -> bool:
        return tail.digest == log.digest

    await eventually(is_there, what="the tail at the log's head")
    task.cancel()


async def test_entries_that_a_restored_log_has_lost_are_not() -> None:
    log = Log(6)
    stream = Stream(list(log.rows))
    del log.rows[4:]
    tail = await following(log, stream)
    assert (tail.head, tail.digest) == (4, log.digest)
