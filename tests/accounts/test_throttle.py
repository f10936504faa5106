"""Wrong passwords slow down whoever tries them, not the room they sit in, and not the account's owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from accounts_world import desk

from hunt.accounts import throttle as limits
from hunt.accounts.errors import LoginThrottled
from hunt.accounts.sessions import Kind
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS, WINDOW, Attempt, Throttle, network_of
from hunt.log.database import connect
from stores import StandingClock, rows_of


class Counted:
    """The count of one process, each question in a transaction of its own."""

    def __init__(self, url: str, clock: StandingClock) -> None:
        self.engine = connect(url)
        self.throttle = Throttle(clock)

    async def check(self, attempt: Attempt) -> None:
        async with self.engine.connect() as connection:
            await self.throttle.check(connection, attempt)

    async def fail(self, attempt: Attempt, times: int = 1) -> bool:
        """Whether the last failure was the last that is let through."""
        is_last = False
        for _ in range(times):
            await self.check(attempt)
            async with self.engine.begin() as connection:
                is_last = await self.throttle.failed(connection, attempt)
        return is_last

    async def succeed(self, attempt: Attempt) -> None:
        async with self.engine.begin() as connection:
            await self.throttle.succeeded(connection, attempt)

    async def forget(self, username: str) -> None:
        async with self.engine.begin() as connection:
            await self.throttle.forget(connection, "team", username)


def team(name: str, address: str = "192.0.2.1", kind: Kind = "team") -> Attempt:
    return Attempt.from_address(kind, name, address)


async def refused(counted: Counted, attempt: Attempt) -> int:
    """The seconds that somebody who is refused has to wait."""
    with pytest.raises(LoginThrottled) as throttled:
        await counted.check(attempt)
    return throttled.value.retry_after


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@asynccontextmanager
async def counting(url: str, clock: StandingClock) -> AsyncIterator[Counted]:
    counted = Counted(url, clock)
    yield counted
    await counted.engine.dispose()


@pytest.fixture
async def counted(store: str, clock: StandingClock) -> AsyncIterator[Counted]:
    async with counting(store, clock) as made:
        yield made


async def test_an_account_may_fail_so_often_from_one_address_and_from_another_it_is_free(counted: Counted) -> None:
    assert not await counted.fail(team("a"), FAILURES_PER_ACCOUNT - 1)
    assert await counted.fail(team("a"))
    assert 0 < await refused(counted, team("a")) <= WINDOW.total_seconds() + 1
    await counted.check(team("a", "192.0.2.2"))
    await counted.check(team("b"))
    await counted.check(team("a", kind="operator"))


async def test_a_browser_that_is_known_is_counted_by_itself(counted: Counted) -> None:
    known = Attempt.from_device("team", "a", "a browser")
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT)
    await counted.fail(known, FAILURES_PER_ACCOUNT)
    await refused(counted, known)
    await counted.check(Attempt.from_device("team", "a", "another browser"))
    await counted.check(Attempt.from_session("team", "a", "a session"))


async def test_processes_count_together(counted: Counted, store: str, clock: StandingClock) -> None:
    async with counting(store, clock) as other:
        await counted.fail(team("a"), FAILURES_PER_ACCOUNT // 2)
        await other.fail(team("a"), FAILURES_PER_ACCOUNT - FAILURES_PER_ACCOUNT // 2)
        await refused(counted, team("a"))
        await refused(other, team("a"))


async def test_the_wait_is_over_when_it_was_said_to_be(counted: Counted, clock: StandingClock) -> None:
    await counted.fail(team("a"))
    clock.wait(minutes=5)
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT - 1)
    seconds = await refused(counted, team("a"))
    assert seconds == 10 * 60 + 1
    clock.wait(seconds=seconds)
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT)


async def test_a_right_password_clears_what_failed_from_there_only(counted: Counted) -> None:
    await counted.fail(team("a", "192.0.2.9"), FAILURES_PER_ACCOUNT)
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT - 1)
    await counted.succeed(team("a"))
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT)
    await refused(counted, team("a", "192.0.2.9"))


async def test_an_account_can_be_unlocked_everywhere(counted: Counted) -> None:
    await counted.fail(team("a"), FAILURES_PER_ACCOUNT)
    await counted.fail(team("b"), FAILURES_PER_ACCOUNT)
    await counted.forget("a")
    await counted.check(team("a"))
    await refused(counted, team("b"))


async def test_a_room_behind_one_address_may_fail_far_more_often(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FAILURES_PER_ADDRESS >= 50 * FAILURES_PER_ACCOUNT
    monkeypatch.setattr(limits, "FAILURES_PER_ADDRESS", 20)
    for number in range(20):
        await counted.fail(team(f"team{number}"))
    await refused(counted, team("another"))
    await counted.check(team("another", "192.0.2.2"))
    await counted.check(Attempt.from_device("team", "another", "a browser"))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_as_what_one_household_has(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_what_is_kept_is_bounded_and_old_rows_go(
    counted: Counted, clock: StandingClock, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_COUNTED", 10)
    for number in range(30):
        clock.wait(seconds=1)
        await counted.fail(team(f"team{number}", f"192.0.2.{number}"))
    assert len(await rows_of(store, "SELECT * FROM login_failures")) == 10
    clock.wait(minutes=16)
    await counted.fail(team("a"))
    assert len(await rows_of(store, "SELECT * FROM login_failures")) == 2


async def test_what_was_typed_is_not_kept(store: str) -> None:
    async with desk(store) as one:
        with pytest.raises(Exception, match="do not fit"):
            await one.login("my secret password".replace(" ", "-"))
        (row, address) = await rows_of(store, "SELECT * FROM login_failures ORDER BY account DESC")
        assert "secret" not in str(row) + str(address)
