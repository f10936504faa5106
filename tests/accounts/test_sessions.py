"""Tokens: proof by themselves, and worth nothing once they are forged, too old or ended, in every process."""

from datetime import timedelta

import pytest
from accounts_world import PASSWORD, SECRET, Desk, desk
from itsdangerous import URLSafeSerializer
from sqlalchemy import delete, func, select

from hunt.accounts import sessions as kept
from hunt.accounts.errors import WrongLogin
from hunt.accounts.sessions import SESSION_DAYS, Sessions
from hunt.accounts.tables import SessionRow
from hunt.log.database import append_transaction
from hunt.log.tables import EntryRow, TeamRow
from stores import StandingClock, execute


def issue(sessions: Sessions) -> str:
    return sessions.issue("team", 1)[1]


def test_a_token_says_whose_it_is_and_until_when() -> None:
    clock = StandingClock()
    sessions = Sessions(SECRET, clock)
    session, token = sessions.issue("operator", 7)
    other = Sessions(SECRET, clock).check(token)
    assert other == session
    assert (session.kind, session.account_id) == ("operator", 7)
    assert session.expires_at == clock.now + timedelta(days=SESSION_DAYS)


@pytest.mark.parametrize("token", ["", "x", "a.b", ".", "\ud800", "é" * 50, "WyJ0ZWFtIiwxXQ", "a" * 10_000])
def test_what_was_not_issued_here_is_nobodys(token: str) -> None:
    assert Sessions(SECRET, StandingClock()).check(token) is None


def test_a_token_that_was_changed_or_signed_by_another_secret_is_nobodys() -> None:
    clock = StandingClock()
    sessions = Sessions(SECRET, clock)
    token = issue(sessions)
    payload, _, signature = token.rpartition(".")
    for forged in (token[:-2] + "AA", payload, f"{payload}.", f"x{token}", f"{signature}.{payload}"):
        assert sessions.check(forged) is None
    assert sessions.check(issue(Sessions("another secret that is long", clock))) is None


@pytest.mark.parametrize("content", [[], "team", ["team", 1], {"kind": "team"}, ["team", 1, "id", "soon"], None])
def test_a_signed_token_of_another_shape_is_nobodys(content: object) -> None:
    token = URLSafeSerializer(SECRET, salt="session").dumps(content)
    assert Sessions(SECRET, StandingClock()).check(str(token)) is None


def test_a_token_signed_for_another_purpose_is_nobodys() -> None:
    token = URLSafeSerializer(SECRET, salt="other").dumps(["team", 1, "id", 4_000_000_000])
    assert Sessions(SECRET, StandingClock()).check(str(token)) is None


def test_a_token_expires() -> None:
    clock = StandingClock()
    sessions = Sessions(SECRET, clock)
    token = issue(sessions)
    clock.wait(days=SESSION_DAYS, seconds=-1)
    assert sessions.check(token)
    clock.wait(seconds=1)
    assert sessions.check(token) is None


def test_the_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_REMEMBERED_TOKENS", 3)
    sessions = Sessions(SECRET, StandingClock())
    tokens = [issue(sessions) for _ in range(10)]
    assert all(sessions.check(token) for token in tokens)
    assert len(sessions._known) == 3


async def two_devices(one: Desk) -> tuple[str, str]:
    await one.team("a")
    return (await one.login("a"))[1], (await one.login("a"))[1]


async def test_logging_out_ends_one_session_in_every_process(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        mine, other = await two_devices(one)
        await two.process.read_on()
        session = two.accounts.guard.identify(mine)
        assert session is not None
        await one.accounts.logout(session)
        assert one.accounts.guard.identify(mine) is None
        await two.refresh()
        assert two.accounts.guard.identify(mine) is None
        assert two.accounts.guard.identify(other)
        assert one.ended == two.ended == [session.id]
    async with desk(store) as restarted:
        assert restarted.accounts.guard.identify(mine) is None
        assert restarted.accounts.guard.identify(other)


async def test_a_new_password_ends_all_other_sessions_in_every_process(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        mine, other = await two_devices(one)
        await two.process.read_on()
        session = one.accounts.guard.identify(mine)
        assert session is not None
        with pytest.raises(WrongLogin):
            await one.accounts.change_password(session, "wrong horse", "battery staple")
        await one.accounts.change_password(session, PASSWORD, "battery staple")
        await two.refresh()
        for each in (one, two):
            assert each.accounts.guard.identify(mine)
            assert each.accounts.guard.identify(other) is None
        with pytest.raises(WrongLogin):
            await two.login("a")
        assert await two.login("a", "battery staple")


async def test_a_password_set_by_headquarters_ends_all_sessions(store: str) -> None:
    async with desk(store) as one:
        mine, other = await two_devices(one)
        await one.accounts.set_password("team", 1, "battery staple")
        assert [one.accounts.guard.identify(token) for token in (mine, other)] == [None, None]


async def test_all_other_devices_can_be_logged_out(store: str) -> None:
    async with desk(store) as one:
        mine, other = await two_devices(one)
        session = one.accounts.guard.identify(mine)
        assert session is not None
        assert len(await one.accounts.devices(session)) == 2
        await one.accounts.logout_others(session)
        assert one.accounts.guard.identify(mine)
        assert one.accounts.guard.identify(other) is None
        assert [device.id for device in await one.accounts.devices(session)] == [session.id]


async def test_a_deactivated_team_is_logged_out_everywhere_and_stays_out(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        mine, _ = await two_devices(one)
        await two.process.read_on()
        await one.accounts.set_active(1, active=False)
        assert one.accounts.guard.identify(mine) is None
        await two.process.read_on()
        assert two.accounts.guard.identify(mine) is None
        await one.accounts.set_active(1, active=True)
        await two.refresh()
        assert one.accounts.guard.identify(mine) is None
        assert two.accounts.guard.identify(mine) is None
        assert one.accounts.guard.identify((await one.login("a"))[1])


async def test_ended_sessions_are_numbered_without_a_gap(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        await one.team("a")
        for each in (one, two, one, two):
            session, _ = await one.login("a")
            await each.accounts.logout(session)
        for since, numbers in ((0, [1, 2, 3, 4]), (2, [3, 4])):
            access = await one.accounts.guard.read_access(since)
            assert [each.revocation for each in access.ended] == numbers


async def test_sessions_that_end_after_a_backup_of_their_table_was_restored_do_end(store: str) -> None:
    async with desk(store) as one, desk(store) as two:
        mine, other = await two_devices(one)
        await two.process.read_on()
        sessions = [one.accounts.guard.identify(token) for token in (mine, other)]
        assert sessions[0] is not None
        assert sessions[1] is not None
        await one.accounts.logout(sessions[0])
        await two.refresh()
        await execute(store, "UPDATE sessions SET revocation = NULL")
        await one.accounts.logout(sessions[1])
        await two.refresh()
        for each in (one, two):
            assert each.accounts.guard.identify(other) is None
            assert sessions[1].id in each.ended


async def test_what_a_browser_calls_itself_is_cut_and_cleaned(store: str) -> None:
    async with desk(store) as one:
        await one.team("a", "unused")
        session, _ = await one.accounts.start_session("team", 1, "Mo\0zil\nla " + "x" * 999)
        (device,) = await one.accounts.devices(session)
        assert device.label.startswith("Mozilla xxx")
        assert len(device.label) == 200


async def restored_without_its_last_team(one: Desk) -> None:
    """A backup from before the last team registered, on SQLite, which then gives the id out again."""
    async with append_transaction(one.process.engine) as connection:
        last = await connection.scalar(select(func.max(TeamRow.id)))
        await connection.execute(delete(EntryRow).where(EntryRow.team_id == last))
        await connection.execute(delete(TeamRow).where(TeamRow.id == last))
        await connection.execute(delete(SessionRow))
        await connection.commit()


async def test_after_a_restore_a_token_is_not_good_for_whoever_has_its_id_then(sqlite_store: str) -> None:
    clock = StandingClock()
    async with desk(sqlite_store, clock) as one:
        owls = await one.team("owls")
        _, token = await one.login("owls")
        await restored_without_its_last_team(one)
        clock.wait(seconds=1)
        foxes = await one.team("foxes", "a hash that fits nothing")
        assert foxes == owls
        assert one.accounts.guard.identify(token) is None


async def test_a_session_that_a_restored_backup_does_not_know_can_be_logged_out(store: str) -> None:
    async with desk(store) as one:
        await one.team("owls")
        session, token = await one.login("owls")
        async with one.process.engine.begin() as connection:
            await connection.execute(delete(SessionRow))
        await one.accounts.logout(session)
        assert one.accounts.guard.identify(token) is None
        assert one.ended == [session.id]
