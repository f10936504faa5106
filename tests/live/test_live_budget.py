"""What the sockets of one team may have and use together: a bounded part of the process, with turns for all others."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from apps import App, Team
from hunt.live import budget, connection, protocol
from hunt.live.budget import BURST_SECONDS, SHARE, TURN_SECONDS, Budget
from live_world import Wire, wired

pytestmark = pytest.mark.anyio


class Time:
    """A clock that only moves when somebody has to wait."""

    def __init__(self) -> None:
        self.now = 0.0

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        self.now += seconds
        asyncio.get_running_loop().call_soon(callback)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(budget, "_now", lambda: time.now)
    monkeypatch.setattr(budget, "_later", time.later)
    return time


async def test_work_beyond_the_burst_takes_the_share_of_the_time_that_an_account_has(time: Time) -> None:
    own, pieces = Budget(), 4_000
    for _ in range(pieces):
        await own.turn()
        own.spend(TURN_SECONDS)
    assert time.now == pytest.approx((pieces * TURN_SECONDS - BURST_SECONDS) / SHARE, rel=0.01)


async def test_a_budget_is_full_again_after_a_quiet_time_and_never_fuller(time: Time) -> None:
    own = Budget()
    own.spend(BURST_SECONDS + 1)
    assert own.is_spent
    time.now += 10 * BURST_SECONDS / SHARE
    own.spend(BURST_SECONDS)
    assert not own.is_spent
    own.spend(0.001)
    assert own.is_spent


async def test_however_many_sockets_work_they_have_one_turn_in_each_round_of_the_loop() -> None:
    own, rounds, done = Budget(), 0, Counter[int]()

    async def work() -> None:
        await own.turn()
        own.spend(TURN_SECONDS)
        done[rounds] += 1

    working = asyncio.gather(*(work() for _ in range(100)))
    while not working.done():
        rounds += 1
        await asyncio.sleep(0)
    assert done.total() == 100
    assert max(done.values()) == 1


async def test_the_sockets_of_a_team_have_a_bounded_number_of_subscriptions_together(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_SUBSCRIPTIONS", 5)
    other = await live_app.team()
    async with wired(live_app, team) as one:
        for number in range(3):
            one.sub("navbar", str(number))
        async with wired(live_app, team) as two, wired(live_app, other) as theirs:
            for number in range(3):
                two.sub("navbar", str(number))
                theirs.sub("navbar", str(number))
            two.sub("hub", "0")  # another in place of one is none more
            await two.settled()
            [fail] = two.of("fail")
            assert fail["code"] == "too_many_subscriptions"
            assert fail["error"].endswith(".")
            await theirs.settled()
            assert not theirs.of("fail")
            one.call(rpc=2, method="unsub", sub="0")
            two.sub("navbar", "in its place")
            await two.settled()
            assert len(two.of("fail")) == 1
        for number in range(3, 6):  # the socket that is gone has none any more
            one.sub("navbar", str(number))
        await one.settled()
        assert not one.of("fail")
    assert live_app.services.hub.shared.budget(team.id).subscriptions == 0


async def test_a_socket_that_cannot_be_served_because_its_team_uses_too_much_is_closed_with_4029(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOW_SECONDS", 0.05)
    other = await live_app.team()
    async with wired(live_app, team) as wire, wired(live_app, other) as theirs:
        live_app.services.hub.shared.budget(team.id).spend(1_000)
        wire.sub("navbar")
        theirs.sub("navbar")
        await wire.until(lambda: wire.connection.close_code)
        assert wire.connection.close_code == protocol.CLOSE_TOO_MANY
        await theirs.settled()
        assert theirs.of("update")


async def test_everything_that_is_read_made_and_sent_for_a_team_counts(live_app: App, team: Team) -> None:
    shared = live_app.services.hub.shared
    spent: list[float] = []
    own = shared.budget(team.id)
    own.spend = spent.append  # type: ignore[method-assign] # to look on
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        await wire.settled()
        [frame] = wire.of("append")
        assert any(seconds >= budget.PICKED_ENTRY_SECONDS * len(frame["entries"]) for seconds in spent)
        wire.sub("hub", "b", params={"format": "html"}, since=1)
        await wire.settled()
        [update] = wire.of("update", "b")
        assert any(seconds >= budget.MADE_BYTE_SECONDS * len(update["value"]["html"]) for seconds in spent)
        assert budget.CHECK_SECONDS in spent
        frames = [seconds for seconds in spent if seconds >= budget.FRAME_SECONDS]
        assert len(frames) >= len(wire.frames)


async def test_a_budget_outlives_the_sockets(live_app: App, team: Team) -> None:
    first = Wire(live_app, team.id)
    live_app.services.hub.join(first.connection)
    first.connection.budget.spend(1_000)
    live_app.services.hub.leave(first.connection)
    assert Wire(live_app, team.id).connection.budget.is_spent
