"""How often an account or an address may do what costs much. Each process counts by itself."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

MAX_KEYS = 20_000
"""Accounts or addresses that are remembered for a rate; beyond, the one that was quiet for the longest is forgotten."""


class TooOften(Exception):
    """An account or an address does something too often; `retry_after` seconds to wait."""

    code = "too_often"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(f"{detail} Try again in {retry_after} s.")
        self.retry_after = retry_after


class Rate(Struct, frozen=True, kw_only=True):
    """So much at once, so much a second for ever; `detail` is what those are told who want more."""

    at_once: float
    per_second: float
    detail: str


REGISTRATIONS = Rate(
    at_once=60,
    per_second=1 / 5,
    detail="Very many teams have registered from this network.",
)
"""Per address. A school or a company behind one address registers its teams at kickoff."""

RENAMES = Rate(at_once=10, per_second=1 / 60, detail="The team has had many names in a short time.")
"""Per team."""

READS = Rate(
    at_once=200_000,
    per_second=10_000,
    detail="This account has read very much of its past: ask for what is new with `since`.",
)
"""Entries per account, by `/api/activity`, `/activity` and `/api/log`. About a fifth of a process."""


class Rates:
    """Token buckets, one for each key. `clock` gives seconds."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one act. Raises TooOften, and counts nothing, when it is one too many."""
        self.check(key, 1)
        self.spend(key, 1)

    def check(self, key: str, amount: float = 0) -> None:
        """Raises TooOften unless so much is left; for what costs nobody knows how much, unless there is no debt."""
        missing = amount - self._left(key)
        if missing > 0:
            raise TooOften(self._rate.detail, max(1, math.ceil(missing / self._rate.per_second)))

    def spend(self, key: str, amount: float) -> None:
        """Count what was used, beyond what was left too."""
        self._buckets[key] = (self._left(key) - amount, self._clock())
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)

    def _left(self, key: str) -> float:
        left, at = self._buckets.get(key, (self._rate.at_once, 0.0))
        return min(self._rate.at_once, left + (self._clock() - at) * self._rate.per_second)
