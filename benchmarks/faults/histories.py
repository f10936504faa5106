"""The log as SQL had it at each time of a run: one history, and one more for each time that SQL went back to a dump.

The canonical form and the digest chain are written here once more, from the text of docs/data.md alone,
the macs from that of docs/protocol.md.
"""

import hashlib
import hmac
import json
from typing import Any

from msgspec import Struct

from benchmarks.faults.evidence import Evidence, Restore, Row

GENESIS = "0" * 64

COLUMNS = (
    "id",
    "team_id",
    "timestamp",
    "type",
    "slug",
    "currency_delta",
    "strong_currency_delta",
    "data",
    "internal_data",
)

MAC_DIGITS = 32

RESTORE_SECONDS = 1.0
"""How much earlier than it was noted a restore may have been felt."""


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Line(Struct, frozen=True, kw_only=True):
    """A row, with its two JSON columns read. `text` is what is hashed, `body` what the stream must carry."""

    id: int
    team_id: int | None
    timestamp: str
    type: str
    slug: str | None
    keys: int
    clues: int
    data: dict[str, Any]
    digest: str
    text: str
    body: str

    @classmethod
    def of(cls, row: Row) -> "Line":
        plain = {name: row[name] for name in COLUMNS}
        for name in ("data", "internal_data"):
            if plain[name] is not None:
                plain[name] = _object(plain[name])
        return cls(
            id=row["id"],
            team_id=row["team_id"],
            timestamp=row["timestamp"],
            type=row["type"],
            slug=row["slug"],
            keys=row["currency_delta"],
            clues=row["strong_currency_delta"],
            data=plain["data"] or {},
            digest=row["digest"],
            text=canonical(plain),
            body=canonical({**plain, "digest": row["digest"]}),
        )

    def is_of(self, team_id: int) -> bool:
        """Whether it belongs to the team's log."""
        return self.team_id in {None, team_id}

    def follows(self, digest: str) -> bool:
        return hashlib.sha256((digest + self.text).encode()).hexdigest() == self.digest


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"unreadable": text}
    return value if isinstance(value, dict) else {"unreadable": text}


class History(Struct, frozen=True, eq=False):
    """What SQL held at the end of a time that began at `began` (seconds); `number` counts from the oldest."""

    number: int
    lines: list[Line]
    began: float
    key: bytes
    """Of the macs."""

    @property
    def head(self) -> int:
        return len(self.lines)

    def mac(self, id: int) -> str | None:
        """What clients are sent for the digest at `id`, None where there is no such entry."""
        if not 0 <= id <= len(self.lines):
            return None
        digest = self.lines[id - 1].digest if id else GENESIS
        return hmac.digest(self.key, f"{id} {digest}".encode(), "sha256").hex()[:MAC_DIGITS]


class Histories:
    """All histories of a run, the oldest first. Rows that stayed are in several of them."""

    def __init__(self, evidence: Evidence) -> None:
        self.restores = sorted(evidence.restores, key=lambda restore: restore.at)
        lines = [Line.of(row) for row in evidence.rows]
        pieces = [lines]
        for restore in reversed(self.restores):
            lines = lines[: restore.kept] + [Line.of(row) for row in restore.lost]
            pieces.append(lines)
        begins = [0.0, *(restore.at for restore in self.restores)]
        key = hmac.digest(evidence.secret_key.encode(), b"place in the log", "sha256")
        self.all = [
            History(number, lines, at, key)
            for number, (lines, at) in enumerate(zip(reversed(pieces), begins, strict=True))
        ]
        self._by_digest = {line.digest: line for history in self.all for line in history.lines}

    @property
    def final(self) -> History:
        return self.all[-1]

    def with_mac(self, id: int, mac: str | None) -> list[History]:
        """The histories that have this mac at `id`."""
        return [history for history in self.all if history.mac(id) == mac]

    def current(self, at: float) -> History:
        """What SQL held at a moment (seconds)."""
        return next(
            history for history in reversed(self.all) if history.began <= at + RESTORE_SECONDS or not history.number
        )

    def lost_since(self, id: int, at: float) -> bool:
        """Whether SQL had gone back to before entry `id` by then."""
        return any(restore.kept < id and restore.at <= at + RESTORE_SECONDS for restore in self.restores)

    def committed(self, digest: str) -> Line | None:
        """The row with this digest, of whichever history."""
        return self._by_digest.get(digest)

    def losses(self) -> list[tuple[Restore, list[Line]]]:
        """What each restore took."""
        return [
            (restore, history.lines[restore.kept :]) for restore, history in zip(self.restores, self.all, strict=False)
        ]
