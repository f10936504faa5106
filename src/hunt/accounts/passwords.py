"""Hashing passwords without stopping anything else.

A hash takes about 0.1 s of one core and 19 MiB on purpose. So hashes run in threads, few at a time, and when too many
people wait the next one is refused instead of making all wait longer.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hunt.accounts.errors import LoginsBusy

HASHES_AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""Half of the cores, so that guesses go on while a room full of people logs in."""

MAX_WAITING_HASHES = 100
"""About ten seconds of hashing; whoever comes then is asked to try again."""

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 256


class Passwords:
    """Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._gate = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0
        # Verified for unknown names, so that the time of an answer does not tell whether a name exists.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The salted hash to store."""
        async with self.turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, stored: str | None, password: str) -> bool:
        """Whether the password fits; never where nothing is stored. Takes as long either way. To be asked in a turn."""
        compared = self._nobody if stored is None else stored
        return await asyncio.to_thread(self._verify, compared, password) and stored is not None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn at the threads; LoginsBusy when the queue before them is full."""
        if self._waiting >= MAX_WAITING_HASHES:
            raise LoginsBusy
        self._waiting += 1
        try:
            async with self._gate:
                yield
        finally:
            self._waiting -= 1

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
