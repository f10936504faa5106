"""Entries as text: made from rows and proven by text alone, and the same as what is read and written as entries."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hunt.game.entries import GENESIS, Entry, digest_of, encode_entry
from hunt.log.database import connect
from hunt.log.lines import Line, digest_in, line_of
from hunt.log.reader import LogReader, row_of
from hunt.log.tables import EntryRow, TeamRow

pytestmark = pytest.mark.anyio

TEXTS = [
    "two\nlines",
    "",
    "owls",
    "ünï🙂",
    'a "quoted" \\ text',
    "\x00\x1f\u2028",
    '"id":3,"internal_data":',
    '"digest":"',
    "</script>",
]
TEAMS = [1, 2, 3]


def random_value(random: Random, depth: int = 0) -> Any:
    kind = random.randrange(7 if depth < 3 else 5)
    if kind == 5:
        return [random_value(random, depth + 1) for _ in range(random.randrange(3))]
    if kind == 6:
        return {random.choice(TEXTS): random_value(random, depth + 1) for _ in range(random.randrange(4))}
    return [None, True, random.randrange(-(2**60), 2**60), random.choice(TEXTS), random.random() * 1e20][kind]


def random_object(random: Random, id: int) -> dict[str, Any] | None:
    if random.random() < 0.3:
        return None
    names = [*TEXTS, "digest", "id", "internal_data"]
    found = {random.choice(names): random_value(random) for _ in range(random.randrange(4))}
    return found | ({"digest": GENESIS, "id": id, "internal_data": None} if random.random() < 0.1 else {})


def random_log(seed: int, count: int) -> list[Entry]:
    random, entries, digest = Random(seed), list[Entry](), GENESIS
    for id in range(1, count + 1):
        entry = Entry(
            id=id,
            team_id=random.choice([None, *TEAMS]),
            timestamp=datetime(2026, 1, 16, tzinfo=UTC) + timedelta(microseconds=random.randrange(10**13)),
            type=random.choice(["puzzle_solved", "a_type_of_later"]),
            slug=random.choice([None, *(text for text in TEXTS if "\x00" not in text)]),
            currency_delta=random.randrange(-5, 5),
            strong_currency_delta=random.randrange(-5, 5),
            data=random_object(random, id),
            internal_data=random_object(random, id),
        )
        digest = digest_of(digest, entry)
        entries.append(msgspec.structs.replace(entry, digest=digest))
    return entries


def entry_of(id: int, data: dict[str, Any] | None = None) -> Entry:
    """An entry as if it were the first of its log."""
    entry = Entry(id=id, team_id=None, timestamp=datetime(2026, 1, 16, tzinfo=UTC), type="t", data=data)
    return msgspec.structs.replace(entry, digest=digest_of(GENESIS, entry))


def previous_of(entries: list[Entry]) -> list[str]:
    return [GENESIS, *(entry.digest for entry in entries)]


def proven_slowly(previous: str, id: int, body: bytes) -> str | None:
    """What `digest_in` may say at most: the way through the entry."""
    try:
        entry = msgspec.json.decode(body, type=Entry)
        again = encode_entry(entry).encode()
    except (msgspec.DecodeError, UnicodeError, ValueError):
        return None
    fits = entry.id == id and again == body and digest_of(previous, entry) == entry.digest
    return entry.digest if fits else None


def test_the_text_alone_proves_what_the_entry_proves() -> None:
    entries = random_log(1, 500)
    proven = 0
    for previous, entry in zip(previous_of(entries), entries, strict=False):
        body = encode_entry(entry).encode()
        said = digest_in(previous, entry.id, body)
        assert said in (entry.digest, None)
        proven += said is not None
    assert proven > 400  # the others hold the words of the place twice


def test_no_edit_of_a_byte_is_overlooked() -> None:
    entries = random_log(2, 12)
    for previous, entry in zip(previous_of(entries), entries, strict=False):
        body = encode_entry(entry).encode()
        for at in range(len(body)):
            for edited in (
                body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :],
                body[:at] + body[at + 1 :],
                body[:at] + b" " + body[at:],
            ):
                assert digest_in(previous, entry.id, edited) in (None, proven_slowly(previous, entry.id, edited))
                assert edited == body or digest_in(previous, entry.id, edited) is None


def test_a_digest_that_was_moved_elsewhere_is_noticed() -> None:
    for hidden in (None, {"x": 1, "y": '"id":1,"internal_data":'}, {"a": {"b": 0, "id": 1, "internal_data": None}}):
        entry = entry_of(1, hidden)
        body, piece = encode_entry(entry).encode(), f'"digest":"{entry.digest}",'.encode()
        rest = body.replace(piece, b"")
        right = body.index(piece)
        for at in range(len(rest) + 1):
            if at != right:
                assert digest_in(GENESIS, 1, rest[:at] + piece + rest[at:]) is None


def test_another_id_or_another_entry_before_proves_nothing() -> None:
    first, second = (entry_of(id) for id in (1, 2))
    second = msgspec.structs.replace(second, digest=digest_of(first.digest, second))
    body = encode_entry(second).encode()
    assert digest_in(first.digest, 2, body) == second.digest
    assert digest_in(first.digest, 3, body) is None
    assert digest_in(GENESIS, 2, body) is None


def test_a_body_in_another_form_proves_nothing_though_its_digest_is_computed_anew() -> None:
    rest = b'{"currency_delta":0,"data":null,"id":1,"internal_data":null,"slug":null}'
    said = hashlib.sha256(GENESIS.encode() + rest.replace(b'"id"', b' "id"')).hexdigest()
    body = rest.replace(b'"id"', f' "digest":"{said}", "id"'.encode())
    assert digest_in(GENESIS, 1, body) is None


@pytest.fixture
async def engine(store: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(store)
    yield engine
    await engine.dispose()


async def store_all(engine: AsyncEngine, entries: list[Entry]) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(TeamRow), [{"id": id, "username": f"t{id}", "name": f"T{id}"} for id in TEAMS])
        await connection.execute(insert(EntryRow), [row_of(entry) for entry in entries])


async def both_ways(engine: AsyncEngine, after: int, limit: int) -> tuple[list[Line], list[Line]]:
    reader = LogReader(engine)
    return await reader.lines(after, limit), [line_of(entry) for entry in await reader.entries(after, limit)]


async def test_lines_of_sql_are_its_entries(engine: AsyncEngine) -> None:
    entries = random_log(5, 300)
    await store_all(engine, entries)
    for after, limit in ((0, 1000), (0, 7), (123, 50), (299, 5), (300, 5)):
        lines, right = await both_ways(engine, after, limit)
        assert lines == right == [line_of(entry) for entry in entries[after : after + limit]]


EDITS = [
    "data = '{ \"a\": 1}'",
    'data = \'{"b":1,"a":1}\'',
    "data = ''",
    "data = 'nothing'",
    "data = NULL",
    "data = 'null'",
    "internal_data = ' null '",
    "data = '%s %d %%'",
    "internal_data = '[]'",
    "internal_data = '{\"a\":NaN}'",
    "slug = 'edited'",
    "team_id = NULL, currency_delta = 99",
    "type = 'edited \"here\"'",
    "digest = 'none'",
    "timestamp = '2020-02-02T00:00:00.000000Z'",
    'data = \'{"a":"\\ud800"}\'',
    'internal_data = \'{"a":' + "[" * 20_000 + "]" * 20_000 + "}'",
]


@pytest.mark.parametrize("edit", EDITS)
async def test_a_row_that_was_edited_by_hand_is_read_as_an_entry(engine: AsyncEngine, edit: str) -> None:
    await store_all(engine, random_log(6, 9))
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE activity_log SET {edit} WHERE id IN (1, 5, 6)")
    lines, right = await both_ways(engine, 0, 100)
    assert lines == right


@pytest.mark.parametrize("moment", ["yesterday", "2026-01-16 17:00:00", "2026-01-16T17:00:00.000000+02:00", ""])
async def test_a_time_that_was_edited_in_sqlite_is_read_as_an_entry(sqlite_store: str, moment: str) -> None:
    engine = connect(sqlite_store)
    await store_all(engine, random_log(7, 9))
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE activity_log SET timestamp = :moment WHERE id = 4"), {"moment": moment})
    lines, right = await both_ways(engine, 0, 100)
    assert lines == right
    await engine.dispose()


async def test_lines_of_a_log_with_a_hole_are_its_entries(engine: AsyncEngine) -> None:
    await store_all(engine, random_log(8, 20))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM activity_log WHERE id = 7"))
    lines, right = await both_ways(engine, 0, 100)
    assert lines == right
