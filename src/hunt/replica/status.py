"""What the replica's tasks have met with, and what people are told of it."""

import time

import msgspec
from msgspec import Struct


class Counters(Struct):
    """How often each thing happened in this process since it started."""

    ok: int = 0
    dup: int = 0
    gap: int = 0
    fork: int = 0
    reset: int = 0
    corrupt: int = 0
    published: int = 0
    """Entries that this process added to the stream."""
    overflows: int = 0
    fills: int = 0
    rebuilds: int = 0
    scrubbed: int = 0
    """Entries whose digest was recomputed."""
    scrub_mismatches: int = 0
    errors: int = 0
    team_hits: int = 0
    team_misses: int = 0
    team_mismatches: int = 0
    team_steps: int = 0
    team_drops: int = 0
    derived_passes: int = 0
    """Passes after which Redis held the state of every team."""
    derived_written: int = 0
    """States of teams that were written for that."""
    derived_samples: int = 0
    derived_mismatches: int = 0


class Status(Struct, frozen=True, kw_only=True):
    """The replica as one process sees it; `head` and what follows are None while Redis does not answer."""

    available: bool
    head: int | None
    digest: str | None
    gen: str | None
    bad: str | None
    """Why the replica must not be used, in a sentence."""
    buffered: int
    """Committed entries that this process has not published yet."""
    counters: Counters
    last_error: str | None
    last_repair: str | None
    seconds_since_check: float | None
    """Since this process last compared the replica with the log."""


class Health:
    """The notebook that all tasks of one replica write into."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.last_error: str | None = None
        self.last_repair: str | None = None
        self._checked_at: float | None = None

    def failed(self, error: Exception) -> None:
        self.counters.errors += 1
        self.last_error = f"{type(error).__name__}: {error}"

    def repaired(self, what: str) -> None:
        self.last_repair = what

    def checked(self) -> None:
        self._checked_at = time.monotonic()

    @property
    def seconds_since_check(self) -> float | None:
        return None if self._checked_at is None else time.monotonic() - self._checked_at

    def counted(self) -> Counters:
        """The counters as they are now."""
        return msgspec.structs.replace(self.counters)
