"""What the replica's tasks have met with, and what people are told of it."""

import time
from collections.abc import Callable

import msgspec
import structlog
from msgspec import Struct
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisLate

from hunt.log.database import reason_of
from hunt.replica.notes import RepairNote

NO_ANSWER = (RedisGone, RedisLate)
"""Redis cannot be reached, answers too late, or is still loading its data; other errors are answers."""
SHOWN = 40
"""Characters of a name that nobody here has given."""

REASONS_KEPT = 20
REFUSED_SECONDS = 3600.0
"""Redis's reason to refuse what it is asked is told again after so long, if it still does."""

logger = structlog.get_logger()


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

    def met(self, verdict: str) -> None:
        """Counts what came of an append."""
        name = verdict.lower()
        setattr(self, name, getattr(self, name) + 1)


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
    repairs: list[RepairNote]
    """The last repairs of all processes, the newest first."""
    scrub_position: int | None
    """The id up to which some process has proven the stream in this pass; None where none has lately."""
    scrub_seconds: float | None
    """How long a whole pass takes: what was damaged in Redis is found within it."""


class Health:
    """The notebook that all tasks of one replica write into. `noted` is told of repairs."""

    def __init__(self, noted: Callable[[str], None] = lambda _: None) -> None:
        self.counters = Counters()
        self.last_error: str | None = None
        self.last_repair: str | None = None
        self._noted = noted
        self._checked_at: float | None = None
        self._away_since: float | None = None
        self._refusals: dict[str, float] = {}

    def failed(self, error: Exception) -> None:
        """Redis or the log did not do what was asked. That Redis is away is told once, each reason to refuse hourly."""
        self.counters.errors += 1
        self.last_error = f"{type(error).__name__}: {reason_of(error)}"
        if isinstance(error, NO_ANSWER) and self._away_since is None:
            self._away_since = time.monotonic()
            logger.warning("redis_away", error=self.last_error)
        if isinstance(error, ResponseError):
            self._refused(error)

    def _refused(self, error: ResponseError) -> None:
        reason, now = type(error).__name__, time.monotonic()
        if type(error) is ResponseError:  # without a class of its own: told apart by the first word
            reason = str(error).partition(" ")[0]
        if now >= self._refusals.get(reason, now):
            if len(self._refusals) >= REASONS_KEPT:
                self._refusals.clear()
            self._refusals[reason] = now + REFUSED_SECONDS
            logger.warning("redis_refused", error=self.last_error)

    def repaired(self, what: str) -> None:
        self.last_repair = what
        self._noted(what)

    def dropped_team(self, team_id: int) -> None:
        self.counters.team_drops += 1
        self.repaired(f"Dropped the stream of team {team_id}, which was not what the log holds.")
        logger.warning("team_stream_dropped", team=team_id)

    def dropped_member(self, name: str) -> None:
        """What stood among the teams' streams under that name is no team's, or has no score."""
        self.counters.team_drops += 1
        self.repaired(f"Dropped {name[:SHOWN]!r} from among the teams' streams, where nobody had put it.")
        logger.warning("team_stream_dropped", team=name[:SHOWN])

    def checked(self) -> None:
        """The replica was compared with the log: both answer."""
        self._checked_at = time.monotonic()
        self.answered()

    def answered(self) -> None:
        """Redis did what was asked. That it is back is told once."""
        if self._away_since is not None:
            logger.info("redis_back", seconds=round(time.monotonic() - self._away_since, 1))
            self._away_since = None

    @property
    def seconds_since_check(self) -> float | None:
        return None if self._checked_at is None else time.monotonic() - self._checked_at

    def counted(self) -> Counters:
        """The counters as they are now."""
        return msgspec.structs.replace(self.counters)
