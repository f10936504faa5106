"""Long work that lets everybody else in the process have their turn."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from hunt.game.entries import Entry

TURN_ENTRIES = 250
"""Entries in one turn, which takes a few milliseconds: a team may have tens of thousands."""


async def in_turns(entries: Sequence[Entry]) -> AsyncIterator[Entry]:
    """The entries, with a turn for others now and then: what was looked up before one may be old after it."""
    for number, entry in enumerate(entries):
        if number and number % TURN_ENTRIES == 0:
            await asyncio.sleep(0)
        yield entry
