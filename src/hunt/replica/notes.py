"""What people want to know of repairs, kept in Redis so that any process can tell; it may be lost."""

import asyncio
import os
import socket
from collections import deque
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.clock import Clock
from hunt.game.entries import NOT_READABLE, stamp
from hunt.replica import keys
from hunt.replica.answers import as_refusal
from hunt.replica.scripts import Scripts

NOTES_KEPT = 20
RETRY_SECONDS = 1.0
"""Between tries to write them down while Redis does not answer."""
PLACE_SECONDS = 60.0
"""How long the scrub's place is shown after the last word of it."""

T = TypeVar("T")


class RepairNote(Struct, frozen=True):
    """When, by which process (host and process id), and what, in a sentence."""

    at: datetime
    process: str
    what: str


class ScrubPlace(Struct, frozen=True):
    """Every entry up to `position` was proven in this pass; a pass over all of the log as it is takes `seconds`."""

    position: int
    seconds: float


class Notes:
    """Notes wait here, at most `NOTES_KEPT`, until `run` or `send` has written them down."""

    def __init__(self, redis: Redis, scripts: Scripts, now: Clock) -> None:
        self._redis = redis
        self._scripts = scripts
        self._now = now
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._waiting: deque[RepairNote] = deque(maxlen=NOTES_KEPT)
        self._wake = asyncio.Event()

    def add(self, what: str) -> None:
        """Notes a repair; never waits and never fails."""
        self._waiting.append(RepairNote(self._now(), self._process, what))
        self._wake.set()

    async def run(self) -> None:
        """Writes down what is noted, until cancelled; Redis may come and go."""
        while True:
            await self._wake.wait()
            try:
                await self.send()
            except RedisError:  # the tasks that repair say so
                await asyncio.sleep(RETRY_SECONDS)

    async def send(self) -> None:
        """Writes down what is noted now. Raises RedisError; the notes then wait on."""
        self._wake.clear()
        sending = list(self._waiting)
        if not sending:
            return
        try:
            await self._scripts.note(list(map(msgspec.json.encode, sending)), NOTES_KEPT)
        except BaseException:  # however it ends, they are sent again
            self._wake.set()
            raise
        for note in sending:
            if self._waiting and self._waiting[0] is note:
                self._waiting.popleft()

    async def place(self, place: ScrubPlace) -> None:
        """Says where the scrub is. Raises RedisError."""
        await self._scripts.place(msgspec.json.encode(place), PLACE_SECONDS)

    async def read(self) -> tuple[list[RepairNote], ScrubPlace | None]:
        """The last repairs of all processes, the newest first, and where the scrub is. Raises RedisError."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.lrange(keys.NOTES, 0, NOTES_KEPT - 1)
            pipeline.get(keys.PLACE)
            with as_refusal():
                noted, place = await pipeline.execute(raise_on_error=False)
        notes = [_read(raw, RepairNote) for raw in noted] if isinstance(noted, list) else []
        return [note for note in notes if note], _read(place, ScrubPlace)


def _read(raw: Any, kind: type[T]) -> T | None:
    """What one of these processes has written; None for anything else."""
    try:
        value = msgspec.json.decode(raw, type=kind) if isinstance(raw, bytes) else None
        if isinstance(value, RepairNote):
            stamp(value.at)
    except NOT_READABLE:
        return None
    return value
