"""The one task that appends: dense ids, whole batches, nothing lost to others' mistakes."""

import asyncio
from typing import Any, cast

import pytest
from sqlalchemy import event, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.game import commands as cmd
from hunt.game.decide import HQ_RULES, decide
from hunt.game.refusals import Conflict, MustWait, NotFound, Refused
from hunt.log.tables import TeamRow
from hunt.log.writer import MAX_BATCH_COMMANDS, MAX_WAITING_COMMANDS, CommandFailed, Done, Overloaded, Unavailable
from playing import slug_of
from stores import Process, process
from waiting import eventually


async def all_of(*submitted: Any) -> list[Done | BaseException]:
    return list(await asyncio.gather(*submitted, return_exceptions=True))


async def test_an_answer_says_what_was_committed(store: str) -> None:
    async with process(store) as one:
        await one.register(1)
        done = await one.guess("answer")
        rows = await one.check()
        assert done.ids == (rows[-2].id, rows[-1].id)
        assert (done.head, rows[-1].type) == (rows[-1].id, "puzzle_solved")
        assert done.answer is not None
        assert (done.answer.id, done.answer.verdict) == (rows[-2].id, "correct")
        assert one.published == rows


async def test_ids_are_dense_when_two_processes_write_at_once(store: str) -> None:
    async with process(store) as one, process(store) as two:
        await one.register(*range(1, 9))
        jobs = []
        for team_id in range(1, 9):
            for number in range(6):
                jobs.append(one.guess(f"x{number}", team_id))
                jobs.append(two.guess(f"x{number}", team_id, "b"))
            jobs.append(two.submit(cmd.Grant(teams=None, keys=1)))
            jobs.append(one.submit(cmd.SolvePuzzle(teams=(team_id, 99), slug=slug_of("a"))))
            jobs.append(two.submit(cmd.SolvePuzzle(teams=(team_id,), slug=slug_of("c"))))
        outcomes = await all_of(*jobs)
        assert all(isinstance(outcome, Done | Refused) for outcome in outcomes), outcomes
        rows = await one.check()
        assert rows == await two.check()
        assert [row.id for row in rows] == list(range(1, len(rows) + 1))
        claimed = [
            id for done in outcomes if isinstance(done, Done) and done.ids for id in range(done.ids[0], done.ids[1] + 1)
        ]
        assert len(claimed) == len(set(claimed))
        assert sum(row.type == "puzzle_solved" for row in rows) == 8


async def test_a_limit_is_exact_across_processes(store: str) -> None:
    async with process(store) as one, process(store) as two:
        await one.register(1)
        outcomes = await all_of(*(each.guess(f"x{number}") for number in range(15) for each in (one, two)))
        let_through = [done for done in outcomes if isinstance(done, Done) and done.ids]
        assert len(let_through) == 2
        assert {type(outcome) for outcome in outcomes} <= {Done, MustWait}
        assert sum(row.type == "puzzle_guess_submitted" for row in await one.check()) == 2


async def test_what_waits_is_one_transaction(store: str) -> None:
    async with process(store) as one:
        await one.register(1, 2)
        commits: list[object] = []
        event.listen(one.engine.sync_engine, "commit", commits.append)
        await asyncio.gather(*(one.submit(cmd.Grant(teams=(1,), keys=1)) for _ in range(MAX_BATCH_COMMANDS)))
        assert len(commits) <= 2
        assert one.tail.board.teams[1].currency == MAX_BATCH_COMMANDS


async def test_each_command_sees_what_the_one_before_it_did(store: str) -> None:
    async with process(store) as one:
        await one.register(1)
        outcomes = await all_of(*(one.submit(cmd.SatisfyGate(teams=(1,), id="g")) for _ in range(5)))
        first, *others = [outcome.ids for outcome in outcomes if isinstance(outcome, Done)]
        assert first is not None
        assert others == [None] * 4


async def test_a_refused_command_writes_nothing_and_does_not_stop_the_others(store: str) -> None:
    async with process(store) as one:
        await one.register(1)
        before = len(await one.rows())
        outcomes = await all_of(
            one.guess("answer", team_id=99),
            one.submit(cmd.ExchangeCurrency(team_id=1)),
            one.submit(cmd.Grant(teams=(1,), keys=1)),
            one.submit(cmd.SatisfyGate(teams=None, id="nobody")),
        )
        assert [type(outcome) for outcome in outcomes] == [NotFound, Conflict, Done, NotFound]
        assert len(await one.check()) == before + 1


async def test_bugs_in_some_commands_do_not_take_the_others_with_them(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_command: object, ahead: Any, _internal_data: object) -> None:
        # It has appended something when it fails.
        decide(cmd.Grant(teams=(1,), keys=100), ahead)
        raise RuntimeError("a bug")

    monkeypatch.setitem(cast("dict[type, object]", HQ_RULES), cmd.OpenHints, broken)
    bug = cmd.OpenHints(teams=(1,), slug=slug_of("a"))
    async with process(store) as one:
        await one.register(1)
        outcomes = await all_of(
            *(one.submit(command) for _ in range(9) for command in (cmd.Grant(teams=(1,), keys=1), bug))
        )
        assert [type(outcome) for outcome in outcomes] == [Done, CommandFailed] * 9
        await one.check()
        assert one.tail.board.teams[1].currency == 9


async def test_a_row_that_the_store_refuses_harms_only_its_own_command(store: str) -> None:
    async def twice(connection: AsyncConnection) -> cmd.Command:
        await connection.execute(insert(TeamRow).values(id=1, username="team1", name="Team 1"))
        raise AssertionError("the row is there already")

    async with process(store) as one:
        await one.register(1)
        outcomes = await all_of(one.submit(prepare=twice), one.guess("x"), one.submit(prepare=twice))
        assert [type(outcome) for outcome in outcomes] == [CommandFailed, Done, CommandFailed]
        causes = [outcome.__cause__ for outcome in outcomes if isinstance(outcome, CommandFailed)]
        assert [type(cause) for cause in causes] == [IntegrityError] * 2
        await one.check()


async def test_what_a_refused_command_did_to_accounts_is_undone(store: str) -> None:
    async def add(connection: AsyncConnection) -> cmd.Command:
        await connection.execute(insert(TeamRow).values(id=7, username="seven", name="Seven"))
        raise Conflict("no", "No.")

    async with process(store) as one:
        await one.register(1)
        outcomes = await all_of(one.submit(prepare=add), one.guess("x"))
        assert [type(outcome) for outcome in outcomes] == [Conflict, Done]
        async with one.engine.connect() as connection:
            assert (await connection.execute(TeamRow.__table__.select())).all()[-1].id == 1


async def test_too_many_waiting_commands_are_refused_at_once(sqlite_store: str) -> None:
    idle = Process(sqlite_store)
    waiting = [asyncio.ensure_future(idle.guess("x")) for _ in range(MAX_WAITING_COMMANDS)]
    await asyncio.sleep(0)
    assert idle.writer.waiting == MAX_WAITING_COMMANDS
    with pytest.raises(Overloaded):
        await idle.guess("x")
    for one in waiting:
        one.cancel()
    await all_of(*waiting)
    await idle.engine.dispose()


async def test_somebody_who_goes_away_does_not_disturb_those_who_stay(store: str) -> None:
    async with process(store) as one:
        await one.register(1)
        gone = asyncio.ensure_future(one.submit(cmd.Grant(teams=(1,), keys=1)))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await one.submit(cmd.Grant(teams=(1,), keys=1))).ids
        assert one.tail.board.teams[1].currency == 2


async def test_when_the_writer_ends_those_who_wait_are_told(sqlite_store: str) -> None:
    one = Process(sqlite_store)
    task = asyncio.ensure_future(one.writer.run())
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(one.guess("x")) for _ in range(3)]
    await asyncio.sleep(0)
    task.cancel()
    await all_of(task)
    assert [type(outcome) for outcome in await all_of(*waiting)] == [Unavailable] * 3
    with pytest.raises(Unavailable):
        await one.guess("x")
    await one.engine.dispose()


async def test_a_process_that_only_reads_follows(store: str) -> None:
    async with process(store) as one, process(store) as two:
        heard: list[int] = []
        two.tail.listeners.append(lambda entries: heard.extend(entry.id for entry in entries))
        await one.register(1, 2)
        await one.guess("answer")

        async def caught_up() -> bool:
            return len(await two.check()) == one.tail.head

        await eventually(caught_up)
        assert heard == list(range(1, one.tail.head + 1))
