"""The committed log as this process knows it: a board, the newest entries, and those who want to hear of more."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from hunt.content.model import Hunt
from hunt.game.board import Board
from hunt.game.entries import Entry

RING_ENTRIES = 20_000
"""Newest entries kept in memory; a socket that is further behind is served from the replica or SQL."""

Listener = Callable[[Sequence[Entry]], None]


class Gap(Exception):
    """The next entry does not follow the head: the log has to be read again, from where this process stands."""

    def __init__(self, head: int, got: int) -> None:
        super().__init__(f"entry {got} does not follow the entry {head} that this process knows")
        self.head = head
        self.got = got


class Tail:
    """Grows by committed entries, in order, from whichever source has them first."""

    def __init__(self, hunt: Hunt) -> None:
        self.board = Board(hunt)
        self.ring: deque[Entry] = deque(maxlen=RING_ENTRIES)
        self.listeners: list[Listener] = []
        self.on_replaced: list[Callable[[], None]] = []

    @property
    def head(self) -> int:
        return self.board.head

    @property
    def digest(self) -> str:
        return self.board.digest

    def accept(self, entries: Iterable[Entry], previous: str) -> None:
        """Take in entries that are committed in SQL; `previous` is the log's digest before the first of them.

        Known ones are passed over. Gap when one is missing, or when they follow another entry than the one at the head:
        while they were read, somebody may have found that the log has another history. Then nothing is taken.
        """
        new: list[Entry] = []
        head, digest = self.head, self.digest
        for entry in entries:
            if entry.id > head:
                if entry.id != head + 1 or previous != digest:
                    raise Gap(head, entry.id)
                new.append(entry)
                head, digest = entry.id, entry.digest
            previous = entry.digest
        for entry in new:
            self.board.apply(entry)
        if new:
            self.ring.extend(new)
            for listener in self.listeners:
                listener(new)

    def replace(self, board: Board, newest: Iterable[Entry] = ()) -> None:
        """Start over from another board: the hunt was changed, or SQL holds another history than it did."""
        self.board = board
        self.ring.clear()
        self.ring.extend(newest)
        for callback in self.on_replaced:
            callback()

    def between(self, after: int, upto: int) -> list[Entry] | None:
        """The entries in (after, upto] where the ring still has them all, else None."""
        if after >= upto:
            return []
        if not self.ring or self.ring[0].id > after + 1:
            return None
        first = self.ring[0].id
        start, stop = after + 1 - first, upto + 1 - first
        return list(islice(self.ring, start, stop))

    def digest_at(self, id: int) -> str | None:
        """The log's digest at `id` where it is known here, else None."""
        if id == self.board.head:
            return self.board.digest
        if self.ring and self.ring[0].id <= id < self.board.head:
            return self.ring[id - self.ring[0].id].digest
        return None
