"""What the keeper knows of the log, when the log becomes another one; and what it is told by reads."""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError
from replica_world import MemoryLog, Parts, replica_at, running

from hunt.game.entries import Entry
from hunt.log.source import LogAway
from hunt.replica import Replica, connect, keys
from hunt.replica.keeper import TEAMS_AT_ONCE
from servers import RedisServer
from waiting import eventually

pytestmark = pytest.mark.anyio
ALL = 10_000
LAST_ID = "18446744073709551615-18446744073709551615"
"""Above it Redis takes no message."""


class ChangingLog(MemoryLog):
    """A log to which something happens just after it has told of some entries."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Callable[[], None] | None = None

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        rows = await super().entries(after, limit, team_id)
        then, self.then = self.then, None
        if then:
            then()
        return rows


@pytest.fixture
def log() -> ChangingLog:
    return ChangingLog()


def waiting_in(replica: Replica) -> dict[int, bool]:
    return replica._keeper._waiting


async def test_a_turn_in_which_the_log_is_restored_learns_nothing_beyond_the_restored_log(
    built: Parts, log: ChangingLog
) -> None:
    log.then = lambda: log.lose(6)
    assert await built.keeper._turn({1: False, 2: False}) is False
    assert [built.ledgers.get(team_id).upto for team_id in (1, 2)] == [0, 0]
    assert await built.redis.exists(keys.TEAMS) == 0


async def test_an_audit_in_which_the_log_is_restored_learns_nothing(built: Parts, log: ChangingLog) -> None:
    assert await built.keeper._turn({1: False})
    built.ledgers.clear()
    log.then = lambda: log.lose(6)
    await built.keeper.audit_next()
    assert built.ledgers.get(1).upto == 0


async def test_no_entry_is_missing_after_a_restore_during_a_turn(address: str, log: ChangingLog) -> None:
    log.grow(40)
    async with replica_at(address, log) as replica, replica_at(address, log) as other:
        await replica.rebuild()
        log.then = lambda: log.lose(12)
        await replica._keeper._turn({1: False, 2: False})
        since = len(log.rows)
        await other.rebuild()
        log.append(2, 2, 2, slug="after")
        for _ in range(2):
            assert await replica.team_entries(2, since, len(log.rows), ALL) == log.of_team(2, since)
            await other.rebuild()
            await replica._keeper._turn({2: False})


async def test_a_process_that_only_reads_forgets_what_it_knew_of_a_replica_that_was_replaced(built: Parts) -> None:
    assert await built.keeper._turn({1: False})
    assert await built.keeper._turn({2: False})
    assert len(built.ledgers.get(1)) > 0
    assert await built.builder.rebuild("For a test.")
    assert await built.keeper._turn({2: False})
    assert len(built.ledgers.get(1)) == 0


async def test_a_suspect_team_stays_suspect_when_it_is_read_again_before_the_next_try(parts: Parts) -> None:
    parts.keeper.put_down(1)
    parts.keeper.put_down(2, suspect=True)
    parts.keeper._put_back({1: True, 2: False, 3: False})
    assert parts.keeper._waiting == {1: True, 2: True, 3: False}


async def test_any_read_of_a_team_has_its_stream_extended(address: str, log: ChangingLog) -> None:
    log.grow(10)
    async with replica_at(address, log) as replica:
        assert await replica.team_entries(1, 10, 10, ALL) == []
        assert await replica.team_newest(2, 0, ALL) == []
        assert waiting_in(replica) == {1: False, 2: False}


@pytest.mark.parametrize("limit", [0, 1, 3, 24, 25, 26, ALL])
@pytest.mark.parametrize("upto", [0, 1, 7, 49, 50])
async def test_the_newest_entries_are_the_same_from_the_stream_and_from_the_log(
    address: str, log: ChangingLog, limit: int, upto: int
) -> None:
    log.grow(50)
    right = log.of_team(2, upto=upto)[-limit:] if limit else []
    async with replica_at(address, log) as replica:
        await replica.rebuild()
        assert await replica.team_newest(2, upto, limit) == right
        assert await replica._keeper._turn({2: False})
        calls, before = log.calls, (await replica.status()).counters
        assert await replica.team_newest(2, upto, limit) == right
        after = (await replica.status()).counters
        asked = 1 if limit and upto else 0
        assert (log.calls, after.team_hits - before.team_hits, after.team_misses) == (calls, asked, asked)


async def test_newest_entries_that_redis_holds_otherwise_come_from_the_log(address: str, log: ChangingLog) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica:

        async def hit() -> bool:
            before = (await replica.status()).counters.team_hits
            assert await replica.team_newest(2, 50, 5) == log.of_team(2)[-5:]
            return (await replica.status()).counters.team_hits > before

        async with running(replica):
            await eventually(hit, what="an answer from the stream")
        await replica._redis.delete(keys.team_stream(2))
        assert await replica.team_newest(2, 50, 5) == log.of_team(2)[-5:]
        assert (await replica.status()).counters.team_mismatches == 1


async def test_a_stream_that_is_still_being_written_is_neither_read_nor_taken_for_a_wrong_one(
    address: str, log: ChangingLog
) -> None:
    log.grow(50)
    async with replica_at(address, log) as replica:
        await replica.rebuild()
        auditor, ledger = replica._keeper._auditor, replica._keeper._ledgers.get(2)
        standing = await auditor.standing()
        assert standing is not None
        await auditor.learn(2, ledger, standing, after=0, upto=50)
        assert await replica.team_entries(2, 0, 50, ALL) == await replica.team_newest(2, 50, ALL) == log.of_team(2)
        counters = (await replica.status()).counters
        assert (counters.team_misses, counters.team_mismatches) == (2, 0)
        assert waiting_in(replica) == {2: False}


async def test_an_audit_extends_no_stream_that_nobody_has_asked_for(built: Parts) -> None:
    assert await built.keeper._turn({2: False})
    other = Parts(built.redis, built.log)
    built.log.grow(10)
    await built.filler.fill(len(built.log.rows) - 10)
    await other.keeper.audit_next()
    assert other.keeper._waiting == {}


@pytest.fixture
async def really(redis_server: RedisServer, log: ChangingLog) -> AsyncIterator[Parts]:
    """The parts of a replica in a real Redis."""
    async with connect(redis_server.url) as redis:
        yield Parts(redis, log)


async def test_a_full_redis_has_no_stream_dropped(redis_server: RedisServer, really: Parts) -> None:
    parts, log = really, really.log
    log.grow(10)
    assert await parts.builder.rebuild("For a test.")
    assert await parts.keeper._turn({1: False})
    with redis_server.client() as client:
        client.config_set("maxmemory", 1)
        try:
            for _ in range(3):
                with pytest.raises(OutOfMemoryError):
                    await parts.keeper._turn({1: False, 2: False})
        finally:
            client.config_set("maxmemory", 0)
    assert (parts.health.counters.team_drops, await parts.redis.xlen(keys.team_stream(1))) == (
        0,
        len(log.of_team(1, upto=10)),
    )
    assert await parts.keeper._turn({2: False})


@pytest.mark.parametrize("left", ["1-1", LAST_ID])
async def test_a_stream_of_which_only_a_higher_id_is_left_is_dropped_once(really: Parts, left: str) -> None:
    parts, log = really, really.log
    log.grow(10)
    assert await parts.builder.rebuild("For a test.")
    await parts.redis.xadd(keys.team_stream(1), {"entry": "{}"}, id=left)
    await parts.redis.xdel(keys.team_stream(1), left)
    for _ in range(2):
        assert await parts.keeper._turn({1: False})
    assert (parts.health.counters.team_drops, await parts.team_stream(1)) == (1, log.of_team(1))


async def test_a_stream_that_others_spoil_at_once_is_dropped_once_a_turn(built: Parts) -> None:
    assert await built.keeper._turn({1: False})
    await built.redis.xtrim(keys.team_stream(1), 2, approximate=False)
    assert await built.keeper._turn({1: False})
    assert (built.health.counters.team_drops, built.health.counters.team_steps) == (1, 2)
    assert built.keeper._waiting == {1: False}


class CountingLog(ChangingLog):
    """A log that notes how many ask it for entries at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.asking = self.most = 0

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> Sequence[Entry]:
        self.asking += 1
        self.most = max(self.most, self.asking)
        try:
            return await super().entries(after, limit, team_id)
        finally:
            self.asking -= 1


async def test_some_teams_are_extended_at_a_time(redis: Redis) -> None:
    log = CountingLog()
    parts = Parts(redis, log)
    team_ids = range(1, 3 * TEAMS_AT_ONCE)
    log.append(*team_ids, None, *team_ids)
    assert await parts.builder.rebuild("For a test.")
    assert await parts.keeper._turn(dict.fromkeys(team_ids, False))
    assert log.most == TEAMS_AT_ONCE
    for team_id in team_ids:
        assert await parts.team_stream(team_id) == log.of_team(team_id)


async def test_a_turn_that_fails_for_one_team_is_over_for_all(built: Parts, log: ChangingLog) -> None:
    log.leaves_after = 9
    with pytest.raises(LogAway):
        await built.keeper._turn(dict.fromkeys(range(1, 30), False))
    calls = log.calls
    await built.redis.ping()
    assert log.calls == calls
