"""Several readers of one process, of a log that goes back while they read."""

import asyncio

import pytest

from hunt.game.entries import GENESIS, Draft, Entry, GateCompleted, sealed
from hunt.log.history import catch_up, refold
from hunt.log.tail import Gap, Tail
from playing import KICKOFF
from stores import HUNT

pytestmark = pytest.mark.anyio


def rows_of(length: int) -> list[Entry]:
    rows: list[Entry] = []
    for id in range(1, length + 1):
        previous = rows[-1].digest if rows else GENESIS
        draft = Draft(team_id=1, event=GateCompleted("g"))
        rows.append(sealed(draft, id=id, timestamp=KICKOFF, previous=previous, internal_data=None))
    return rows


async def test_whoever_has_read_last_does_not_stand_beyond_the_log_because_of_one_who_read_before() -> None:
    rows = rows_of(18)
    tail = Tail(HUNT)
    tail.accept(rows, GENESIS)
    answers, under_way = asyncio.Event(), asyncio.Event()

    async def early(after: int, limit: int) -> list[Entry]:
        """The log as it was cut to 17; its last answer takes long."""
        page = rows[: 16 if answers.is_set() else 17][after : after + limit]
        if after == 16:  # the end of its fold
            under_way.set()
            await answers.wait()
        return page

    async def late(after: int, limit: int) -> list[Entry]:
        """The log since it was cut to 16."""
        page = rows[:16][after : after + limit]
        if after == 0:
            answers.set()
            for _ in range(5):
                await asyncio.sleep(0)
        return page

    reading = asyncio.create_task(catch_up(early, tail))
    await under_way.wait()
    await catch_up(late, tail)
    assert (tail.head, tail.digest) == (16, rows[15].digest)
    await reading
    assert tail.head == 16


async def test_reading_ends_though_others_move_the_tail_with_every_answer() -> None:
    rows = rows_of(40)
    tail = Tail(HUNT)
    tail.accept(rows[:10], GENESIS)

    async def read(after: int, limit: int) -> list[Entry]:
        page = rows[: tail.head][after : after + limit]
        tail.accept(rows[tail.head : tail.head + 1], tail.digest)
        return page

    assert await catch_up(read, tail) == (10, rows[9].digest)
    assert tail.head == 11


async def test_a_fold_of_a_log_with_a_hole_says_where_it_is() -> None:
    rows = rows_of(6)
    del rows[3]

    async def read(after: int, limit: int) -> list[Entry]:
        return [row for row in rows if row.id > after][:limit]

    with pytest.raises(Gap) as gap:
        await refold(read, Tail(HUNT), HUNT)
    assert (gap.value.head, gap.value.got) == (3, 5)
