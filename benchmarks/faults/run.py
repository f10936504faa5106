"""One run: a cluster, a load, listeners, and faults one after the other. What they leave behind is the evidence."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import yaml
from redis.exceptions import RedisError

from benchmarks.faults.backups import BackupFailed, Backups
from benchmarks.faults.cluster import Cluster, Process, ended, running_cluster, until
from benchmarks.faults.evidence import Evidence, Fault, Listener, Restore, Sighting
from benchmarks.faults.injectors import INJECTORS, WRITES_REDIS, Scene
from benchmarks.faults.listeners import Audience, Client
from benchmarks.faults.players import Allowance, Desk, Headquarters, Player, Team
from benchmarks.faults.schedule import Hit, Plan, Strike
from benchmarks.faults.truth import Counts, Log, Mirror, complaints, repaired, required_met, watch_stream
from hunt.content import load
from hunt.game.commands import SatisfyGate
from hunt.headless import headless
from hunt.settings import Settings
from hunts import write_stub_hunt

REPAIR_SECONDS = 10.0
BEYOND_SECONDS = 300.0
"""For all that a run does beside striking for as long as its plan says; more means that something hangs."""

TEAM_SECONDS = 60.0
"""More for a team's stream: it is found when somebody reads it, or in a round of the audit."""

EDITED = "entry_edited"
OF_TEAMS = {"team_stream_deleted", "team_entry_deleted"}
MIGRATED_TOGETHER = "migrated_together"
"""The fault that every run begins with."""

GIVE_UP_SECONDS = 15.0
"""Beyond what is allowed, until a repair is no longer waited for."""

INJECT_AGAIN_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
IN_THE_WAY = (RedisError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, BackupFailed)
"""What a fault meets with when another has just taken Redis or PostgreSQL away."""

LAST_COMMANDS_SECONDS = 20.0
CATCH_UP_SECONDS = 10.0
SLOW_CLIENTS = 2
OPEN_PUZZLES = 3
"""Puzzles of the first round that everybody has from the start: those are listened to."""

OPERATOR_PAUSE = 0.25
START = "hunt_started"

Tell = Callable[[str], None]


def silent(_text: str) -> None:
    pass


class Run:
    """What the parts of one run share."""

    def __init__(self, plan: Plan, cluster: Cluster, tell: Tell) -> None:
        self.plan = plan
        self.cluster = cluster
        self.tell = tell
        self.rng = random.Random(plan.seed)
        self.faults: list[Fault] = []
        self.sightings: list[Sighting] = []
        self.restores: list[Restore] = []
        self.counts = Counts(cluster)
        self.log = Log(cluster)
        self.mirror = Mirror(cluster)
        self.desk = Desk(cluster, self.fork(), self.stopwatch)
        self.complaints: list[str] = []
        self.teams: list[Team] = []
        self.operator = ""
        self.quiet_at = 0.0
        self._began = time.monotonic()

    def stopwatch(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self._began

    def fork(self) -> random.Random:
        """Randomness for a part of its own, whose use does not change that of the others."""
        return random.Random(self.rng.randrange(2**32))


async def run(plan: Plan, tell: Tell = silent) -> Evidence:
    """Carry out the plan; `tell` gets a line now and then.

    Raises DidNotStart, CannotRun where a server is not on this machine, and TimeoutError for a run that does not end.
    """
    async with running_cluster(live=plan.live, tempo=plan.tempo, plant=plan.plant) as cluster:
        write_stub_hunt(cluster.content, rounds=4, slots=48, gates=12, interactions=6)
        this = Run(plan, cluster, tell)
        try:
            async with asyncio.timeout(plan.seconds + BEYOND_SECONDS):
                await _begin(this)
                return await _perform(this)
        finally:
            await this.desk.close()
            await this.mirror.close()


async def _begin(this: Run) -> None:
    """Start the servers and register the teams."""
    began = this.stopwatch()
    took = await this.cluster.start()
    this.tell(f"the servers are up after {took:.1f} s")
    this.faults.append(Fault(kind=MIGRATED_TOGETHER, at=began, until=this.stopwatch(), detail="an empty database"))
    await _await_repair(this, this.faults)
    cluster = this.cluster
    settings = Settings(
        content=cluster.content, database_url=cluster.database_url, secret_key=cluster.secret_key, stubs=True
    )
    async with headless(settings, load(cluster.content).hunt) as services:
        await services.writer.submit(SatisfyGate(teams=None, id=START))
        accounts = services.accounts
        for number in range(1, this.plan.teams + 1):
            name = f"team{number:02}"
            id, _ = await accounts.register(name, f"The {name}", "", password_hash="nobody logs in with it")
            _, token = await accounts.start_session("team", id, "a run")
            this.teams.append(Team(id=id, token=token))
        operator = await accounts.operators.add("hq", "", password_hash="nobody logs in with it")
        _, this.operator = await accounts.start_session("operator", operator, "a run")
    await cluster.all_ready()


async def _perform(this: Run) -> Evidence:
    allowance = Allowance()
    players = [Player(team, this.desk, allowance, this.fork()) for team in this.teams]
    office = Headquarters(this.operator, this.teams, this.desk, allowance, this.fork())
    hunt: dict[str, Any] = yaml.safe_load((this.cluster.content / "hunt.yaml").read_text())
    first = hunt["rounds"][0]
    slugs = [slot["slug"] for slot in first["puzzles"]]
    audience = _audience(this, slugs[:OPEN_PUZZLES], first["slug"])
    await office.open_hints(slugs)
    backups = Backups(this.cluster.postgres, this.cluster.database, this.fork(), this.stopwatch)
    async with _beside([*_watchers(this), backups.watch()], audience):
        people = [player.play(this.plan.player_pause) for player in players]
        async with _load(this, [*people, office.work(OPERATOR_PAUSE)]):
            await audience.all_connected(CATCH_UP_SECONDS)
            await _strike_all(this, _scene(this, audience, backups))
        this.tell("the last fault is repaired and the load has stopped")
        this.quiet_at = this.stopwatch()
        await _come_to_rest(this, players, audience)
    return await _evidence(this, audience, hunt)


def _scene(this: Run, audience: Audience, backups: Backups) -> Scene:
    return Scene(
        cluster=this.cluster,
        log=this.log,
        backups=backups,
        mirror=this.mirror,
        audience=audience,
        restores=this.restores,
        pause_seconds=this.plan.pause_seconds,
    )


def _audience(this: Run, slugs: list[str], round_: str) -> Audience:
    pages = [("navbar", None), ("hub", None), ("round", round_), ("all_puzzles", None), ("team_info", None)]
    clients = []
    for number in range(this.plan.sockets):
        team = this.teams[number % len(this.teams)]
        client = Client(
            Listener(number=number, team_id=team.id),
            team.token,
            slugs[number % len(slugs)],
            pages[number // 5 % len(pages)],
            places=_places(this.cluster, number),
            rng=this.fork(),
            stopwatch=this.stopwatch,
        )
        client.is_slow = number < SLOW_CLIENTS
        clients.append(client)
    return Audience(clients)


def _places(cluster: Cluster, number: int) -> Callable[[], list[Process]]:
    """The favourite of three in five is the last process, which is killed least."""
    favourite = (2, 2, 2, 0, 1)[number % 5]
    return lambda: [cluster.processes[favourite], *cluster.processes]


def _watchers(this: Run) -> list[Any]:
    return [watch_stream(this.mirror, this.sightings, this.stopwatch), this.counts.watch()]


@asynccontextmanager
async def _beside(watchers: list[Any], audience: Audience) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(watcher) for watcher in watchers]
    audience.start()
    try:
        yield
    finally:
        await audience.close()
        results = await ended(tasks)
    _raise_first(results)


@asynccontextmanager
async def _load(this: Run, people: list[Any]) -> AsyncIterator[None]:
    """People who act until the block ends, and then wait for their last answers."""
    tasks = [asyncio.create_task(person) for person in people]
    try:
        yield
        this.desk.is_closing = True
        await asyncio.wait(tasks, timeout=LAST_COMMANDS_SECONDS)
    finally:
        this.desk.is_closed = True
        results = await ended(tasks)
    _raise_first(results)


def _raise_first(results: list[Any]) -> None:
    """What somebody has failed with who should not have."""
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _strike_all(this: Run, scene: Scene) -> None:
    async with _stalling(this, scene):
        began = this.stopwatch()
        for number, strike in enumerate(this.plan.strikes):
            if number >= this.plan.least and this.stopwatch() - began > this.plan.seconds:
                break
            await asyncio.sleep(strike.pause)
            await this.counts.read()  # what is counted dies with a process
            if not await _strike(this, scene, strike):
                break
        await asyncio.sleep(max(0.0, began + this.plan.load_seconds - this.stopwatch()))


@asynccontextmanager
async def _stalling(this: Run, scene: Scene) -> AsyncIterator[None]:
    """A socket that stops reading beside everything else, where the plan says so."""
    hit = Hit("socket_stalled", this.rng.randrange(2**32))
    task = asyncio.create_task(_carry_out(this, scene, hit)) if this.plan.stalls else None
    yield
    if task:
        fault = await task
        fault.repaired_at = fault.until


async def _strike(this: Run, scene: Scene, strike: Strike) -> bool:
    """Whether what it broke was repaired."""
    faults = await asyncio.gather(*(_carry_out(this, scene, hit) for hit in strike.hits))
    await _await_repair(this, faults)
    for fault in faults:
        took = (
            "never repaired" if fault.repaired_at is None else f"repaired after {fault.repaired_at - fault.until:.2f} s"
        )
        this.tell(f"{fault.kind}: {fault.detail}; {took}")
    return all(fault.repaired_at is not None for fault in faults)


async def _carry_out(this: Run, scene: Scene, hit: Hit) -> Fault:
    writes_redis = hit.kind in WRITES_REDIS
    fault = Fault(kind=hit.kind, at=this.stopwatch(), until=0.0, allowed=REPAIR_SECONDS, writes_redis=writes_redis)
    this.faults.append(fault)
    fault.detail = await _inject(scene, hit)
    fault.until = this.stopwatch()
    return fault


async def _inject(scene: Scene, hit: Hit) -> str:
    """Try again where another fault at the same moment is in the way."""
    for pause in INJECT_AGAIN_SECONDS:
        try:
            return await INJECTORS[hit.kind](scene, random.Random(hit.seed))
        except IN_THE_WAY:
            await asyncio.sleep(pause)
    return await INJECTORS[hit.kind](scene, random.Random(hit.seed))


async def _await_repair(this: Run, faults: list[Fault]) -> None:
    """Faults at one moment end with the last of them, and are repaired together."""
    end, kinds, tempo = max(fault.until for fault in faults), {fault.kind for fault in faults}, this.plan.tempo
    allowed = REPAIR_SECONDS
    if EDITED in kinds:  # found within a pass of the scrub
        allowed += max(tempo.reconcile_seconds, await this.log.head() / tempo.scrub_entries_per_second)
    if kinds & OF_TEAMS:
        allowed += TEAM_SECONDS
    at = await repaired(this.log, this.mirror, this.stopwatch, allowed + GIVE_UP_SECONDS)
    for fault in faults:
        fault.until, fault.allowed, fault.repaired_at = end, allowed, at


async def _come_to_rest(this: Run, players: list[Player], audience: Audience) -> None:
    """Wait until everything that is on its way has arrived; what has not is for the checker to judge."""
    unready = await this.cluster.unready(CATCH_UP_SECONDS)
    this.complaints += [f"{process.name} was not ready at the end" for process in unready]
    await until(partial(_feeds_stand, this), CATCH_UP_SECONDS)
    await audience.catch_up(CATCH_UP_SECONDS)
    for player in players:
        await this.desk.read("/api/activity", player.team, player.seen)
        await this.desk.read("/api/me", player.team, player.seen)
    await until(partial(_teams_stand, this), CATCH_UP_SECONDS)


async def _feeds_stand(this: Run) -> bool:
    """Whether every process knows the whole log."""
    head = await this.log.head()
    return all([await process.knows(head, this.cluster.client) for process in this.cluster.processes])


async def _teams_stand(this: Run) -> bool:
    """Whether every team's stream, which was just read, goes up to the log's head."""
    head = await this.log.head()
    replica = await this.mirror.all()
    return all(replica.scores.get(str(team.id)) == head for team in this.teams)


async def _evidence(this: Run, audience: Audience, hunt: dict[str, Any]) -> Evidence:
    evidence = Evidence(
        seed=this.plan.seed,
        secret_key=this.cluster.secret_key,
        rows=await this.log.rows(),
        redis=await this.mirror.all(),
        commands=this.desk.commands,
        reads=this.desk.reads,
        listeners=audience.listeners,
        faults=this.faults,
        restores=this.restores,
        sightings=this.sightings,
        hunt=hunt,
        titles={slug: puzzle.title for slug, puzzle in load(this.cluster.content).hunt.puzzles.items()},
        quiet_at=this.quiet_at,
        complaints=[*complaints(this.cluster), *this.complaints],
    )
    evidence.events_met = required_met(evidence, this.counts.total())
    return evidence
