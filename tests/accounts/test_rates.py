"""What costs much may be done so often at once, and so often a second for ever."""

import pytest
from accounts_world import PASSWORD, desk

from hunt.accounts import rates as limits
from hunt.accounts.errors import BadAccount
from hunt.accounts.rates import REGISTRATIONS, Rate, Rates, TooOften
from hunt.accounts.throttle import place_of
from hunt.game.refusals import Conflict


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def rates(clock: Seconds) -> Rates:
    return Rates(Rate(at_once=3, per_second=0.1, detail="Too much."), clock)


def test_so_many_are_allowed_at_once_and_then_one_at_a_time(rates: Rates, clock: Seconds) -> None:
    for _ in range(3):
        rates.take("a")
    with pytest.raises(TooOften, match=r"Too much\. Try again in 10 s\.") as refused:
        rates.take("a")
    rates.take("b")
    clock.now += refused.value.retry_after
    rates.take("a")
    with pytest.raises(TooOften):
        rates.take("a")


def test_what_is_refused_does_not_count(rates: Rates, clock: Seconds) -> None:
    rates.spend("a", 3)
    for _ in range(20):
        with pytest.raises(TooOften) as refused:
            rates.take("a")
        assert refused.value.retry_after == 10


def test_what_cost_more_than_was_left_is_waited_for(rates: Rates, clock: Seconds) -> None:
    rates.check("a")
    rates.spend("a", 10)
    with pytest.raises(TooOften) as refused:
        rates.check("a")
    clock.now += refused.value.retry_after
    rates.check("a")


def test_after_a_quiet_time_no_more_is_allowed_than_at_once(rates: Rates, clock: Seconds) -> None:
    rates.take("a")
    clock.now += 1e6
    for _ in range(3):
        rates.take("a")
    with pytest.raises(TooOften):
        rates.take("a")


def test_memory_is_bounded(rates: Rates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_KEYS", 5)
    for number in range(50):
        rates.take(f"address {number}")
    assert len(rates._buckets) == 5


async def test_an_address_registers_a_school_at_once_but_not_hundreds_of_teams(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        accounts = one.accounts
        await one.team("taken", "a hash that fits nothing")
        accounts.registrations = Rates(REGISTRATIONS, clock=Seconds())

        async def sign_up(username: str, password: str, address: str) -> None:
            await accounts.sign_up(username, username, password, address=address, label="")

        for _ in range(100):  # a field that cannot be costs nothing
            with pytest.raises(BadAccount):
                await sign_up("taken", "short", "192.0.2.1")
        accounts.registrations.spend(place_of("192.0.2.1"), REGISTRATIONS.at_once - 2)
        with pytest.raises(Conflict):
            await sign_up("taken", PASSWORD, "192.0.2.1")
        await sign_up("owls", PASSWORD, "192.0.2.1")
        with pytest.raises(TooOften, match="from this network"):
            await sign_up("foxes", PASSWORD, "192.0.2.1")
        await sign_up("foxes", PASSWORD, "192.0.2.2")
