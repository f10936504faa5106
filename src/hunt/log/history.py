"""Bringing a process's view of the log up to what the log holds."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from hunt.content.model import Hunt
from hunt.game.board import Board
from hunt.game.entries import Entry
from hunt.log.reader import PAGE_ENTRIES
from hunt.log.tail import RING_ENTRIES, Gap, Tail

logger = structlog.get_logger()

Read = Callable[[int, int], Awaitable[Sequence[Entry]]]
"""(after, limit) → at most so many entries with ids above `after`, ascending."""


async def catch_up(read: Read, tail: Tail) -> tuple[int, str]:
    """Take in what others have committed; the id and the digest at which the log ended when it was read.

    The tail has that entry then. Where others move it meanwhile, it may stand further.

    The entry at our head is read again with what follows it: when its digest is not ours, the log has another history
    (a restored backup) and everything is folded anew.
    """
    while True:
        head, digest = tail.head, tail.digest
        page = await _following(read, head, digest)
        if page is None:
            logger.warning("history_replaced", head=head)
            await refold(read, tail, tail.board.hunt)
            continue
        try:
            tail.accept(page, digest)
        except Gap:
            if (tail.head, tail.digest) == (head, digest):
                raise  # the log itself has a hole
            continue  # the tail was moved to another history while this was read: read on from there
        if page:
            head, digest = page[-1].id, page[-1].digest
        if len(page) < PAGE_ENTRIES - 1 and tail.digest_at(head) == digest:
            return head, digest


async def refold(read: Read, tail: Tail, hunt: Hunt, begun: "Fold | None" = None) -> None:
    """Replace the view by a fold of the whole log under the rules of `hunt`, unless somebody else does meanwhile.

    `begun` is such a fold that may lack the end. The tail does not move backwards: what it takes in meanwhile is folded
    too.
    """
    fold = begun or Fold(hunt)
    before = tail.board
    head = -1
    while head != tail.head:
        head = tail.head
        if not await fold.read_on(read) or tail.board is not before:
            return  # the log became another one meanwhile: the next time will do
    tail.replace(fold.board, fold.newest)


class Fold:
    """A board that is made from the log while the tail still has its own."""

    def __init__(self, hunt: Hunt) -> None:
        self.board = Board(hunt)
        self.newest: list[Entry] = []

    async def read_on(self, read: Read) -> bool:
        """Take in the log to its end; False where it does not hold what was folded so far."""
        while page := await _following(read, self.board.head, self.board.digest):
            for entry in page:
                self.board.apply(entry)
            self.newest = [*self.newest, *page][-RING_ENTRIES:]
        return page is not None


async def _following(read: Read, head: int, digest: str) -> Sequence[Entry] | None:
    """The entries after `head`, or None where the log does not hold that digest there. Gap where it has a hole."""
    page = await read(max(head - 1, 0), PAGE_ENTRIES)
    if head:
        if not page or (page[0].id, page[0].digest) != (head, digest):
            return None
        page = page[1:]
    for id, entry in enumerate(page, head + 1):
        if entry.id != id:
            raise Gap(id - 1, entry.id)
    return page
