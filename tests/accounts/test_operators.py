"""Operators are disabled and removed in every process at once, and what was done with accounts is audited."""

from collections.abc import Awaitable, Callable

import pytest
from accounts_world import PASSWORD, Desk, desk

from hunt.accounts import audit as kept
from hunt.accounts.audit import Actor
from hunt.accounts.errors import LoginThrottled, WrongLogin
from hunt.accounts.throttle import FAILURES_PER_ACCOUNT
from hunt.game.refusals import Forbidden
from stores import StandingClock, execute

Ending = Callable[[Desk, int], Awaitable[None]]


async def disable(one: Desk, id: int) -> None:
    await one.accounts.operators.set_disabled(id, disabled=True)


async def remove(one: Desk, id: int) -> None:
    await one.accounts.operators.remove(id)


async def audited(one: Desk, limit: int = 100) -> list[tuple[str, str, str, str]]:
    rows = await kept.newest(one.process.engine, limit)
    return [(row.action, f"{row.kind} {row.username}", row.actor, row.address) for row in rows]


@pytest.mark.parametrize("end", [disable, remove])
async def test_an_operator_who_is_disabled_or_removed_is_out_in_every_process(store: str, end: Ending) -> None:
    async with desk(store) as one, desk(store) as two:
        id = await one.accounts.operators.add("hq", PASSWORD)
        session, token = await one.login("hq", kind="operator")
        await two.refresh()
        assert two.accounts.guard.identify(token) == session
        assert two.accounts.guard.operator_name(session) == "hq"
        await end(one, id)
        assert one.accounts.guard.identify(token) is None
        await two.refresh()
        for each in (one, two):
            assert each.accounts.guard.identify(token) is None
            assert each.accounts.guard.operator_name(session) is None
            assert each.ended == [session.id] * len(each.ended)
            assert each.ended
            with pytest.raises((WrongLogin, Forbidden)):
                await each.login("hq", kind="operator")


async def test_an_operator_who_is_enabled_again_logs_in_anew(store: str) -> None:
    async with desk(store) as one:
        id = await one.accounts.operators.add("hq", PASSWORD)
        _, token = await one.login("hq", kind="operator")
        await disable(one, id)
        with pytest.raises(WrongLogin):
            await one.login("hq", "wrong horse", kind="operator")
        await one.accounts.operators.set_disabled(id, disabled=False)
        assert one.accounts.guard.identify(token) is None
        assert one.accounts.guard.identify((await one.login("hq", kind="operator"))[1])


@pytest.mark.parametrize("statement", ["DELETE FROM operators", "UPDATE operators SET disabled = true"])
async def test_an_operator_whose_row_is_changed_behind_our_back_is_out_too(store: str, statement: str) -> None:
    async with desk(store) as one:
        await one.accounts.operators.add("hq", PASSWORD)
        session, token = await one.login("hq", kind="operator")
        assert one.accounts.guard.identify(token)
        await execute(store, statement)
        await one.refresh()
        assert one.accounts.guard.identify(token) is None
        assert one.ended == [session.id]


async def test_a_token_is_not_good_for_the_operator_who_has_its_id_later(sqlite_store: str) -> None:
    clock = StandingClock()
    async with desk(sqlite_store, clock) as one:
        first = await one.accounts.operators.add("hq", PASSWORD)
        _, token = await one.login("hq", kind="operator")
        await execute(sqlite_store, "DELETE FROM operators")
        await execute(sqlite_store, "DELETE FROM sessions")
        clock.wait(seconds=1)
        assert await one.accounts.operators.add("boss", PASSWORD) == first
        await one.refresh()
        assert one.accounts.guard.identify(token) is None


async def test_operators_who_were_there_before_this_was_noted_stay_logged_in(store: str) -> None:
    async with desk(store) as one:
        await one.accounts.operators.add("hq", PASSWORD)
        await execute(store, "UPDATE operators SET created_at = NULL")
        _, token = await one.login("hq", kind="operator")
        assert one.accounts.guard.identify(token)


async def test_an_operator_who_was_made_elsewhere_is_told_from_a_forged_one(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        await one.accounts.operators.add("hq", PASSWORD)
        _, token = await one.login("hq", kind="operator")
        assert two.accounts.guard.is_of_unknown_account(token)
        assert not two.accounts.guard.is_of_unknown_account(token + "x")
        await two.refresh()
        assert two.accounts.guard.identify(token)


async def test_logins_failures_lockouts_and_changes_are_audited(store: str) -> None:
    boss = Actor("boss", "192.0.2.7")
    async with desk(store) as one:
        id = await one.accounts.operators.add("hq", PASSWORD, by=boss)
        session, _ = await one.login("hq", kind="operator")
        await one.accounts.logout(session, "192.0.2.8")
        for _ in range(FAILURES_PER_ACCOUNT):
            with pytest.raises(WrongLogin):
                await one.login("hq", "wrong horse", kind="operator")
        with pytest.raises(LoginThrottled):
            await one.login("hq", kind="operator")
        await one.accounts.unlock("operator", id, by=boss)
        await one.login("hq", kind="operator")
        team_id = await one.team("owls")
        await one.accounts.set_password("team", team_id, "battery staple", by=boss)
        assert await audited(one) == [
            ("added", "operator hq", "boss", "192.0.2.7"),
            ("login", "operator hq", "hq", "here"),
            ("logout", "operator hq", "hq", "192.0.2.8"),
            *[("login_failed", "operator hq", "hq", "here")] * FAILURES_PER_ACCOUNT,
            ("locked_out", "operator hq", "hq", "here"),
            ("unlocked", "operator hq", "boss", "192.0.2.7"),
            ("login", "operator hq", "hq", "here"),
            ("password_set", "team owls", "boss", "192.0.2.7"),
        ]


async def test_the_audit_says_nothing_of_names_that_are_no_operators_nor_of_teams_themselves(store: str) -> None:
    async with desk(store) as one:
        await one.team("owls")
        session, _ = await one.login("owls")
        for kind in ("operator", "team"):
            with pytest.raises(WrongLogin):
                await one.login("my-password", kind=kind)
        await one.accounts.change_password(session, PASSWORD, "battery staple")
        await one.accounts.logout(session)
        assert await audited(one) == []


async def test_of_what_anybody_can_cause_the_newest_rows_are_kept_and_of_changes_all(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MAX_PASSING", 5)
    async with desk(store) as one:
        await one.accounts.operators.add("hq", PASSWORD)
        for _ in range(9):
            with pytest.raises(WrongLogin):
                await one.login("hq", "wrong horse", kind="operator")
        actions = [action for action, *_ in await audited(one)]
        assert actions == ["added", *["login_failed"] * 5]
