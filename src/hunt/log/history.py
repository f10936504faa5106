"""Bringing a process's view of the log up to what SQL holds."""

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hunt.content.model import Hunt
from hunt.game.board import Board
from hunt.game.entries import Entry
from hunt.log.reader import PAGE_ENTRIES, entries_after, read_all, read_page
from hunt.log.tail import RING_ENTRIES, Tail

logger = structlog.get_logger()


async def catch_up(connection: AsyncConnection, tail: Tail) -> None:
    """Take in what others have committed.

    The row at our head is read again with what follows it: when its digest is not ours, SQL holds another history
    (a restored backup) and everything is folded anew.
    """
    while True:
        head, digest = tail.head, tail.digest
        page = await read_page(connection, entries_after(max(head - 1, 0), PAGE_ENTRIES))
        if head and (not page or page[0].id != head or page[0].digest != digest):
            logger.warning("history_replaced", head=head)
            await refold(connection, tail, tail.board.hunt)
            return
        tail.accept(page)
        if len(page) < PAGE_ENTRIES:
            return


async def refold(connection: AsyncConnection, tail: Tail, hunt: Hunt) -> None:
    """Replace the view by a fold of the whole log under the rules of `hunt`, unless somebody else does meanwhile."""
    before, board = tail.board, Board(hunt)
    newest: list[Entry] = []
    async for page in read_all(connection):
        for entry in page:
            board.apply(entry)
        newest = (newest + page)[-RING_ENTRIES:]
    if tail.board is before:
        tail.replace(board, newest)


async def read_more(engine: AsyncEngine, tail: Tail) -> None:
    """`catch_up` in a transaction of its own, for those who only read."""
    async with engine.connect() as connection:
        await catch_up(connection, tail)
