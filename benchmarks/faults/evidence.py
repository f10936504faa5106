"""What a run leaves behind, and all that the checker is given: SQL, Redis, and what clients sent and saw.

Nothing here comes from the server's own code, so that a mistake there cannot hide itself. Times are seconds since the
start of the run.
"""

from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

Row = dict[str, Any]
"""A row of `activity_log` as SQL gives it: `data` and `internal_data` are text or None, `timestamp` is the text of the
canonical form, `request_key` is not in it."""


class Command(Struct, kw_only=True):
    """Something that somebody asked a server to write, with one Idempotency-Key through all attempts."""

    key: str
    kind: Literal["guess", "unlock", "ask", "grant"]
    team_id: int | None
    expects: Row
    """Columns and values of the one row that it writes, unique among all commands: `data.x` means a field of `data`."""
    sent_at: float
    asked_at: float | None = None
    """When the attempt that was answered was sent; None where that is not known."""
    answered_at: float | None = None
    status: int | None = None
    """Of the answer; None where no attempt was ever answered, so that nobody knows."""
    ids: list[int] = []
    """The ids that the answer named."""
    epoch: int | None = None
    duplicate: bool = False
    attempts: int = 1


class Read(Struct, kw_only=True):
    """An answer to `GET /api/me` or `/api/activity`, asked for with `X-Hunt-Id: wanted`."""

    path: str
    team_id: int
    wanted: int
    sent_at: float
    answered_at: float
    status: int
    body: Any
    process: str


class Event(Struct, kw_only=True, array_like=True):
    """`opened` (the process), `sent` and `got` (the frame's text), `closed` (the code), `stalled`, `reading`."""

    at: float
    what: Literal["opened", "sent", "got", "closed", "stalled", "reading"]
    text: str = ""


class Listener(Struct, kw_only=True):
    """A client of `/ws` over the whole run, through all its reconnections."""

    number: int
    team_id: int
    events: list[Event] = []


class Fault(Struct, kw_only=True):
    kind: str
    at: float
    until: float
    detail: str = ""
    repaired_at: float | None = None
    """When the replica equalled SQL again; None where it never did."""
    allowed: float = 10.0
    """Seconds that this may take after `until`: longer for an entry edited in place, which one scrub pass finds."""
    writes_redis: bool = False
    """Whether it changed what Redis holds (FLUSHALL, an extra entry, an old dump): until `repaired_at` what is seen
    there is not the servers' doing."""


class Restore(Struct, kw_only=True):
    """SQL went back to an older dump at `at`: `lost` are the rows after entry `kept` that it no longer has."""

    at: float
    kept: int
    lost: list[Row]


class Redis(Struct, kw_only=True):
    """All of the replica at the end: (message id, fields) of each stream, and the scores."""

    stream: list[tuple[str, dict[str, str]]]
    teams: dict[str, list[tuple[str, dict[str, str]]]]
    scores: dict[str, float]


class Sighting(Struct, kw_only=True):
    """What the stream's newest entries were at some moment, seen by somebody who only reads Redis."""

    at: float
    entries: list[tuple[str, dict[str, str]]]


class Evidence(Struct, kw_only=True):
    seed: int
    secret_key: str
    """HUNT_SECRET_KEY of this run's servers, by which they made the macs that clients were sent."""
    rows: list[Row]
    """The log in SQL at the end, ordered by id."""
    redis: Redis
    commands: list[Command]
    reads: list[Read] = []
    listeners: list[Listener]
    faults: list[Fault] = []
    restores: list[Restore] = []
    sightings: list[Sighting] = []
    hunt: dict[str, Any] = {}
    """hunt.yaml as a program reads it: which rounds, slots and gates there are."""
    titles: dict[str, str] = {}
    """What each puzzle is called, by its slug, as its authors wrote it; what is missing is not compared."""
    events_met: dict[str, int] = {}
    """How often each kind of event came about that a run has to meet to mean anything; see `REQUIRED`."""
    complaints: list[str] = []
    """What the servers logged as an error that nobody foresaw."""
    quiet_at: float = 0.0
    """When the last fault had ended and the load had stopped."""

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def load(cls, path: Path) -> "Evidence":
        return msgspec.json.decode(path.read_bytes(), type=cls)


REQUIRED = ("gap", "duplicate", "reset", "rebuild", "scrub_hit", "resync", "fork", "slow_socket")
"""A run that has not met each of these is under-covered, not green. `gap`, `duplicate`, `fork`, `rebuild`, `scrub_hit`:
counted by the servers. `reset`: frames. `resync`: a listener subscribed again from its own cursor. `slow_socket`:
4008."""


class Finding(Struct, frozen=True, kw_only=True):
    """A promise that was not kept: `name` is the check's, `text` says what was seen."""

    name: str
    text: str
