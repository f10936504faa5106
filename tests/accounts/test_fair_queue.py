"""Turns go round among the lanes, and who floods one is refused first."""

import asyncio

import pytest

from hunt.accounts.errors import LoginsBusy
from hunt.accounts.fair_queue import FairQueue


class Line:
    """A queue with one turn, which notes who had one."""

    def __init__(self, places: int = 100) -> None:
        self.queue = FairQueue(1, places)
        self.had: list[str] = []
        self.go = asyncio.Event()

    async def wait(self, lane: str) -> None:
        async with self.queue.turn(lane):
            self.had.append(lane)
            await self.go.wait()

    async def come(self, *lanes: str) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.wait(lane)) for lane in lanes]
        await asyncio.sleep(0)
        return tasks


async def test_somebody_else_waits_for_one_turn_of_a_flood_at_most() -> None:
    line = Line()
    tasks = await line.come(*["flood"] * 20, "owner", "other")
    line.go.set()
    await asyncio.gather(*tasks)
    assert line.had[:4] == ["flood", "flood", "owner", "other"]
    assert line.had.count("flood") == 20


async def test_of_a_full_queue_the_longest_lane_is_refused_first() -> None:
    line = Line(places=4)
    flood = await line.come(*["flood"] * 5)
    with pytest.raises(LoginsBusy):
        await line.wait("flood")
    (owner,) = await line.come("owner")
    line.go.set()
    outcomes = await asyncio.gather(*flood, owner, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 4 + [LoginsBusy, type(None)]


async def test_who_gives_up_leaves_the_queue_and_the_turn_to_others() -> None:
    line = Line(places=2)
    first, second, third = await line.come("a", "b", "c")
    second.cancel()
    await asyncio.sleep(0)
    (fourth,) = await line.come("d")
    first.cancel()  # as its turn is
    await asyncio.gather(first, second, return_exceptions=True)
    line.go.set()
    await asyncio.gather(third, fourth)
    assert line.had == ["a", "c", "d"]
    await asyncio.wait_for(line.wait("e"), 30)


async def test_a_turn_that_comes_as_somebody_gives_up_is_passed_on() -> None:
    line = Line()
    first, second, third = await line.come("a", "b", "c")
    line.go.set()
    await first
    second.cancel()  # it has the turn and has not noticed
    await asyncio.gather(second, return_exceptions=True)
    await asyncio.wait_for(third, 30)
