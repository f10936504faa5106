"""A database that holds another history than the process remembers, and rows that a newer version wrote."""

import json
from typing import Any

import msgspec
import pytest

from hunt.game import commands as cmd
from hunt.game.entries import GENESIS, BrokenChain, Entry, digest_of
from hunt.log.history import catch_up, refold
from hunt.log.reader import LogReader, reading
from hunt.log.tail import Gap
from hunt.log.transfer import verify
from playing import KICKOFF, TEAM, slug_of
from stores import execute, process


async def lose(url: str, after: int) -> None:
    """What restoring a backup does: the newest entries are gone."""
    await execute(url, "DELETE FROM activity_log WHERE id > :after", after=after)


@pytest.mark.parametrize("grown", [1, 3, 8])
async def test_a_database_that_was_restored_and_grew_differently_is_folded_anew(store: str, grown: int) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        backup = one.tail.head
        for number in range(3):
            await one.submit(cmd.Grant(teams=(TEAM,), keys=100 + number))
        await lose(store, backup)
        async with process(store) as other:
            for _ in range(grown):
                await other.submit(cmd.Grant(teams=(TEAM,), keys=1))
        replaced: list[int] = []
        one.tail.on_replaced.append(lambda: replaced.append(one.tail.head))
        done = await one.submit(cmd.Grant(teams=(TEAM,), keys=1))
        rows = await one.check()
        assert done.ids == (backup + grown + 1, backup + grown + 1)
        assert (len(rows), one.tail.board.teams[TEAM].currency) == (backup + grown + 1, grown + 1)
        assert replaced == [backup + grown]
        assert one.tail.between(0, len(rows)) == rows


async def test_a_database_that_lost_its_newest_entries_is_noticed_by_readers(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        await one.submit(cmd.Grant(teams=None, keys=9))
        await lose(store, one.tail.head - 1)
        await one.read_on()
        assert one.tail.board.teams[TEAM].currency == 0
        await one.check()


async def test_reading_goes_on_where_somebody_else_moved_the_tail_to_meanwhile(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        await one.submit(cmd.Grant(teams=(TEAM,), keys=9))
        read = LogReader(one.engine).entries
        backup = one.tail.head - 1

        async def overtaken(after: int, limit: int) -> list[Entry]:
            page = await read(after, limit)
            if replaced:
                await lose(store, backup)
                async with process(store) as other:
                    await other.submit(cmd.Grant(teams=(TEAM,), keys=1))
                replaced.clear()
                await one.read_on()
            return page

        replaced = ["to do"]
        async with process(store) as other:
            await other.submit(cmd.Grant(teams=(TEAM,), keys=5))
        await catch_up(overtaken, one.tail)
        assert one.tail.board.teams[TEAM].currency == 1
        await one.check()


async def test_a_hole_in_the_log_is_told_and_not_read_for_ever(store: str) -> None:
    async with process(store) as one, process(store) as other:
        await one.register(TEAM)
        for _ in range(3):
            await other.submit(cmd.Grant(teams=(TEAM,), keys=1))
        await execute(store, "DELETE FROM activity_log WHERE id = :id", id=other.tail.head - 1)
        with pytest.raises(Gap):
            await one.read_on()


async def test_a_log_that_was_emptied_begins_again(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        await lose(store, 0)
        await execute(store, "DELETE FROM teams")
        await one.read_on()
        assert (one.tail.head, one.tail.digest, one.tail.board.teams) == (0, GENESIS, {})
        await one.register(TEAM)
        await one.check()


async def test_a_fold_anew_is_the_same_fold(store: str) -> None:
    async with process(store) as one:
        await one.register(1, 2)
        await one.guess("answer")
        await one.submit(cmd.SolvePuzzle(teams=None, slug=slug_of("b")))
        before = one.tail.board
        async with one.engine.connect() as connection:
            await refold(reading(connection), one.tail, before.hunt)
        assert one.tail.board is not before
        assert (one.tail.board.teams, one.tail.digest) == (before.teams, before.digest)


async def write(url: str, row: dict[str, Any], data: str | None = None) -> Entry:
    """Appends a row as another version of the server might; `data` is the text in the column."""
    async with process(url) as one:
        head, digest = await LogReader(one.engine).head()
    fields = {"id": head + 1, "team_id": TEAM, "timestamp": KICKOFF, "type": "strange"} | row
    entry = msgspec.convert(fields, Entry)
    entry = msgspec.structs.replace(entry, digest=digest_of(digest, entry))
    stored = json.dumps(entry.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if entry.data else None
    await execute(
        url,
        "INSERT INTO activity_log (id, team_id, timestamp, type, slug, currency_delta, strong_currency_delta, data, digest) "
        "VALUES (:id, :team_id, :timestamp, :type, :slug, :currency, :strong, :data, :digest)",
        id=entry.id,
        team_id=entry.team_id,
        timestamp="2026-01-16T17:00:00.000000Z" if url.startswith("sqlite") else KICKOFF,
        type=entry.type,
        slug=entry.slug,
        currency=entry.currency_delta,
        strong=entry.strong_currency_delta,
        data=stored if data is None else data,
        digest=entry.digest,
    )
    return entry


@pytest.mark.parametrize(
    "row",
    [
        {"type": "of_another_version", "slug": "x", "data": {"ünï": [1, {"a": None}]}},
        {"type": "puzzle_solved", "slug": slug_of("a"), "data": {"answer": ["not", "a", "text"]}},
        {"type": "puzzle_guess_submitted", "slug": slug_of("a")},
        {"type": "team_registered", "data": {"username": 5}},
    ],
)
async def test_what_is_not_understood_is_kept_and_its_deltas_count(store: str, row: dict[str, Any]) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        entry = await write(store, row | {"currency_delta": 3, "strong_currency_delta": -2})
        done = await one.submit(cmd.Grant(teams=(TEAM,), keys=1))
        rows = await one.check()
        assert rows[-2] == entry
        assert done.ids == (entry.id + 1, entry.id + 1)
        state = one.tail.board.teams[TEAM]
        assert (state.currency, state.strong_currency) == (4, -2)
        assert not state.puzzle(slug_of("a")).solved
        assert await verify(one.engine) == (one.tail.head, one.tail.digest)


@pytest.mark.parametrize("data", ["not json", "[1]", '"text"', "{", "NaN"])
async def test_data_that_no_server_writes_stops_nobody_and_breaks_the_chain(store: str, data: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        entry = await write(store, {"type": "puzzle_solved", "slug": slug_of("a"), "currency_delta": 2}, data)
        await one.submit(cmd.Grant(teams=(TEAM,), keys=1))
        assert one.tail.board.teams[TEAM].currency == 3
        with pytest.raises(BrokenChain) as broken:
            await verify(one.engine)
        assert broken.value.id == entry.id


async def test_a_hole_in_the_log_is_told_and_not_stepped_over(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        async with process(store) as other:
            for _ in range(3):
                await other.submit(cmd.Grant(teams=(TEAM,), keys=1))
        await execute(store, "DELETE FROM activity_log WHERE id = :id", id=one.tail.head + 2)
        with pytest.raises(Gap):
            await one.read_on()
        with pytest.raises(BrokenChain):
            await verify(one.engine)
