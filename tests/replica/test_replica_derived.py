"""A start from the states that Redis keeps, whatever became of them: the right board, and never an error."""

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from derived_world import FORM, TEAMS, Busy, keeping, lose, lost, some_guesses, start
from hypothesis import given
from hypothesis import strategies as st

from hunt.content.model import Hunt
from hunt.game import commands as cmd
from hunt.game.refusals import Refused
from hunt.replica.derived.form import META, Kept, Meta, Stand
from playing import quick
from random_hunts import commands, hunts
from servers import RedisServer
from stores import Process, StandingClock, process

pytestmark = pytest.mark.usefixtures("step_by_step")

steps = st.lists(commands | st.sampled_from(["write", "register", "an hour"]), min_size=4, max_size=16)
files = itertools.count()


async def play(one: Process, redis_url: str, clock: StandingClock, played: list[cmd.Command | str]) -> None:
    await one.register(1, 2)
    ids = itertools.count(3)
    async with keeping(one, redis_url) as kept:
        for step in played:
            if step == "write":
                assert await kept.write()
            elif step == "register":
                await one.register(next(ids))
            elif isinstance(step, str):
                clock.now += timedelta(hours=1)
            else:
                await try_to(one, step)


async def try_to(one: Process, command: cmd.Command) -> None:
    try:
        await one.submit(command)
    except Refused:
        return


@given(hunts(), steps)
@quick(25)
def test_a_start_from_what_is_kept_is_the_fold_of_the_log(
    migrated_file: Path, tmp_path: Path, redis_server: RedisServer, hunt: Hunt, played: list[cmd.Command | str]
) -> None:
    path = tmp_path / f"{next(files)}.sqlite3"
    path.write_bytes(migrated_file.read_bytes())
    url, clock = f"sqlite+aiosqlite:///{path}", StandingClock()

    async def check() -> None:
        async with process(url, hunt, clock) as one:
            await play(one, redis_server.url, clock, played)
        used, _ = await start(url, redis_server.url, hunt)
        assert used is ("write" in played)

    redis_server.flush()
    asyncio.run(check())


async def test_it_is_so_in_either_store(store: str, redis_url: str) -> None:
    async with process(store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await some_guesses(one, 1, 2, 1)
        assert await kept.write()
        await one.submit(cmd.SatisfyGate(teams=None, id="g"))
        await some_guesses(one, 2, text="answer")
    used, tail = await start(store, redis_url)
    assert used
    assert tail.between(0, tail.head), "the newest entries are in memory"


async def test_only_what_changed_is_written(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        assert await kept.write()
        assert kept.written == 3
        assert await kept.write()
        assert kept.written == 3
        await some_guesses(one, 2)
        assert await kept.write()
        assert kept.written == 4
        await one.submit(cmd.Grant(teams=None, keys=1))
        assert await kept.write()
        assert kept.written == 7
        async with process(sqlite_store) as other, keeping(other, redis_url) as takes_over:
            await some_guesses(other, 1)
            assert await takes_over.write()
            assert takes_over.written == 1
    assert (await start(sqlite_store, redis_url))[0]


async def test_everything_that_is_kept_ends_by_itself(sqlite_store: str, redis_url: str, raw: Any) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await kept.write()
    names = raw.keys("derived/*")
    assert sorted(names) == sorted(name.encode() for name in (FORM.teams, FORM.meta, FORM.pass_))
    assert all(0 < raw.ttl(name) <= 86_400 for name in names)


async def test_states_may_be_newer_than_the_pass_that_wrote_them(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one:

        async def meanwhile() -> None:
            await some_guesses(one, 3, 1)
            await one.submit(cmd.Grant(teams=None, keys=1))

        async with keeping(one, redis_url, Busy(meanwhile, meanwhile, meanwhile)) as kept:
            await one.register(*TEAMS)
            assert await kept.write()
            assert (await start(sqlite_store, redis_url))[0]
            await one.register(4)
            await some_guesses(one, 4, 1)
            assert (await start(sqlite_store, redis_url))[0]


@pytest.mark.parametrize("slices", [0, 1, 2])
async def test_a_pass_that_was_left_off_spoils_nothing(sqlite_store: str, redis_url: str, slices: int) -> None:
    async with process(sqlite_store) as one:
        await one.register(*TEAMS)
        async with keeping(one, redis_url) as kept:
            assert await kept.write()
        await some_guesses(one, *TEAMS)
        held = [lambda: some_guesses(one, 2)] * slices
        async with keeping(one, redis_url, Busy(*held, lost)) as kept:
            assert not await kept.write()
            assert kept.written == slices
        assert (await start(sqlite_store, redis_url))[0]
        async with keeping(one, redis_url) as kept:
            assert await kept.write()
        assert (await start(sqlite_store, redis_url))[0]


async def test_of_two_who_write_at_once_the_later_goes_on(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one, process(sqlite_store) as other:
        await one.register(*TEAMS)
        await other.read_on()
        async with keeping(other, redis_url) as second:

            async def the_other_writes() -> None:
                await some_guesses(one, 1)
                assert await second.write()

            async with keeping(one, redis_url, Busy(the_other_writes)) as first:
                assert not await first.write()
                assert first.written == 0
                assert (await start(sqlite_store, redis_url))[0]
                assert await first.write()
                await some_guesses(one, 1)
                assert await first.write()
                assert not await second.write(), "it knows less than what is kept"
        assert (await start(sqlite_store, redis_url))[0]


@pytest.mark.parametrize("lost_entries", [1, 2, 4, 6])
@pytest.mark.parametrize("grown", [0, 2, 5, 9])
async def test_states_of_another_history_are_not_used(
    sqlite_store: str, redis_url: str, lost_entries: int, grown: int
) -> None:
    async with process(sqlite_store) as one:
        await one.register(*TEAMS)
        await one.submit(cmd.SatisfyGate(teams=None, id="g"))
        meanwhile = [lambda: some_guesses(one, 2, 1)] * 3
        async with keeping(one, redis_url, Busy(*meanwhile)) as kept:
            assert await kept.write()
        await lose(sqlite_store, one.tail.head - lost_entries)
    async with process(sqlite_store) as other:
        for number in range(grown):
            await other.submit(cmd.Grant(teams=(1 + number % 2,), keys=2))
        assert not (await start(sqlite_store, redis_url))[0]
        async with keeping(other, redis_url) as kept:
            assert await kept.write()
        assert (await start(sqlite_store, redis_url))[0]
        await some_guesses(other, 3)
    assert (await start(sqlite_store, redis_url))[0]


@pytest.mark.parametrize("grown", [0, 3, 6])
async def test_a_newer_state_of_another_history_is_not_used(sqlite_store: str, redis_url: str, grown: int) -> None:
    async with process(sqlite_store) as one:
        await one.register(*TEAMS)
        async with keeping(one, redis_url) as kept:
            assert await kept.write()
            backup = one.tail.head
            await some_guesses(one, 1, 2)
            kept.derived._writer._lease = Busy(lambda: some_guesses(one, 2), lost)
            assert not await kept.write()
        await lose(sqlite_store, backup)
    async with process(sqlite_store) as other:
        for _ in range(grown):
            await other.submit(cmd.Grant(teams=(3,), keys=2))
    assert not (await start(sqlite_store, redis_url))[0]


async def test_a_process_that_lives_through_another_history_writes_everything_anew(
    sqlite_store: str, redis_url: str
) -> None:
    async with process(sqlite_store) as one:
        await one.register(*TEAMS)
        async with keeping(one, redis_url, Busy(*[lambda: some_guesses(one, 3)] * 3)) as kept:
            assert await kept.write()
            await some_guesses(one, 1, 2, 3)
            backup = one.tail.head - 2
            kept.derived._writer._lease = Busy(lambda: some_guesses(one, 2), lambda: some_guesses(one, 3), lost)
            assert not await kept.write()
            await lose(sqlite_store, backup)
            await one.read_on()
            await some_guesses(one, 1)
            before = kept.written
            assert await kept.write()
            assert kept.written - before == 3
    assert (await start(sqlite_store, redis_url))[0]


async def forge(one: Process, raw: Any, team_id: int) -> None:
    """A wrong state, sealed and listed as if a process with a fault had written it."""
    board = one.tail.board
    stand, wrong = Stand(board.head, board.digest), board.teams[team_id].copy()
    wrong.currency += 100
    value = FORM.close(str(team_id), Kept(stand, wrong))
    meta = FORM.meta_in(raw.get(FORM.meta))
    raw.hset(FORM.teams, str(team_id), value)
    raw.set(FORM.meta, FORM.close(META, Meta(stand, stand, meta.everyone, meta.seals | {team_id: value[:16]})))


async def test_a_sample_finds_a_wrong_state(sqlite_store: str, redis_url: str, raw: Any) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        assert await kept.sample(), "nothing is kept yet"
        await kept.write()
        await some_guesses(one, *TEAMS)
        assert await kept.sample(2), "what is kept may be older than the log"
        await forge(one, raw, 2)
        assert await kept.sample(1)
        assert not await kept.sample(2)
        assert kept.health.counters.derived_mismatches == 1
        assert not raw.exists(FORM.teams, FORM.meta)
        assert not (await start(sqlite_store, redis_url))[0]
        assert await kept.write()
        assert await kept.sample(2)
        assert (await start(sqlite_store, redis_url))[0]


async def test_a_sample_finds_a_wrong_state_in_this_process(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        one.tail.board.teams[2].currency += 100
        await kept.write()
        assert not await kept.sample(2)
        await one.check()
        assert await kept.write()
    assert (await start(sqlite_store, redis_url))[0]


async def test_a_sample_of_another_history_says_nothing(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await some_guesses(one, *TEAMS)
        await kept.write()
        await lose(sqlite_store, one.tail.head - 2)
        assert await kept.sample(3), "this process does not know yet"
        await one.read_on()
        assert await kept.sample(3), "the next pass will write it anew"
        assert kept.health.counters.derived_mismatches == 0


async def test_a_sample_reads_a_log_without_teams(sqlite_store: str, redis_url: str) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        assert await kept.sample()
        assert await kept.write()
        assert (await start(sqlite_store, redis_url))[0]
        await one.submit(cmd.SatisfyGate(teams=None, id="g"))
        await one.register(1)
        assert (await start(sqlite_store, redis_url))[0]


async def test_a_log_that_is_longer_than_memory_is_read_from_where_memory_begins(
    sqlite_store: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.replica.derived.loader.START_RING_ENTRIES", 2)
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await some_guesses(one, *TEAMS)
        await kept.write()
        begun = one.tail.head
        await some_guesses(one, 1)
    used, tail = await start(sqlite_store, redis_url)
    assert used
    assert [entry.id for entry in tail.ring] == [begun - 1, begun, begun + 1]
