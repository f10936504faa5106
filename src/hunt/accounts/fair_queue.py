"""A queue that lets a few in at once, and takes those who wait from their lanes in rotation."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hunt.accounts.errors import LoginsBusy


class FairQueue:
    """Whoever fills one lane makes that lane slow, and the others wait for one turn of it at most.

    `places` bounds all who wait. When they are taken, the last of the longest lane is refused.
    """

    def __init__(self, at_once: int, places: int) -> None:
        self._free = at_once
        self._places = places
        self._lanes: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, lane: str) -> AsyncIterator[None]:
        """A turn, when it comes. LoginsBusy when there is no place to wait for it."""
        await self._wait(lane)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, lane: str) -> None:
        if self._free:
            self._free -= 1
            return
        self._make_room(lane)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lanes.setdefault(lane, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled() and mine.exception() is None:
                self._pass_on()  # the turn came at the moment when it was not wanted any more
            else:
                self._leave(lane, mine)
            raise

    def _make_room(self, lane: str) -> None:
        if sum(map(len, self._lanes.values())) < self._places:
            return
        longest = max(self._lanes, key=lambda name: len(self._lanes[name]), default=lane)
        if len(self._lanes.get(lane, ())) >= len(self._lanes.get(longest, ())):
            raise LoginsBusy
        last = self._lanes[longest][-1]
        self._leave(longest, last)
        if not last.done():
            last.set_exception(LoginsBusy())

    def _leave(self, lane: str, waiting: asyncio.Future[None]) -> None:
        if waiting in self._lanes.get(lane, ()):
            self._lanes[lane].remove(waiting)
            if not self._lanes[lane]:
                del self._lanes[lane]

    def _pass_on(self) -> None:
        """Give the turn to the lane that has had none for the longest time."""
        while self._lanes:
            lane, waiting = self._lanes.popitem(last=False)
            following = waiting.popleft()
            if waiting:
                self._lanes[lane] = waiting
            if not following.done():  # else it was cancelled, and has not noticed yet
                following.set_result(None)
                return
        self._free += 1
