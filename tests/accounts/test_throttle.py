"""Wrong passwords slow down whoever tries them, not the room they sit in."""

from datetime import timedelta

import pytest

from hunt.accounts import throttle as limits
from hunt.accounts.errors import LoginThrottled
from hunt.accounts.throttle import FAILURES_PER_ADDRESS, FAILURES_PER_NAME, WINDOW, Throttle
from stores import StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def throttle(clock: StandingClock) -> Throttle:
    return Throttle(clock)


def fail(throttle: Throttle, name: str, address: str, times: int) -> None:
    for _ in range(times):
        throttle.check(name, address)
        throttle.failed(name, address)


def test_a_name_may_fail_so_often_and_then_waits(throttle: Throttle) -> None:
    fail(throttle, "a", "here", FAILURES_PER_NAME)
    with pytest.raises(LoginThrottled) as throttled:
        throttle.check("a", "elsewhere")
    assert 0 < throttled.value.retry_after <= WINDOW.total_seconds() + 1
    throttle.check("b", "here")


def test_the_wait_is_over_when_it_was_said_to_be(throttle: Throttle, clock: StandingClock) -> None:
    fail(throttle, "a", "here", 1)
    clock.wait(minutes=5)
    fail(throttle, "a", "here", FAILURES_PER_NAME - 1)
    with pytest.raises(LoginThrottled) as throttled:
        throttle.check("a", "here")
    assert throttled.value.retry_after == 10 * 60 + 1
    clock.now += timedelta(seconds=throttled.value.retry_after)
    throttle.check("a", "here")
    fail(throttle, "a", "here", FAILURES_PER_NAME)


def test_a_right_password_clears_the_name_but_not_the_address(throttle: Throttle) -> None:
    fail(throttle, "a", "here", FAILURES_PER_NAME - 1)
    throttle.succeeded("a")
    fail(throttle, "a", "here", FAILURES_PER_NAME)


def test_a_room_behind_one_address_may_fail_far_more_often(throttle: Throttle) -> None:
    for number in range(FAILURES_PER_ADDRESS):
        fail(throttle, f"team{number}", "here", 1)
    with pytest.raises(LoginThrottled):
        throttle.check("another", "here")
    throttle.check("another", "there")


def test_a_name_is_not_an_address(throttle: Throttle) -> None:
    fail(throttle, "here", "x", FAILURES_PER_NAME)
    throttle.check("a", "here")


def test_memory_is_bounded(throttle: Throttle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COUNTED", 10)
    for number in range(50):
        fail(throttle, f"team{number}", f"address{number}", 1)
    assert len(throttle._failures) == 10
