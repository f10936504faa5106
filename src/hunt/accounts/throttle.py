"""Slowing down those who try passwords, without locking out a room full of people behind one address."""

from collections import OrderedDict
from datetime import datetime, timedelta

from hunt.accounts.errors import LoginThrottled
from hunt.clock import Clock

WINDOW = timedelta(minutes=15)
"""Failures are counted over this time, from the first on."""

FAILURES_PER_NAME = 10
FAILURES_PER_ADDRESS = 500
"""Far higher than per name: hundreds of people may share an address."""

MAX_COUNTED = 50_000
"""Names and addresses remembered at once; beyond, the oldest are forgotten."""


class Throttle:
    """Counts failed logins in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def check(self, account: str, address: str) -> None:
        """LoginThrottled, with the seconds to wait, when this account or this address has failed too often."""
        now = self._clock()
        for key, limit in ((_account(account), FAILURES_PER_NAME), (_address(address), FAILURES_PER_ADDRESS)):
            since, count = self._count(key, now)
            if count >= limit:
                raise LoginThrottled(int((since + WINDOW - now).total_seconds()) + 1)

    def failed(self, account: str, address: str) -> None:
        """Count a wrong password. Attempts under way are not counted: a team's sixty people may log in at once."""
        now = self._clock()
        for key in (_account(account), _address(address)):
            since, count = self._count(key, now)
            self._failures[key] = (since, count + 1)
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_COUNTED:
            self._failures.popitem(last=False)

    def succeeded(self, account: str) -> None:
        """Forget the account's failures."""
        self._failures.pop(_account(account), None)

    def _count(self, key: str, now: datetime) -> tuple[datetime, int]:
        since, count = self._failures.get(key, (now, 0))
        return (now, 0) if now - since >= WINDOW else (since, count)


def _account(account: str) -> str:
    return f"account {account}"


def _address(address: str) -> str:
    return f"address {address}"
