"""The teams' streams: same answer with and without Redis, extended behind the requests."""

import asyncio

import pytest
from redis.asyncio import Redis
from replica_world import MemoryLog, Parts, changed, replica_at, rewrite, running

from hunt.game.entries import encode_entry
from hunt.log.source import LogAway
from hunt.replica import Replica, keys, teams
from hunt.replica.auditor import PAGE_ENTRIES
from hunt.replica.commands import team_range
from hunt.replica.ledger import Ledger, Ledgers
from hunt.replica.messages import Message
from hunt.replica.scripts import TeamVerdict
from servers import RedisServer
from waiting import eventually

pytestmark = pytest.mark.anyio
ALL = 10_000


async def extend(parts: Parts, team_id: int, turns: int = 1) -> None:
    """What the keeper does for a team that was read. A stream that is dropped is begun again in the turn after."""
    for _ in range(turns):
        assert await parts.keeper._turn({team_id: False})


async def score(redis: Redis, team_id: int) -> float | None:
    return await redis.zscore(keys.TEAMS, str(team_id))


async def from_redis(replica: Replica, log: MemoryLog, team_id: int) -> None:
    """Waits until the team's entries are answered from its stream."""

    async def hit() -> bool:
        before = (await replica.status()).counters.team_hits
        assert await replica.team_entries(team_id, 0, len(log.rows), ALL) == log.of_team(team_id)
        return (await replica.status()).counters.team_hits > before

    await eventually(hit, what="an answer from the stream")


async def test_a_stream_holds_the_teams_entries_and_those_of_all(built: Parts) -> None:
    await extend(built, 1)
    assert await built.team_stream(1) == built.log.of_team(1)
    assert await score(built.redis, 1) == 10


async def test_a_team_without_entries_still_has_a_score(built: Parts) -> None:
    built.log.lose(10)
    built.log.append(1, 1, 1)
    assert await built.builder.rebuild("For a test.")
    await extend(built, 77)
    assert (await built.team_stream(77), await score(built.redis, 77)) == ([], 3)


async def test_a_stream_is_extended_in_steps(built: Parts) -> None:
    built.log.append(*[1] * (PAGE_ENTRIES * 3 + 5))
    await built.filler.fill(10)
    await extend(built, 1)
    assert await built.team_stream(1) == built.log.of_team(1)
    built.log.grow(9)
    await built.filler.fill(len(built.log.rows) - 9)
    await extend(built, 1)
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_a_stream_that_others_extended_is_taken_over(built: Parts) -> None:
    other = Parts(built.redis, built.log)
    for _ in range(3):
        for parts in (built, other):
            built.log.append(*[1] * 70, None, 2)
            await built.filler.fill((await built.scripts.inspect()).head)
            await extend(parts, 1)
            assert await built.team_stream(1) == built.log.of_team(1)
    assert built.health.counters.team_drops + other.health.counters.team_drops == 0


async def test_keepers_that_race_leave_no_hole(built: Parts) -> None:
    others = [Parts(built.redis, built.log) for _ in range(4)]
    built.log.grow(900)
    await built.filler.fill(10)
    await asyncio.gather(*(extend(parts, 1) for parts in others))
    assert await built.team_stream(1) == built.log.of_team(1)
    assert await score(built.redis, 1) == 910


async def test_stream_and_score_do_not_move_for_a_replaced_replica(built: Parts) -> None:
    verdict, now = await built.scripts.extend_team(
        "another gen", 1, score=-1, length=0, upto=5, messages=[(1, b"{}"), (2, b"{}")]
    )
    assert (verdict, now) == (TeamVerdict.GONE, -1)
    assert (await built.team_stream(1), await score(built.redis, 1)) == ([], None)


async def test_a_score_without_its_stream_is_noticed(built: Parts) -> None:
    await extend(built, 1)
    await built.redis.delete(keys.team_stream(1))
    await extend(built, 1, turns=2)
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_a_stream_without_its_score_is_begun_again(built: Parts) -> None:
    await extend(built, 1)
    await built.redis.zrem(keys.TEAMS, "1")
    await built.redis.xadd(keys.team_stream(1), {"entry": "{}"})
    await extend(built, 1, turns=2)
    assert await built.team_stream(1) == built.log.of_team(1)
    assert await score(built.redis, 1) == 10


@pytest.mark.parametrize("wrong", [5000, 3.5, -1, float("inf"), float("-inf")])
async def test_a_score_that_cannot_be_is_noticed(built: Parts, wrong: float) -> None:
    await extend(built, 1)
    await built.redis.zadd(keys.TEAMS, {"1": wrong})
    await extend(built, 1, turns=3)
    assert await score(built.redis, 1) == 10
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_a_rebuild_drops_the_teams_streams(built: Parts) -> None:
    await extend(built, 1)
    assert await built.builder.rebuild("For a test.")
    assert await built.redis.exists(keys.team_stream(1), keys.TEAMS) == 0


@pytest.mark.parametrize("id", [1, 5, 9])
async def test_an_audit_finds_an_edited_entry(built: Parts, id: int) -> None:
    await extend(built, 1)
    await rewrite(built.redis, keys.team_stream(1), id, slug="forged")
    await built.keeper.audit_next()
    assert await built.redis.exists(keys.team_stream(1)) == 0
    await extend(built, 1)
    assert await built.team_stream(1) == built.log.of_team(1)


async def test_an_audit_leaves_a_right_stream_alone(built: Parts) -> None:
    await extend(built, 1)
    await Parts(built.redis, built.log).keeper.audit_next()
    assert await built.team_stream(1) == built.log.of_team(1)


@pytest.mark.parametrize("wrong", [5000, 3.5, -1, -2, float("inf"), float("-inf")])
async def test_a_score_that_cannot_be_keeps_no_other_stream_from_its_audit(built: Parts, wrong: float) -> None:
    for team_id in (1, 2, 3):
        await extend(built, team_id)
    await built.redis.zadd(keys.TEAMS, {"1": wrong})
    await rewrite(built.redis, keys.team_stream(3), 7, slug="forged")
    for _ in range(3):
        await built.keeper.audit_next()
    assert await built.redis.exists(keys.team_stream(3)) == 0


async def test_answers_are_the_same_from_the_log_and_from_the_stream(address: str, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica, running(replica):
        await from_redis(replica, log, 2)
        for after, upto, limit in [
            (0, 50, ALL),
            (0, 50, 3),
            (7, 31, ALL),
            (49, 50, 1),
            (50, 50, 5),
            (3, 50, 0),
            (9, 2, 5),
        ]:
            assert await replica.team_entries(2, after, upto, limit) == log.of_team(2, after, upto)[:limit]


async def test_reading_brings_stream_and_score_to_the_head(address: str, redis: Redis, log: MemoryLog) -> None:
    async with replica_at(address, log) as replica, running(replica):
        for _ in range(3):
            replica.publish(*log.grow(11))
            await replica.team_entries(3, 0, len(log.rows), ALL)

            async def there() -> bool:
                return await score(redis, 3) == len(log.rows)

            await eventually(there, what="the score")
            assert len(await redis.xrange(keys.team_stream(3))) == len(log.of_team(3))


async def test_a_read_that_the_stream_answers_asks_the_log_for_nothing(address: str, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log, reconcile=60) as replica:
        async with running(replica):
            await from_redis(replica, log, 2)
        calls = log.calls
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        assert log.calls == calls


async def test_a_forged_stream_is_never_shown_and_is_mended(address: str, redis: Redis, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica, running(replica):
        await from_redis(replica, log, 2)
        await rewrite(redis, keys.team_stream(2), 6, slug="forged")
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        await redis.delete(keys.team_stream(2))
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        await from_redis(replica, log, 2)
        await redis.xdel(keys.team_stream(2), "0-10")
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        await redis.xadd(keys.team_stream(2), {"entry": changed((log_body(log, 2)), id=51)}, id="0-51")
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        await from_redis(replica, log, 2)
        await eventually(lambda: _right(replica), what="a replica without findings")


def log_body(log: MemoryLog, id: int) -> bytes:
    return encode_entry(log.rows[id - 1]).encode()


async def _right(replica: Replica) -> bool:
    return await replica.verify() == []


async def test_a_new_history_of_the_log_is_what_is_shown(address: str, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log, reconcile=0.05) as replica, running(replica):
        await from_redis(replica, log, 2)
        log.lose(20)
        log.append(*[2] * 20, slug="another")

        async def right() -> bool:
            return await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)

        await eventually(right, what="the new history")
        await from_redis(replica, log, 2)


async def test_what_is_known_of_the_log_is_forgotten_when_others_replace_the_replica(
    built: Parts, address: str
) -> None:
    async with replica_at(address, built.log) as replica:
        await replica._reconciler.examine()
        assert await replica._keeper._turn({1: False})
        built.log.lose(5)
        built.log.append(*[1] * 5, slug="another")
        assert await built.builder.rebuild("For a test.")
        await replica._reconciler.examine()
        assert await replica.team_entries(1, 0, 10, ALL) == built.log.of_team(1)
        assert len(replica._teams._ledgers.get(1)) == 0


async def test_of_many_reads_few_wait_for_a_paused_redis(
    redis_server: RedisServer, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(50)
    waited = []

    async def counted(redis: Redis, *given: int) -> list[Message]:
        waited.append(given)
        return await team_range(redis, *given)

    monkeypatch.setattr(teams, "team_range", counted)
    async with replica_at(redis_server.url, log, reconcile=60) as replica, running(replica):
        await from_redis(replica, log, 2)
        waited.clear()
        redis_server.pause()
        for _ in range(50):
            assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        assert 0 < len(waited) < 10, "one that fails, and one more with each second"
        redis_server.resume()
        await from_redis(replica, log, 2)


async def test_a_dead_redis_changes_no_answer(redis_server: RedisServer, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(redis_server.url, log) as replica, running(replica):
        await from_redis(replica, log, 2)
        redis_server.kill()
        assert await replica.team_entries(2, 0, 50, ALL) == log.of_team(2)
        redis_server.start()
        await from_redis(replica, log, 2)


async def test_without_redis_and_log_a_read_says_that_the_log_is_away(
    redis_server: RedisServer, log: MemoryLog
) -> None:
    redis_server.kill()
    log.grow(5)
    log.away = True
    async with replica_at(redis_server.url, log) as replica:
        with pytest.raises(LogAway):
            await replica.team_entries(2, 0, 5, ALL)


def test_a_ledger_confirms_exactly_what_it_learned() -> None:
    ledger = Ledger()
    messages = [(id, b"%d" % id) for id in (2, 3, 5, 8)]
    ledger.learn(messages[:2], 4)
    ledger.learn(messages, 9)
    assert (len(ledger), ledger.upto, ledger.count_to(5)) == (4, 9, 3)
    assert ledger.confirms(0, 9, 10, messages)
    assert ledger.confirms(2, 8, 2, messages[1:3])
    assert not ledger.confirms(0, 9, 10, messages[:3])
    assert not ledger.confirms(0, 9, 10, [*messages[:3], (8, b"x")])
    assert not ledger.confirms(0, 9, 10, [*messages, (9, b"9")])


def test_ledgers_forget_the_team_that_was_asked_for_the_longest_ago() -> None:
    ledgers = Ledgers(limit=6)
    for team_id in (1, 2, 3):
        ledgers.get(team_id).learn([(id, b"") for id in range(1, 4)], 3)
    ledgers.get(1)
    ledgers.trim()
    assert [len(ledgers.get(team_id)) for team_id in (1, 2, 3)] == [3, 0, 3]


async def test_many_who_ask_the_same_at_the_same_time_ask_the_log_once(address: str, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica:
        calls = log.calls
        answers = await asyncio.gather(*(replica.team_entries(1, 0, 40, ALL) for _ in range(30)))
        assert log.calls == calls + 1
        assert answers == [log.of_team(1, upto=40)] * 30
        await asyncio.gather(*(replica.team_entries(1, 0, upto, ALL) for upto in (40, 41)))
        assert log.calls == calls + 3


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(address: str, log: MemoryLog) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica:
        first, second = (asyncio.create_task(replica.team_entries(1, 0, 50, ALL)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == log.of_team(1)


async def test_a_log_that_is_away_is_told_to_all_who_ask_and_asked_again_by_the_next(
    address: str, log: MemoryLog
) -> None:
    log.grow(10)
    async with replica_at(address, log) as replica:
        log.away = True
        asking = (replica.team_entries(1, 0, 10, ALL) for _ in range(5))
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LogAway] * 5
        log.away = False
        assert await replica.team_entries(1, 0, 10, ALL) == log.of_team(1)


async def test_after_another_history_was_found_nobody_joins_an_older_question(address: str, log: MemoryLog) -> None:
    log.grow(10)
    async with replica_at(address, log) as replica:
        old = asyncio.create_task(replica.team_entries(1, 0, 10, ALL))
        await asyncio.sleep(0)
        before = log.of_team(1)
        log.lose(5)
        log.append(*[1] * 5, slug="another")
        replica.forget()
        assert await replica.team_entries(1, 0, 10, ALL) == log.of_team(1) != before
        await old
