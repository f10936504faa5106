"""The form in which the teams' states are kept in Redis: packed, sealed, and named after the rules that made them."""

import hashlib
import hmac
import secrets
import zlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from hunt.content.model import Hunt
from hunt.game.state import TeamState

SEAL_BYTES = 16
COMPRESSION = 1
"""The fastest level; guesses are so alike that it saves nine bytes in ten, and much of that even for real ones."""

MADE_BY = (("hunt.content", "model.py"), ("hunt.game", ""), ("hunt.replica.derived", "form.py"))
"""Packages, and files in them (or all), that decide what a state looks like."""

META = "meta"

T = TypeVar("T")


class Unusable(Exception):
    """What is kept cannot be used; the message says why."""


class NothingKept(Unusable):
    """No pass has been made, or Redis was emptied since."""

    def __init__(self) -> None:
        super().__init__("nothing is kept")


class Stand(NamedTuple):
    """A place in the log: the id of its last entry there, and that entry's digest."""

    id: int
    digest: str


class Kept(Struct, frozen=True, array_like=True):
    """A team's state as it was when the log ended at `stand`."""

    stand: Stand
    state: TeamState


class Meta(Struct, frozen=True, array_like=True):
    """What a pass leaves behind: up to `begun` every team's state is there, under the seal that is listed here.

    None of these states goes further than `ended`. `everyone` is the state, exactly at `begun`, that teams have at
    first which register later.
    """

    begun: Stand
    ended: Stand
    everyone: TeamState
    seals: dict[int, bytes]

    def lists(self, team_id: int, kept: Kept, seal: bytes) -> bool:
        """Whether this is the state that the pass left; False for one that is newer. Unusable for an older one."""
        if seal == self.seals[team_id]:
            return True
        if kept.stand.id < self.begun.id:
            raise Unusable(f"the state of team {team_id} is an old one")
        return False


class Form:
    """How states are kept for one hunt. `secret` is known to the server's processes, but not to Redis."""

    def __init__(self, hunt: Hunt, secret: str) -> None:
        version = hashlib.sha256(f"{hunt.version} {rules()}".encode()).hexdigest()[:16]
        self.hunt = hunt
        self.teams = f"derived/{version}/teams"
        self.meta = f"derived/{version}/{META}"
        self.pass_ = f"derived/{version}/pass"
        self._key = hmac.digest(secret.encode(), f"derived state {version}".encode(), "sha256")

    def close(self, name: str, value: Kept | Meta) -> bytes:
        """The value packed, after its seal."""
        packed = zlib.compress(msgspec.msgpack.encode(value), COMPRESSION)
        return self._seal(name, packed) + packed

    def kept(self, team_id: int, raw: bytes | None) -> Kept:
        """What `close` was given under the team's name; Unusable for anything else."""
        return self._open(str(team_id), raw, Kept)

    def meta_in(self, raw: bytes | None) -> Meta:
        """What `close` was given under `META`; NothingKept, or Unusable for anything else."""
        if not raw:
            raise NothingKept
        return self._open(META, raw, Meta)

    def _open(self, name: str, raw: bytes | None, kind: type[T]) -> T:
        if not raw:
            raise Unusable(f"there is no value for {name}")
        packed = raw[SEAL_BYTES:]
        if not hmac.compare_digest(seal_of(raw), self._seal(name, packed)):
            raise Unusable(f"the seal of {name} is broken")
        return msgspec.msgpack.decode(zlib.decompress(packed), type=kind)

    def _seal(self, name: str, packed: bytes) -> bytes:
        return hmac.digest(self._key, name.encode() + b"\0" + packed, "sha256")[:SEAL_BYTES]


def seal_of(raw: bytes) -> bytes:
    return raw[:SEAL_BYTES]


@cache
def rules() -> str:
    """A hash of the code that makes states: whoever runs other code finds nothing, and keeps its own."""
    told = hashlib.sha256()
    for package, name in MADE_BY:
        sources = [file for file in files(package).iterdir() if file.name.endswith(".py") and name in ("", file.name)]
        if not sources:  # installed without them, so nobody can say whether others run the same
            return secrets.token_hex(SEAL_BYTES)
        for file in sorted(sources, key=lambda file: file.name):
            told.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return told.hexdigest()
