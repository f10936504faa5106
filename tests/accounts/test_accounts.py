"""Registering, logging in, and who may not."""

import asyncio

import pytest
from accounts_world import PASSWORD, desk

from hunt.accounts.errors import BadAccount, LoginThrottled, WrongLogin
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT
from hunt.game.refusals import Conflict, Forbidden, NotFound
from hunt.log.writer import Request
from stores import StandingClock, team_names

HASH = "a hash that fits nothing"


async def test_a_team_registers_and_logs_in(store: str) -> None:
    async with desk(store) as one:
        team_id, done = await one.accounts.register(" Unicorns ", "The  Unicorns", PASSWORD)
        assert done.ids is not None
        assert one.process.tail.board.teams[team_id].name == "The Unicorns"
        session, token = await one.login("\uff35NICORNS")
        assert (session.kind, session.account_id) == ("team", team_id)
        assert one.accounts.guard.identify(token) == session
        await one.process.check()


@pytest.mark.parametrize(
    ("username", "password"), [("a", "wrong horse"), ("b", PASSWORD), ("", PASSWORD), ("a\0", PASSWORD)]
)
async def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    sqlite_store: str, username: str, password: str
) -> None:
    async with desk(sqlite_store) as one:
        await one.team("a")
        with pytest.raises(WrongLogin) as wrong:
            await one.login(username, password)
        assert str(wrong.value) == str(WrongLogin())


async def test_a_team_is_no_operator(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        await one.team("a")
        await one.accounts.operators.add("hq", PASSWORD)
        with pytest.raises(WrongLogin):
            await one.login("a", kind="operator")
        with pytest.raises(WrongLogin):
            await one.login("hq")
        assert (await one.login("hq", kind="operator"))[0].kind == "operator"


async def test_a_name_that_is_tried_too_often_waits_even_with_the_right_password(sqlite_store: str) -> None:
    clock = StandingClock()
    async with desk(sqlite_store, clock) as one:
        await one.team("a")
        await one.team("b")
        for _ in range(FAILURES_PER_ACCOUNT):
            with pytest.raises(WrongLogin):
                await one.login("A", "wrong horse")
        with pytest.raises(LoginThrottled):
            await one.login("a")
        assert await one.login("b")
        clock.wait(minutes=16)
        assert await one.login("a")


async def test_tries_at_the_same_moment_are_counted_too(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        await one.team("a")
        tries = [one.login("a", f"wrong horse {number}") for number in range(3 * FAILURES_PER_ACCOUNT)]
        outcomes = [type(outcome) for outcome in await asyncio.gather(*tries, return_exceptions=True)]
        # As many as hash at the same moment may slip through.
        assert FAILURES_PER_ACCOUNT <= outcomes.count(WrongLogin) < FAILURES_PER_ACCOUNT + 4
        assert set(outcomes) == {WrongLogin, LoginThrottled}


async def test_a_room_full_of_people_may_log_in_at_once(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        await one.team("a")
        logins = await asyncio.gather(*(one.login("a") for _ in range(2 * FAILURES_PER_ACCOUNT)))
        assert len({session.id for session, _ in logins}) == 2 * FAILURES_PER_ACCOUNT


async def test_a_deactivated_team_cannot_log_in(store: str) -> None:
    async with desk(store) as one:
        team_id = await one.team("a")
        await one.accounts.set_active(team_id, active=False)
        with pytest.raises(Forbidden):
            await one.login("a")
        with pytest.raises(WrongLogin):
            await one.login("a", "wrong horse")


async def test_a_taken_name_is_refused_while_others_register(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        wanted = ["same", *(f"team{number}" for number in range(6)), "SAME"]
        outcomes = await asyncio.gather(
            *(each.team(name, HASH) for each in (one, two) for name in wanted), return_exceptions=True
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert {type(outcome) for outcome in refused} == {Conflict}
        assert len(outcomes) - len(refused) == 7
        rows = await one.process.check()
        registered = {row.team_id for row in rows if row.type == "team_registered"}
        assert registered == set(await team_names(store)) == {row.team_id for row in rows}


async def test_either_name_may_be_the_one_that_is_taken(store: str) -> None:
    async with desk(store) as one:
        await one.accounts.register("a", "Name", "", password_hash=HASH)
        await one.accounts.register("o", "Owls", "", password_hash=HASH)
        for username, name in (("a", "Other"), ("b", "Name"), ("b", "OwIs")):
            with pytest.raises(Conflict) as taken:
                await one.accounts.register(username, name, "", password_hash=HASH)
            assert taken.value.code == "name_taken"
        assert [username for username, _ in (await team_names(store)).values()] == ["a", "o"]


async def test_a_registration_may_be_repeated_with_its_key(store: str) -> None:
    again = Request(key="k" * 64, body="b" * 64)
    async with desk(store) as one:
        first = await one.accounts.register("a", "A", "", password_hash=HASH, request=again)
        second = await one.accounts.register("a", "A", "", password_hash=HASH, request=again)
        assert (second[0], second[1].ids) == (first[0], first[1].ids)
        assert len(await team_names(store)) == 1


async def test_a_field_that_cannot_be_is_named_before_anything_is_hashed(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        for username, name, password, field in (
            ("", "A", PASSWORD, "username"),
            ("a", "", PASSWORD, "name"),
            ("a", "A", "short", "password"),
        ):
            with pytest.raises(BadAccount) as bad:
                await one.accounts.register(username, name, password)
            assert bad.value.field == field
        assert await one.process.rows() == []


async def test_a_team_takes_another_name_but_not_a_taken_one(store: str) -> None:
    async with desk(store) as one:
        team_id = await one.team("a", HASH)
        await one.team("b", HASH)
        await one.accounts.register("o", "Owls", "", password_hash=HASH)
        await one.accounts.rename(team_id, "  Ünïcorns ")
        assert one.process.tail.board.teams[team_id].name == "Ünïcorns"
        for taken in ("B", "OwIs"):
            with pytest.raises(Conflict):
                await one.accounts.rename(team_id, taken)
        assert (await team_names(store))[team_id] == ("a", "Ünïcorns")
        await one.process.check()


async def test_accounts_that_do_not_exist_are_not_found(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        outcomes = await asyncio.gather(
            one.accounts.set_password("team", 99, PASSWORD),
            one.accounts.set_password("operator", 99, PASSWORD),
            one.accounts.set_active(99, active=False),
            one.accounts.rename(99, "Nobody"),
            one.accounts.operators.remove(99),
            one.accounts.operators.set_disabled(99, disabled=True),
            one.accounts.unlock("team", 99),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [NotFound] * 7
        assert await one.accounts.named("team", "nobody") is None


async def test_operators_have_names_of_their_own(store: str) -> None:
    async with desk(store) as one:
        operator = await one.accounts.operators.add("HQ", "", password_hash=HASH)
        session, _ = await one.accounts.start_session("operator", operator, "a test")
        assert one.accounts.guard.operator_name(session) == "hq"
        with pytest.raises(Conflict):
            await one.accounts.operators.add("hq", "", password_hash=HASH)
        assert [row.username for row in await one.accounts.operators.all()] == ["hq"]
        assert await one.accounts.named("operator", "Hq")


async def test_an_imported_team_has_no_password_that_would_fit(sqlite_store: str) -> None:
    async with desk(sqlite_store) as one:
        await one.process.register(1)
        for password in ("", "None", "nobody has this password"):
            with pytest.raises(WrongLogin):
                await one.login("team1", password)
