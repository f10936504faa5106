"""One run: a log, a Redis, processes, players, clients, faults; then quiet; then what is left of it all."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any

from benchmarks.faults.evidence import Evidence, Redis, Restore, Sighting
from benchmarks.faults.model.hunt import PUZZLES, STARTED, hunt, hunt_yaml
from benchmarks.faults.model.injectors import Injectors
from benchmarks.faults.model.loop import KICKOFF, VirtualLoop
from benchmarks.faults.model.players import Players
from benchmarks.faults.model.process import SECRET, Process
from benchmarks.faults.model.road import Store, pause_of
from benchmarks.faults.model.seeding import chance_of
from benchmarks.faults.model.sockets import Client
from benchmarks.faults.model.sql import Database
from hunt.game import commands as cmd
from hunt.game.board import Ahead, Board
from hunt.game.decide import decide
from hunt.game.entries import encode_entry
from hunt.log.reader import row_of
from hunt.replica import keys

TEAMS = 3
CLIENTS_OF_TEAM = 2
PLAYERS = 4
STRIKERS = 2
"""So many faults at most at the same time."""

PROCESSES = {"all-1": True, "all-2": True, "live-1": False}
"""Names, and whether the process writes."""

QUIET_SECONDS = 45.0
"""The longest that a run goes on after the faults."""

CALM_SECONDS = 2.0
"""How long everything has to stand as it should before the run ends."""

LOOK_SECONDS = 0.25
SIGHTED_ENTRIES = 5


class World:
    """Everything there is in a run. Times are virtual seconds since its beginning."""

    def __init__(self, seed: int, steps: int, loop: VirtualLoop, faults: Sequence[str] | None) -> None:
        self.seed = seed
        self.steps = steps
        self.loop = loop
        self.is_busy = True
        self.answers_lost = 0.03
        self.quiet_at = 0.0
        self.first_head = 0
        self.teams = list(range(1, TEAMS + 1))
        self.database = Database(self.chance("sql"))
        self.store = Store(self.chance("redis"))
        self.store.after_command = self._sight
        self.restores: list[Restore] = []
        self.sightings: list[Sighting] = []
        self.broken: list[str] = []
        self._kept: list[Any] = []
        self._lives = Counter[str]()
        self._all_processes: list[Process] = []
        self.players = Players(self, self.chance("players"))
        self.injectors = Injectors(self, faults)
        numbers = range(TEAMS * CLIENTS_OF_TEAM)
        self.clients = [Client(self, number, self.teams[number % TEAMS]) for number in numbers]
        self.processes: list[Process] = []

    @property
    def now(self) -> float:
        return round(self.loop.elapsed(), 6)

    def chance(self, what: str) -> Random:
        return chance_of(self.seed, what)

    def short(self, chance: Random) -> float:
        """How long a frame is on its way, in seconds."""
        return pause_of(chance, slow=False)

    def keep(self, task: Any) -> None:
        """Hold on to what must not be collected before the end, at a moment that no seed chooses."""
        self._kept.append(task)

    async def for_ever(self) -> None:
        """Where those wait that are dead."""
        future: asyncio.Future[None] = self.loop.create_future()
        self.keep(future)
        await future

    # --- the course of a run

    async def play(self) -> Evidence:
        self._begin()
        self.processes = [self._started(name) for name in PROCESSES]
        watching = [self._watch(), *(client.run() for client in self.clients)]
        for coroutine in watching:
            self.keep(self.loop.create_task(self._told(coroutine)))
        faults = asyncio.gather(*(self.injectors.strike() for _ in range(STRIKERS)))
        share = self.steps // PLAYERS
        await asyncio.gather(*(self.players.play(share) for _ in range(PLAYERS)))
        self.is_busy = False
        await faults
        await self._calm_down()
        return self._evidence()

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (LookupError, TypeError, ValueError):  # a frame that a client cannot read
            self.broken.append(traceback.format_exc())

    def _begin(self) -> None:
        """Three teams are registered and the hunt has begun."""
        ahead = Ahead(Board(hunt()), KICKOFF)
        for team_id in self.teams:
            decide(cmd.RegisterTeam(team_id=team_id, username=f"team{team_id}", name=f"Team {team_id}"), ahead)
        decide(cmd.SatisfyGate(teams=None, id=STARTED), ahead)
        self.database.add([row_of(entry) for entry in ahead.entries])
        self.first_head = self.database.head

    def _started(self, name: str) -> Process:
        self._lives[name] += 1
        process = Process(self, f"{name}.{self._lives[name]}", writes=PROCESSES[name])
        self._all_processes.append(process)
        process.start()
        return process

    def start_again(self, dead: Process) -> None:
        """A new process in the place of one that died."""
        if dead in self.processes:
            self.processes[self.processes.index(dead)] = self._started(dead.name.partition(".")[0])

    def forget_answers(self, kept: int) -> None:
        """After a restore nobody can ask for what is gone."""
        known = self.players.known
        known.update({team_id: min(id, kept) for team_id, id in known.items()})

    async def _calm_down(self) -> None:
        """Everything works again; entries for all teams tell those who missed a frame; then wait until all is well."""
        self.answers_lost = 0.0
        for process in [each for each in self.processes if each.is_dead]:
            self.start_again(process)
        self.quiet_at = self.now
        self.injectors.allow_for_later_ones()
        self.players.until = self.quiet_at + QUIET_SECONDS / 2
        for _ in range(2):
            await self.players.carry_out(self.players.grant(None))
        calm_since: float | None = None
        while self.now < self.quiet_at + QUIET_SECONDS:
            for team_id in self.teams:
                await self.players.look(team_id)
            calm_since = (calm_since or self.now) if self._is_calm() else None
            if calm_since is not None and self.now >= calm_since + CALM_SECONDS:
                return
            await asyncio.sleep(LOOK_SECONDS * 2)

    def _is_calm(self) -> bool:
        """A quick look; what it overlooks the checker finds."""
        head, plain = self.database.head, self.store.plain
        scores = [plain.zscore(keys.TEAMS, str(team_id)) for team_id in self.teams]
        replica = self.replica_is_whole() and scores == [head] * TEAMS and all(map(self._has_its_stream, self.teams))
        return replica and all(client.is_at(head) for client in self.clients)

    def _has_its_stream(self, team_id: int) -> bool:
        """Whether the team's stream equals SQL; one that was edited in place is found when its turn comes."""
        held = [fields.get(keys.FIELD) for _, fields in self.store.plain.xrange(keys.team_stream(team_id))]
        entries = (stored.entry for stored in self.database.stored)
        return held == [encode_entry(entry).encode() for entry in entries if entry.team_id in {None, team_id}]

    def replica_is_whole(self) -> bool:
        """Whether the stream equals SQL, entry by entry."""
        plain, head = self.store.plain, self.database.head
        if plain.xlen(keys.STREAM) != len(self.database.stored):
            return False
        top = plain.xrevrange(keys.STREAM, count=1)
        if not top or top[0][0] != keys.message_id(head).encode():
            return False
        held = [fields.get(keys.FIELD) for _, fields in plain.xrange(keys.STREAM)]
        return held == [encode_entry(stored.entry).encode() for stored in self.database.stored]

    async def _watch(self) -> None:
        """Note when faults are repaired."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self.now
            under_way = self.injectors.under_way
            waiting = [each for each in self.injectors.faults if each.repaired_at is None and each not in under_way]
            if waiting and not self._is_at_fault() and self.replica_is_whole():
                for fault in waiting:
                    fault.repaired_at = now

    def _sight(self) -> None:
        """Note the stream's newest entries whenever they have changed."""
        if self.store.plain.type(keys.STREAM) not in {b"stream", b"none"}:
            return
        newest = _texts(self.store.plain.xrevrange(keys.STREAM, count=SIGHTED_ENTRIES)[::-1])
        if not self.sightings or self.sightings[-1].entries != newest:
            self.sightings.append(Sighting(at=self.now, entries=newest))

    def _is_at_fault(self) -> bool:
        return self.store.is_away or self.store.is_paused

    # --- what is left

    def _evidence(self) -> Evidence:
        return Evidence(
            seed=self.seed,
            secret_key=SECRET,
            rows=[stored.public for stored in self.database.stored],
            redis=self._redis(),
            commands=self.players.made,
            reads=self.players.reads,
            listeners=[client.record for client in self.clients],
            faults=self.injectors.faults,
            restores=self.restores,
            sightings=self.sightings,
            hunt=hunt_yaml(),
            titles={slug: hunt().puzzles[slug].title for slug in PUZZLES},
            events_met=self._events_met(),
            quiet_at=self.quiet_at,
        )

    def _redis(self) -> Redis:
        plain = self.store.plain
        teams = {str(id): _texts(plain.xrange(keys.team_stream(id))) for id in self.teams}
        scores = {member.decode(): score for member, score in plain.zrange(keys.TEAMS, 0, -1, withscores=True)}
        return Redis(stream=_texts(plain.xrange(keys.STREAM)), teams=teams, scores=scores)

    def _events_met(self) -> dict[str, int]:
        counters = [process.counters for process in self._all_processes]
        return {
            "gap": sum(each.gap for each in counters),
            "duplicate": sum(each.dup for each in counters),
            "fork": sum(each.fork for each in counters),
            "rebuild": sum(each.rebuilds for each in counters),
            "scrub_hit": sum(each.scrub_mismatches for each in counters),
            "reset": sum(client.resets for client in self.clients),
            "resync": sum(client.resyncs for client in self.clients),
            "slow_socket": sum(client.slow_closes for client in self.clients),
        }


def _texts(messages: Any) -> list[tuple[str, dict[str, str]]]:
    return [(id.decode(), {name.decode(): value.decode() for name, value in fields.items()}) for id, fields in messages]
