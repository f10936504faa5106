"""A long log, quickly: an opening by the real writer, then wrong guesses sealed by the real code and stored in bulk."""

import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from benchmarks import stage
from benchmarks.stage import Failed, Stage
from hunt.game.entries import Draft, Entry, GuessSubmitted, RateLimitsReset, sealed
from hunt.log.database import append_transaction, connect
from hunt.log.reader import LogReader, row_of
from hunt.log.tables import EntryRow
from hunt.settings import Settings

PAGE_ENTRIES = 5_000
"""Rows in one transaction."""

APART = timedelta(microseconds=1)
"""Between two guesses: however many there are, none lies in the future."""

TOLD_EVERY = 100_000


async def write_long_log(settings: Settings, *, entries: int, teams: int) -> Stage:
    """Fill an empty database with a log of exactly `entries` entries in which `teams` teams have guessed wrong.

    The guesses are spread evenly over teams and puzzles. The last entries lift the wait on every puzzle, so all teams
    may guess again at once. Failed where the database holds a log already, or where so many teams take more entries.
    """
    filled = await stage.fill(settings, teams)
    engine = connect(settings.database_url)
    try:
        await _lengthen(engine, filled, entries)
        async with engine.begin() as connection:
            await connection.execute(text("ANALYZE"))
    finally:
        await engine.dispose()
    return filled


async def _lengthen(engine: AsyncEngine, filled: Stage, entries: int) -> None:
    reader, begun = LogReader(engine), time.perf_counter()
    first, _ = await reader.head()
    last = (await reader.entries(first - 1, 1))[0]
    drafts = _drafts(filled, entries - first)
    while page := _page(last, islice(drafts, PAGE_ENTRIES)):
        async with append_transaction(engine) as connection:
            await _insert(connection, page)
            await connection.commit()
        last = page[-1]
        if last.id % TOLD_EVERY < PAGE_ENTRIES or last.id == entries:
            rate = (last.id - first) / (time.perf_counter() - begun)
            print(f"{last.id} of {entries} entries, {rate:,.0f} a second", file=sys.stderr)


def _drafts(filled: Stage, number: int) -> Iterator[Draft]:
    guesses = number - len(filled.slugs)
    if guesses < 0:
        raise Failed(f"{len(filled.teams)} teams take {-guesses} entries more than that: take fewer.")
    for turn in range(guesses):
        round_, team = divmod(turn, len(filled.teams))
        repeat, slug = divmod(round_, len(filled.slugs))
        event = GuessSubmitted(filled.slugs[slug], f"WRONG{repeat}ANDLONG", "incorrect", "Incorrect.")
        yield Draft(team_id=filled.teams[team].id, event=event)
    for slug_ in filled.slugs:
        yield Draft(team_id=None, event=RateLimitsReset(slug_))


def _page(last: Entry, drafts: Iterator[Draft]) -> list[Entry]:
    page: list[Entry] = []
    for draft in drafts:
        last = sealed(draft, id=last.id + 1, timestamp=last.timestamp + APART, previous=last.digest, internal_data=None)
        page.append(last)
    return page


async def _insert(connection: AsyncConnection, page: list[Entry]) -> None:
    rows = [row_of(entry) for entry in page]
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(EntryRow), rows)
        return
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    records = [tuple(row.values()) for row in rows]
    await driver.copy_records_to_table(EntryRow.__tablename__, records=records, columns=list(rows[0]))
