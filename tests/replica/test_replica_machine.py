"""Random acts and faults, in random order and at the same time: what is in Redis is a piece of a committed log, or is refused.

HUNT_MACHINE_EXAMPLES sets how many runs. Every step of an act (a command to Redis, a query of the log) may be overtaken by those of others.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from fakeredis import FakeAsyncRedis, FakeServer
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from replica_world import SECRET, MemoryLog, changed, pause

from hunt.game.entries import GENESIS, BrokenChain, Entry, check_chain, encode_entry
from hunt.replica import Replica, Unreadable, keys
from hunt.replica.messages import decode_dense, parse

PROCESSES = 2
TEAMS = (1, 2, 3)
QUIET_ROUNDS = 6
FORKS = 3
FAULTS_IN_ALL = 8
ACTS = ["pump", "keep", "reconcile", "scrub", "rebuild"]
FAULTS = ["flush", "evict", "delete", "forge", "kill", "stall"]


class JitteryRedis(FakeAsyncRedis):
    """Lets others run before and after each command."""

    pauses: Random | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        await pause(self.pauses)
        answer = await super().execute_command(*args, **options)
        await pause(self.pauses)
        return answer


class Process:
    """A replica whose tasks do not run by themselves: the machine runs a turn of each when it likes."""

    def __init__(self, server: FakeServer, log: MemoryLog, pauses: Random) -> None:
        self.redis = JitteryRedis(server=server, protocol=2)
        self.redis.pauses = pauses
        self.replica = Replica(self.redis, log, SECRET, reconcile_seconds=0.0, scrub_entries_per_second=1.0)

    async def pump(self) -> None:
        publisher = self.replica._publisher
        if publisher._runs:
            await publisher._push(publisher._take())

    async def keep(self) -> None:
        keeper = self.replica._keeper
        waiting, keeper._waiting = keeper._waiting, {}
        await keeper._turn(waiting)

    async def reconcile(self) -> None:
        await self.replica._reconciler._check(asked=True)

    async def scrub(self) -> None:
        await self.replica._scrubber._step(1000)
        await self.replica._keeper.audit_next()

    async def rebuild(self) -> None:
        await self.replica._builder.rebuild("For a test.")

    async def everything(self) -> None:
        for act in (self.reconcile, self.pump, self.keep, self.scrub):
            await act()

    async def close(self) -> None:
        await self.replica.aclose()
        await self.redis.aclose()


class ReplicaMachine(RuleBasedStateMachine):
    """Two processes, one log, one Redis."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.server = FakeServer()
        self.log = MemoryLog()
        self.random = Random(0)
        self.log.pauses = self.random
        self.processes: list[Process] = []
        self.forged_gen = ""
        self.forks = 0
        self.faults = 0
        self.run(self._start())

    async def _start(self) -> None:
        self.plain = FakeAsyncRedis(server=self.server, protocol=2)
        self.processes = [Process(self.server, self.log, self.random) for _ in range(PROCESSES)]

    def run(self, act: Awaitable[object]) -> None:
        async def within_time() -> None:
            async with asyncio.timeout(20):
                await act

        self.runner.run(within_time())

    @rule(seed=st.integers(0, 1000))
    def other_timing(self, seed: int) -> None:
        self.random.seed(seed)

    @rule(
        count=st.integers(1, 5), process=st.integers(0, PROCESSES - 1), published=st.sampled_from([True, True, False])
    )
    def commit(self, count: int, process: int, published: bool) -> None:
        entries = self.log.grow(count)
        if published:
            self.processes[process].replica.publish(*entries)

    @rule(
        first=st.integers(1, 4),
        second=st.integers(1, 4),
        acts=st.lists(
            st.tuples(st.sampled_from(ACTS), st.integers(0, PROCESSES - 1)), min_size=1, max_size=6, unique=True
        ),
    )
    def at_the_same_time(self, first: int, second: int, acts: list[tuple[str, int]]) -> None:
        """Both processes have committed, and then everything happens at once."""
        self.processes[0].replica.publish(*self.log.grow(first))
        self.processes[1].replica.publish(*self.log.grow(second))

        async def together() -> None:
            chosen: list[Callable[[], Awaitable[None]]] = [getattr(self.processes[number], act) for act, number in acts]
            await asyncio.gather(*(act() for act in chosen))

        self.run(together())

    @rule(process=st.integers(0, PROCESSES - 1))
    def one_process_does_everything(self, process: int) -> None:
        self.run(self.processes[process].everything())

    @precondition(lambda self: self.forks < FORKS)
    @rule(count=st.integers(0, 4), again=st.integers(0, 5), noticed=st.booleans())
    def the_log_loses_its_tail(self, count: int, again: int, noticed: bool) -> None:
        """A backup is restored: entries are gone, others may take their ids."""
        count = min(count, len(self.log.rows))
        self.forks += 1
        self.log.lose(count)
        entries = self.log.append(*[1 + (self.forks + i) % 3 for i in range(again)], slug=f"history-{self.forks}")
        if noticed:
            self.processes[0].replica.publish(*entries)

    @rule(
        fault=st.sampled_from(FAULTS), stream=st.sampled_from([keys.STREAM, keys.team_stream(1)]), id=st.integers(1, 20)
    )
    def fault(self, fault: str, stream: str, id: int) -> None:
        self.faults += 1
        self.run(getattr(self, f"_{fault}")(stream, id))

    async def _flush(self, _stream: str, _id: int) -> None:
        await self.plain.flushall()

    async def _evict(self, stream: str, id: int) -> None:
        names = [stream, keys.META, keys.TEAMS, keys.BUILDER, keys.LEASE, *await self.plain.keys("*/shadow/*")]
        await self.plain.delete(names[id % len(names)])

    async def _delete(self, stream: str, id: int) -> None:
        length = await self.plain.xlen(stream)
        await self.plain.xdel(stream, keys.message_id(1 + id % max(length, 1)))

    async def _forge(self, stream: str, id: int) -> None:
        if stream == keys.STREAM:
            self.forged_gen = (await self.processes[0].replica._scripts.inspect()).gen
        messages = await self.plain.xrange(stream)
        await self.plain.delete(stream)
        for number, (message_id, fields) in enumerate(messages):
            body = fields[keys.FIELD]
            forged = changed(body, slug="forged") if number == id % len(messages) else body
            await self.plain.xadd(stream, {keys.FIELD: forged}, id=message_id)

    async def _kill(self, _stream: str, id: int) -> None:
        number = id % PROCESSES
        await self.processes[number].close()
        self.processes[number] = Process(self.server, self.log, self.random)

    async def _stall(self, _stream: str, _id: int) -> None:
        """A builder loses its token to another one, which then dies."""
        await self.plain.set(keys.BUILDER, "another", px=1)

    @rule(process=st.integers(0, PROCESSES - 1), after=st.integers(0, 20))
    def a_feed_reads(self, process: int, after: int) -> None:
        """A feed that stands at `after` and checks the chain takes only what was committed after it."""
        digest = self.log.rows[after - 1].digest if 0 < after <= len(self.log.rows) else GENESIS
        self.run(self._feed(process, after if digest != GENESIS else 0, digest))

    async def _feed(self, process: int, after: int, digest: str) -> None:
        try:
            entries = await self.processes[process].replica.read(after, 1, 100)
            check_chain(after, digest, entries)
        except (Unreadable, BrokenChain):
            return
        self._assert_committed(entries)

    @rule(
        process=st.integers(0, PROCESSES - 1), team=st.sampled_from(TEAMS), after=st.integers(0, 10), kept=st.booleans()
    )
    def a_team_reads(self, process: int, team: int, after: int, kept: bool) -> None:
        """The answer is the log's, in every state of Redis, unless the log itself turned back unnoticed."""
        self.run(self._read_team(process, team, after))
        if kept:
            self.run(self.processes[process].keep())
            self.run(self._read_team(process, team, after))

    async def _read_team(self, process: int, team: int, after: int) -> None:
        replica = self.processes[process].replica
        if self.forks:
            await replica._reconciler.examine()
        upto = len(self.log.rows)
        assert await replica.team_entries(team, after, upto, 50) == self.log.of_team(team, after, upto)[:50]

    @invariant()
    def the_stream_is_a_piece_of_a_committed_log_or_refused(self) -> None:
        self.run(self._check_stream())

    async def _check_stream(self) -> None:
        inspection = await self.processes[0].replica._scripts.inspect()
        if inspection.damage or inspection.gen == self.forged_gen:
            return
        entries = decode_dense(0, parse(await self.plain.xrange(keys.STREAM)))
        assert check_chain(0, GENESIS, entries) == (inspection.head, inspection.digest)
        self._assert_committed(entries)

    def _assert_committed(self, entries: list[Entry]) -> None:
        for entry in entries:
            assert encode_entry(entry) == encode_entry(self.log.committed[entry.digest])

    def teardown(self) -> None:
        try:
            self.run(self._settle())
        finally:
            self.runner.close()

    async def _settle(self) -> None:
        """When the faults end, a few rounds lead to a replica without findings."""
        self.log.grow(1)
        await self.plain.delete(keys.BUILDER)
        for _ in range(QUIET_ROUNDS):
            for process in self.processes:
                await process.everything()
        for process in self.processes:
            assert await process.replica.verify() == []
            await process.close()
        await self.plain.aclose()


ReplicaMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("HUNT_MACHINE_EXAMPLES", "30")),
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
TestReplicaMachine = ReplicaMachine.TestCase
