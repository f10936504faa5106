"""What is kept of the teams is damaged, replaced, of another hunt or away: it is not used, and is written anew."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from derived_world import FORM, SECRET, TEAMS, Busy, Keeping, keeping, some_guesses, start

from hunt.game.board import Board
from hunt.replica.derived.form import Form, Kept, rules
from hunt.replica.derived.scripts import DerivedScripts
from servers import RedisServer
from stores import HUNT, Process, process

pytestmark = pytest.mark.usefixtures("step_by_step")


def lacks_a_team(raw: Any) -> None:
    raw.hdel(FORM.teams, "2")


def meta_alone(raw: Any) -> None:
    raw.delete(FORM.teams)


def lacks_the_meta(raw: Any) -> None:
    raw.delete(FORM.meta)


def an_edited_state(raw: Any) -> None:
    value = bytearray(raw.hget(FORM.teams, "1"))
    value[-1] ^= 1
    raw.hset(FORM.teams, "1", bytes(value))


def an_edited_meta(raw: Any) -> None:
    value = bytearray(raw.get(FORM.meta))
    value[20] ^= 1
    raw.set(FORM.meta, bytes(value))


def nothing_in_a_state(raw: Any) -> None:
    raw.hset(FORM.teams, "3", b"")


def two_teams_exchanged(raw: Any) -> None:
    first, second = raw.hmget(FORM.teams, ["1", "2"])
    raw.hset(FORM.teams, mapping={"1": second, "2": first})


def of_another_kind(raw: Any) -> None:
    raw.delete(FORM.teams)
    raw.rpush(FORM.teams, "what is this?")


def meta_of_another_kind(raw: Any) -> None:
    raw.delete(FORM.meta)
    raw.rpush(FORM.meta, "what is this?")


def of_another_secret(raw: Any) -> None:
    other = Form(HUNT, "another secret")
    stand = FORM.kept(1, raw.hget(FORM.teams, "1")).stand
    raw.hset(FORM.teams, "1", other.close("1", Kept(stand, Board(HUNT).everyone)))


DAMAGES: list[Callable[[Any], None]] = [
    lacks_a_team,
    meta_alone,
    lacks_the_meta,
    an_edited_state,
    an_edited_meta,
    nothing_in_a_state,
    two_teams_exchanged,
    of_another_kind,
    meta_of_another_kind,
    of_another_secret,
]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_is_damaged_is_not_used(
    sqlite_store: str, redis_url: str, raw: Any, damage: Callable[[Any], None]
) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await some_guesses(one, *TEAMS)
        assert await kept.write()
        damage(raw)
        used, _ = await start(sqlite_store, redis_url)
        assert not used
        await heal(one, kept)
    assert (await start(sqlite_store, redis_url))[0]


async def heal(one: Process, kept: Keeping) -> None:
    """What the passes and the samples of some minutes do."""
    await some_guesses(one, 1)
    await kept.write()
    for team_id in TEAMS:
        await kept.sample(team_id)
    assert await kept.write()


async def test_an_old_state_that_was_put_back_is_not_used(sqlite_store: str, redis_url: str, raw: Any) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await kept.write()
        old_state, old_meta = raw.hget(FORM.teams, "1"), raw.get(FORM.meta)
        await some_guesses(one, 1)
        await kept.write()
        new_state, new_meta = raw.hget(FORM.teams, "1"), raw.get(FORM.meta)
        raw.hset(FORM.teams, "1", old_state)
        assert not (await start(sqlite_store, redis_url))[0]
        raw.set(FORM.meta, old_meta)
        assert (await start(sqlite_store, redis_url))[0], "all of it is as it once was: the rest is in the log"
        raw.hset(FORM.teams, "1", new_state)
        assert (await start(sqlite_store, redis_url))[0], "a state may be newer than the meta"
        raw.set(FORM.meta, new_meta)
        raw.hset(FORM.teams, "1", old_state)
        assert not await kept.sample(1)
        assert await kept.write()
    assert (await start(sqlite_store, redis_url))[0]


async def test_another_hunt_finds_nothing_of_this_one(sqlite_store: str, redis_url: str) -> None:
    other = msgspec.structs.replace(HUNT, title="Another Hunt")
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await kept.write()
    assert not (await start(sqlite_store, redis_url, other))[0]
    assert not (await start(sqlite_store, redis_url, secret="another secret"))[0]
    assert (await start(sqlite_store, redis_url))[0]


async def test_other_rules_find_nothing_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.replica.derived.form.rules", lambda: "other rules")
    assert Form(HUNT, SECRET).meta != FORM.meta


async def test_code_whose_sources_are_not_there_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.replica.derived.form.MADE_BY", (("hunt.game", "no_such_file.py"),))
    assert rules.__wrapped__() != rules.__wrapped__()


async def test_redis_may_be_emptied_while_it_is_read(
    sqlite_store: str, redis_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = DerivedScripts.values

    async def emptied(self: DerivedScripts, form: Form, team_ids: list[int]) -> list[bytes | None]:
        redis_server.flush()
        return await values(self, form, team_ids)

    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await kept.write()
        monkeypatch.setattr(DerivedScripts, "values", emptied)
        assert not (await start(sqlite_store, redis_url))[0]


@pytest.mark.parametrize("names", [("teams",), ("teams", "meta"), ("meta", "pass_"), ("teams", "meta", "pass_")])
async def test_what_is_kept_may_vanish_while_it_is_written(
    sqlite_store: str, redis_url: str, raw: Any, names: tuple[str, ...]
) -> None:
    async def meanwhile() -> None:
        raw.delete(*(getattr(FORM, name) for name in names))

    async with process(sqlite_store) as one:
        await one.register(*TEAMS)
        async with keeping(one, redis_url, Busy(lambda: some_guesses(one, 1), meanwhile)) as kept:
            assert not await kept.write()
            assert not (await start(sqlite_store, redis_url))[0]
            assert await kept.write()
        assert (await start(sqlite_store, redis_url))[0]


async def test_redis_may_be_away(sqlite_store: str, redis_url: str, redis_server: RedisServer) -> None:
    async with process(sqlite_store) as one, keeping(one, redis_url) as kept:
        await one.register(*TEAMS)
        await kept.write()
    redis_server.kill()
    assert not (await start(sqlite_store, redis_url))[0]
