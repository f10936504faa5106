"""The keyed hash by which browsers and teams name a place in the log.

A digest is a hash of rows whose every field can be guessed, so whoever sees one can try out what another team wrote.
A mac needs the server's secret to be made and checked, and says nothing but that a client was at (id, digest).
"""

import hmac
from functools import lru_cache

MAC_BYTES = 16

KEPT_MACS = 256
"""Kept for the other sockets: most are told of the same few places."""


class Macs:
    """Makes and checks macs. Processes with the same HUNT_SECRET_KEY make the same ones."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"place in the log", "sha256")

    def of(self, id: int, digest: str) -> str:
        """The mac of the log's digest at `id`, in lower-case hex."""
        return _mac(self._key, id, digest)

    def fits(self, mac: str, id: int, digest: str) -> bool:
        """Whether `mac`, as a client sent it, is that of the digest at `id`."""
        return hmac.compare_digest(mac.encode(errors="replace"), self.of(id, digest).encode())


@lru_cache(maxsize=KEPT_MACS)
def _mac(key: bytes, id: int, digest: str) -> str:
    return hmac.digest(key, f"{id} {digest}".encode(), "sha256")[:MAC_BYTES].hex()
