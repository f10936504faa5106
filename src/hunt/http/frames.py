"""Counting what a websocket sends before it is parsed: frames of every kind, and bytes."""

from collections.abc import Callable

SHORT = 125
"""Payloads up to this length have it in the second byte; 126 and 127 say that 2 or 8 bytes of length follow."""


LAST = 0x80
"""The bit of the first byte that ends a message."""

CONTROL = 0x08
"""The bit of the first byte that tells a ping, a pong or a close from a part of a message."""


class FrameMeter:
    """Finds where frames begin in a stream of bytes, without looking at what is in them (RFC 6455, section 5.2)."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._payload_left = 0
        self.fragments = 0
        """Frames so far of a message that goes on."""

    def take(self, data: bytes, most: int) -> tuple[int, int]:
        """How many bytes to go on with, such that at most `most` frames begin in them, and how many do."""
        at, frames = 0, 0
        while at < len(data):
            if self._payload_left:
                step = min(self._payload_left, len(data) - at)
                self._payload_left -= step
                at += step
                continue
            if not self._head:
                if frames == most:
                    break
                frames += 1
            self._head.append(data[at])
            at += 1
            if len(self._head) >= 2 and len(self._head) == self._head_length():  # noqa: PLR2004 - the shortest head
                self._payload_left = self._length()
                self._note_fragment()
                self._head.clear()
        return at, frames

    def _note_fragment(self) -> None:
        if not self._head[0] & CONTROL:
            self.fragments = 0 if self._head[0] & LAST else self.fragments + 1

    def _head_length(self) -> int:
        length, is_masked = self._head[1] & 127, self._head[1] & 128
        return 2 + {126: 2, 127: 8}.get(length, 0) + (4 if is_masked else 0)

    def _length(self) -> int:
        length = self._head[1] & 127
        if length <= SHORT:
            return length
        return int.from_bytes(self._head[2 : 4 if length == SHORT + 1 else 10], "big")


class Bucket:
    """A token bucket: so much at once, so much a second for ever. `clock` gives seconds."""

    def __init__(self, at_once: float, per_second: float, clock: Callable[[], float]) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._clock = clock
        self._left = at_once
        self._at = clock()

    def spend(self, amount: float) -> bool:
        """Take so much out; whether it was there."""
        now = self._clock()
        self._left = min(self._at_once, self._left + (now - self._at) * self._per_second) - amount
        self._at = now
        return self._left >= 0
