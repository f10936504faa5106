"""What the sockets of one account may have and use together, so that one team cannot take a process from all others.

Work is counted in seconds of the process, by estimate: a measured time would be another on every machine.
"""

import asyncio
from collections.abc import Callable

MAX_SUBSCRIPTIONS = 5_000
"""Of all sockets of an account. A hundred people with three browsers each have a dozen a browser."""

SHARE = 0.2
"""Of the time of a process: what one account may use for ever."""

BURST_SECONDS = 2.0
"""What it may use at once after a quiet time: everybody comes back at the same time after a restart."""

TURN_SECONDS = 0.005
"""What it may use before everybody else has a turn."""

HANDSHAKE_SECONDS = 1e-3
CALL_SECONDS = 50e-6
FRAME_SECONDS = 20e-6
SENT_BYTE_SECONDS = 5e-9
MADE_BYTE_SECONDS = 100e-9
"""Of a value that is made and drawn."""

PICKED_ENTRY_SECONDS = 20e-6
"""Reading an entry and making what a growing dataset has of it."""

SCANNED_ENTRY_SECONDS = 100e-9
CHECK_SECONDS = 200e-6
"""Whether a cursor is of this log."""

ASK_SECONDS = 2e-3
"""Reading the log once more before a cursor is refused."""


class Budget:
    """The budget of one account in one process. Who works calls `turn` before each piece and `spend` after it."""

    def __init__(self) -> None:
        self.subscriptions = 0
        self.polls = 0
        self._left = BURST_SECONDS
        self._at = _now()
        self._unbroken = 0.0
        self._next_turn: asyncio.Event | None = None

    @property
    def is_spent(self) -> bool:
        """Whether the account has used up what it may use for now."""
        return self._refilled() < 0

    def spend(self, seconds: float) -> None:
        self._left = self._refilled() - seconds
        self._unbroken += seconds

    async def turn(self) -> None:
        """Wait until the account may have more work done, while everybody else has a turn."""
        while self._unbroken >= TURN_SECONDS or self._left < 0:
            if self._next_turn is None:
                self._next_turn, debt = asyncio.Event(), -self._refilled()
                _later(debt / SHARE + TURN_SECONDS if debt > 0 else 0.0, self._begin_turn)
            await self._next_turn.wait()

    def _begin_turn(self) -> None:
        self._refilled()
        self._unbroken = 0.0
        if self._next_turn is not None:
            self._next_turn.set()
        self._next_turn = None

    def _refilled(self) -> float:
        now = _now()
        self._left = min(BURST_SECONDS, self._left + (now - self._at) * SHARE)
        self._at = now
        return self._left


def _now() -> float:
    """Seconds of the loop's clock, which does not jump."""
    return asyncio.get_running_loop().time()


def _later(seconds: float, callback: Callable[[], None]) -> None:
    """Call back after everything that is ready now has had its turn, and not before this time has passed."""
    asyncio.get_running_loop().call_later(seconds, callback)
