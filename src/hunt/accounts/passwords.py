"""Hashing passwords without stopping anything else.

A hash takes about 0.1 s of one core and 19 MiB on purpose. So hashes run in threads, few at a time, and when too many
people wait the next one is refused instead of making all wait longer. Turns go round among those who ask: a flood
from one address keeps nobody else waiting for longer than a hash.
"""

import asyncio
import os
from contextlib import AbstractAsyncContextManager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hunt.accounts.fair_queue import FairQueue

HASHES_AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""Half of the cores, so that guesses go on while a room full of people logs in."""

MAX_WAITING_HASHES = 100
"""About ten seconds of hashing; whoever comes then is asked to try again."""


class Passwords:
    """Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane)."""

    def __init__(self, at_once: int = HASHES_AT_ONCE, waiting: int = MAX_WAITING_HASHES) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._queue = FairQueue(at_once, waiting)
        # Verified for unknown names, so that the time of an answer does not tell whether a name exists.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str, lane: str = "") -> str:
        """The salted hash to store, in a turn of `lane`."""
        async with self.turn(lane):
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; never where nothing is stored. Takes as long either way. To be asked in a turn."""
        compared = self._nobody if stored is None else stored
        return await asyncio.to_thread(self._verify, compared, password) and stored is not None

    def turn(self, lane: str) -> AbstractAsyncContextManager[None]:
        """A turn at the threads for `lane`, which is an address or a browser; LoginsBusy when too many wait there."""
        return self._queue.turn(lane)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
