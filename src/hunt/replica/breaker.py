"""Keeps requests from waiting for a Redis that has just failed to answer."""

import asyncio
from typing import Final

OPEN_SECONDS: Final = 1.0


class Breaker:
    """After a failure nobody asks Redis for a second, then one does."""

    def __init__(self) -> None:
        self._closed_from = 0.0

    def allows(self) -> bool:
        """True when Redis may be asked. The first to be told so after a failure asks alone."""
        now = asyncio.get_running_loop().time()
        if now < self._closed_from:
            return False
        if self._closed_from:
            self._closed_from = now + OPEN_SECONDS
        return True

    def succeeded(self) -> None:
        self._closed_from = 0.0

    def failed(self) -> None:
        self._closed_from = asyncio.get_running_loop().time() + OPEN_SECONDS
