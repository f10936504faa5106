"""The same request again, at once, later, after a restart: nothing happens twice, and the answer is the same."""

import asyncio
from typing import Any

import pytest

from hunt.game import commands as cmd
from hunt.game.refusals import Conflict, Invalid
from hunt.log.writer import Done, Request
from playing import TEAM, slug_of
from stores import Process, StandingClock, process

KEY = "a" * 64
BODY = "1" * 64


def request(key: str = KEY, body: str = BODY) -> Request:
    return Request(key=key, body=body)


def grant(one: Process, given: Request | None = None, keys: int = 1) -> Any:
    return one.submit(cmd.Grant(teams=None, keys=keys), request=given or request())


async def test_the_same_request_twice_in_one_transaction_is_done_once(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        first, second = await asyncio.gather(grant(one), grant(one))
        assert (first.ids, first.replayed) == (second.ids, False)
        assert second.replayed
        assert one.tail.board.teams[TEAM].currency == 1


async def test_the_same_request_later_answers_with_the_same_ids_and_todays_head(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        first = await grant(one)
        await one.guess("x1")
        second = await grant(one)
        assert (second.ids, second.replayed) == (first.ids, True)
        assert (first.head, second.head) == (first.ids[1], one.tail.head)
        await one.check()


async def test_the_same_request_is_known_after_a_restart_and_in_another_process(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        first = await grant(one)
    async with process(store) as two, process(store) as three:
        assert [(await grant(each)).ids for each in (two, three)] == [first.ids] * 2
        assert two.tail.board.teams[TEAM].currency == 1


async def test_the_same_request_at_two_processes_at_once_is_done_once(store: str) -> None:
    async with process(store) as one, process(store) as two:
        await one.register(TEAM)
        done = await asyncio.gather(*(grant(each) for _ in range(5) for each in (one, two)))
        assert len({each.ids for each in done}) == 1
        assert sum(not each.replayed for each in done) == 1


async def test_a_command_of_many_entries_answers_with_all_its_ids(store: str) -> None:
    async with process(store) as one:
        await one.register(1, 2)
        act = cmd.SatisfyGate(teams=None, id="g")
        first = await one.submit(act, request=request())
        assert first.ids is not None
        assert first.ids[1] - first.ids[0] == 4
        assert (await one.submit(act, request=request())).ids == first.ids


async def test_a_guess_is_answered_again_with_what_was_said(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        for text in ("x1", "canned", "answer"):
            key = request(text.ljust(64, "0"))
            command = cmd.SubmitGuess(team_id=TEAM, slug=slug_of("a"), text=text)
            first = await one.submit(command, request=key)
            again = await one.submit(command, request=key)
            assert (again.answer, again.ids, again.replayed) == (first.answer, first.ids, True)


async def test_the_same_key_with_another_body_is_refused(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        other = request(body="2" * 64)
        outcomes = await asyncio.gather(grant(one), grant(one, other), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Done, Invalid]
        with pytest.raises(Invalid) as refused:
            await grant(one, other)
        assert refused.value.code == "key_reused"
        assert one.tail.board.teams[TEAM].currency == 1


async def test_other_keys_are_other_requests(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        await grant(one)
        for key in ("a" * 63 + "b", "b" + "a" * 63, "A" * 64, "a" * 63):
            assert not (await grant(one, request(key))).replayed
        assert one.tail.board.teams[TEAM].currency == 5


async def test_a_key_is_forgotten_after_a_day(store: str) -> None:
    clock = StandingClock()
    async with process(store, clock=clock) as one:
        await one.register(TEAM)
        await grant(one)
        clock.wait(hours=24, seconds=-1)
        assert (await grant(one)).replayed
        clock.wait(seconds=1)
        assert not (await grant(one, request(body="2" * 64))).replayed


async def test_a_refused_request_is_decided_anew(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        exchange = cmd.ExchangeCurrency(team_id=TEAM)
        with pytest.raises(Conflict):
            await one.submit(exchange, request=request())
        await one.submit(cmd.Grant(teams=(TEAM,), clues=1))
        assert (await one.submit(exchange, request=request())).ids


async def test_the_key_is_beside_the_log_and_not_in_its_digest(store: str) -> None:
    async with process(store) as one:
        await one.register(TEAM)
        await grant(one)
        assert "request" not in str((await one.check())[-1])
