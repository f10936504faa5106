"""The log as JSON Lines: out of one database, into another, and proven."""

import io
import json
import re
from typing import Any

import msgspec
import pytest

from hunt.accounts.repositories import TeamRepository, inside
from hunt.game import commands as cmd
from hunt.game.entries import (
    GENESIS,
    BrokenChain,
    Draft,
    Entry,
    TeamRegistered,
    TeamRenamed,
    digest_of,
    encode_entry,
    sealed,
)
from hunt.log.tables import TeamRow
from hunt.log.transfer import BadLine, NotEmpty, export, load, verify
from playing import KICKOFF, slug_of
from stores import Process, execute, process, team_names


async def played(one: Process) -> None:
    await one.register(1, 2, 5)
    await one.guess("canned")
    await one.guess("answer", 2)
    await one.submit(cmd.SolvePuzzle(teams=None, slug=slug_of("b")), internal_data={"operator": "hq \u2028 ünï"})


async def exported(one: Process) -> str:
    file = io.StringIO()
    assert await export(one.engine, file) == one.tail.head
    return file.getvalue()


async def test_an_export_is_one_line_of_json_for_each_entry(store: str) -> None:
    async with process(store) as one:
        await played(one)
        lines = (await exported(one)).split("\n")
        assert lines.pop() == ""
        assert [json.loads(line)["id"] for line in lines] == list(range(1, one.tail.head + 1))
        assert lines == [encode_entry(entry) for entry in await one.check()]


async def test_a_log_survives_the_way_from_either_store_to_the_other(
    store: str, request: pytest.FixtureRequest
) -> None:
    other: str = request.getfixturevalue("postgres_store" if store.startswith("sqlite") else "sqlite_store")
    async with process(store) as one:
        await played(one)
        lines = (await exported(one)).splitlines(keepends=True)
        async with process(other) as two:
            # str.splitlines also splits at U+2028, which a file does not.
            assert len(lines) > one.tail.head
            assert await load(two.engine, io.StringIO("".join(lines))) == one.tail.head
            assert await two.check() == await one.check()
            assert await verify(two.engine) == (one.tail.head, one.tail.digest)
            assert two.tail.board.teams == one.tail.board.teams
    assert await team_names(other) == await team_names(store)


async def test_a_team_that_registers_after_an_import_gets_an_id_of_its_own(store: str) -> None:
    async with process(store) as one:
        file = io.StringIO("\n".join(lines_of(TeamRegistered("nine", "Nine"), team_id=9)))
        assert await load(one.engine, file) == 1
        async with one.engine.connect() as connection, inside(connection) as db:
            row = await TeamRepository(session=db).add(TeamRow(username="new", name="New"))
            assert row.id == 10
            await connection.rollback()


def lines_of(*events: TeamRegistered | TeamRenamed, team_id: int | None = None) -> list[str]:
    """The lines of a log of these events, of teams 1, 1, 2, 2, … unless said otherwise."""
    rows: list[Entry] = []
    for number, event in enumerate(events):
        draft = Draft(team_id=team_id or number // 2 + 1, event=event)
        previous = rows[-1].digest if rows else GENESIS
        rows.append(sealed(draft, id=number + 1, timestamp=KICKOFF, previous=previous, internal_data=None))
    return [encode_entry(row) for row in rows]


async def test_a_name_that_became_free_by_a_renaming_may_be_taken(store: str) -> None:
    lines = lines_of(
        TeamRegistered("one", "Wanted"), TeamRenamed("Other"), TeamRegistered("two", "Wanted"), TeamRenamed("Last")
    )
    async with process(store) as one:
        assert await load(one.engine, lines) == 4
    assert await team_names(store) == {1: ("one", "Other"), 2: ("two", "Last")}


async def test_teams_that_exist_keep_their_account(store: str) -> None:
    await execute(store, "INSERT INTO teams (id, username, name, password_hash) VALUES (1, 'mine', 'Mine', 'hash')")
    async with process(store) as one:
        await load(one.engine, lines_of(TeamRegistered("one", "One"), TeamRenamed("Uno")))
    assert await team_names(store) == {1: ("mine", "Mine")}


async def test_an_import_goes_only_into_an_empty_log(store: str) -> None:
    async with process(store) as one:
        await played(one)
        text = await exported(one)
        with pytest.raises(NotEmpty):
            await load(one.engine, io.StringIO(text))
        await one.check()


@pytest.mark.parametrize(
    ("damage", "bad_id"),
    [
        (lambda lines: [*lines[:2], lines[2].replace("puzzle", "muzzle"), *lines[3:]], 3),
        (lambda lines: [*lines[:3], *lines[4:]], 5),
        (lambda lines: lines[1:], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 2),
        (lambda lines: [*lines, lines[-1]], None),
    ],
)
async def test_a_broken_chain_is_refused_whole(store: str, damage: object, bad_id: int | None) -> None:
    async with process(store) as one:
        await played(one)
        lines = [encode_entry(entry) for entry in await one.rows()]
    await execute(store, "DELETE FROM activity_log")
    await execute(store, "DELETE FROM teams")
    assert callable(damage)
    async with process(store) as one:
        with pytest.raises(BrokenChain) as broken:
            await load(one.engine, damage(lines))
        assert broken.value.id == (bad_id or len(lines))
        assert await one.rows() == []
    assert await team_names(store) == {}


@pytest.mark.parametrize("line", ["not json", "{}", "[]", '{"id": 1}', '{"id": "1", "team_id": null}', "\udcff"])
async def test_a_line_that_is_no_entry_is_named_by_its_number(store: str, line: str) -> None:
    good = lines_of(TeamRegistered("one", "One"))
    async with process(store) as one:
        with pytest.raises(BadLine, match="line 3 "):
            await load(one.engine, [*good, "\n", line])
        assert await one.rows() == []


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


def strange(**fields: Any) -> str:
    """The line of a first entry that no version of this server writes, with the digest that fits it."""
    row = Entry(id=1, team_id=None, timestamp=KICKOFF, type="from_tomorrow")
    row = msgspec.structs.replace(row, **fields)
    return encode_entry(msgspec.structs.replace(row, digest=digest_of(GENESIS, row)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"data": {"a": 1.5}}, "1.5 is a number with a fraction"),
        ({"internal_data": {"a": [{"b": 1e300}]}}, "a number with a fraction"),
        ({"data": {"a": ["\0"]}}, "a NUL character"),
        ({"data": {"a\0": 1}}, "a NUL character"),
        ({"slug": "\0"}, "a NUL character"),
        ({"type": "\0"}, "a NUL character"),
        ({"data": nested(101)}, "too deep"),
        ({"currency_delta": 2**31}, "currency_delta"),
        ({"strong_currency_delta": -(10**30)}, "strong_currency_delta"),
        ({"type": "team_registered", "team_id": 2**63, "data": {"username": "a", "name": "A"}}, "team_id"),
        ({"type": "team_registered", "team_id": 0, "data": {"username": "a", "name": "A"}}, "team_id"),
    ],
)
async def test_what_no_entry_holds_is_refused_though_its_digest_fits(
    store: str, fields: dict[str, Any], says: str
) -> None:
    async with process(store) as one:
        with pytest.raises(BadLine, match=f"line 1 .*{re.escape(says)}"):
            await load(one.engine, [strange(**fields)])
        assert await one.rows() == []


async def test_an_entry_of_a_type_from_tomorrow_is_kept(store: str) -> None:
    line = strange(data={"a": [1, None, True, {"ü \u2028": -(10**15)}], "b": nested(90)})
    async with process(store) as one:
        assert await load(one.engine, [line]) == 1
        file = io.StringIO()
        assert await export(one.engine, file) == 1
        assert file.getvalue() == line + "\n"


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace('"digest"', '"extra":1,"digest"'),
        lambda line: line.replace("2026-01-16", "0001-01-01").replace("Z", "+23:00"),
        lambda line: line.replace('"data":null', f'"data":{{"a":{"[" * 50_000}{"]" * 50_000}}}'),
        lambda line: line.replace('"data":null', '"data":{"a":"\\ud800"}'),
    ],
    ids=["a field that no digest covers", "a year that UTC does not have", "very deep", "half a character"],
)
async def test_a_line_with_what_no_digest_could_be_made_of_is_named(store: str, damage: object) -> None:
    assert callable(damage)
    line = strange()
    damaged = damage(line)
    assert damaged != line
    async with process(store) as one:
        with pytest.raises(BadLine, match="line 1 "):
            await load(one.engine, [damaged])


async def test_an_entry_of_a_team_that_nobody_registered_is_refused_with_its_id(store: str) -> None:
    async with process(store) as one:
        with pytest.raises(BrokenChain, match="team 7"):
            await load(one.engine, lines_of(TeamRenamed("Nobody"), team_id=7))
        assert await one.rows() == []


@pytest.mark.parametrize("column", ["team_id", "type", "slug", "currency_delta", "data", "internal_data", "digest"])
async def test_a_row_edited_in_place_is_found_by_its_id(store: str, column: str) -> None:
    edited = {"team_id": 2, "currency_delta": 7, "data": '{"answer":"OTHER"}', "internal_data": "{}"}
    async with process(store) as one:
        await played(one)
        solved = next(entry.id for entry in await one.rows() if entry.type == "puzzle_solved" and entry.team_id == 2)
        value = 1 if column == "team_id" else edited.get(column, "x")
        await execute(store, f"UPDATE activity_log SET {column} = :value WHERE id = :id", value=value, id=solved)
        with pytest.raises(BrokenChain) as broken:
            await verify(one.engine)
        assert broken.value.id == solved


async def test_times_edited_in_place_are_found_too(store: str) -> None:
    times = ["garbage", "2026-01-16T17:00:00.000001Z"] if store.startswith("sqlite") else []
    async with process(store) as one:
        await played(one)
        for time in times:
            await execute(store, "UPDATE activity_log SET timestamp = :time WHERE id = 3", time=time)
            with pytest.raises(BrokenChain) as broken:
                await verify(one.engine)
            assert broken.value.id == 3


async def test_an_empty_log_is_whole(store: str) -> None:
    async with process(store) as one:
        assert await verify(one.engine) == (0, GENESIS)
        assert await load(one.engine, []) == 0
