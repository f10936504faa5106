"""Every fault, one function each: it strikes, ends by itself, and says in a few words what it did."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.faults import (
    launch,
    redis_faults,  # noqa: F401 - it lists its faults
)
from benchmarks.faults.backups import Backup
from benchmarks.faults.cluster import Process, until
from benchmarks.faults.scene import (
    GROWTH_SECONDS,
    INJECTORS,
    STRIKE_SECONDS,
    WRITES_REDIS,
    NothingToHit,
    Scene,
    fault,
)

__all__ = ["INJECTORS", "WRITES_REDIS", "NothingToHit", "Scene"]

COMMIT = b"COMMIT"

FEW_LOST_ENTRIES = (1, 3)
MANY_LOST_ENTRIES = (15, 60)
"""So many at least a restore takes away, unless the log grows too slowly."""

STALLS = 4
"""How often a socket stops reading until it is closed for that."""

TOO_SLOW = 4008


@fault
async def commit_cut_before(scene: Scene, _rng: random.Random) -> str:
    hit = await scene.cluster.sql_proxy.hit_one(_commits, "drop", STRIKE_SECONDS)
    return "COMMIT did not arrive" if hit else "nothing was committed"


@fault
async def commit_cut_after(scene: Scene, _rng: random.Random) -> str:
    hit = await scene.cluster.sql_proxy.hit_one(_commits, "deaf", STRIKE_SECONDS)
    return "COMMIT arrived, its answer did not" if hit else "nothing was committed"


def _commits(chunk: bytes) -> bool:
    return COMMIT in chunk


@fault
async def publish_suppressed(scene: Scene, rng: random.Random) -> str:
    process = rng.choice(scene.cluster.writers)
    with _asked(process, launch.SUPPRESS_PUBLISH):
        await asyncio.sleep(rng.uniform(0.5, 1.5))
    return process.name


@contextmanager
def _asked(process: Process, name: str, text: str = "") -> Iterator[None]:
    process.ask(name, text)
    try:
        yield
    finally:
        process.ask_no_more(name)


@fault
async def postgres_restarted(scene: Scene, _rng: random.Random) -> str:
    await asyncio.to_thread(scene.cluster.postgres.restart)
    return "stopped and started"


@fault
async def killed_before_commit(scene: Scene, rng: random.Random) -> str:
    return await _crash(scene, rng, launch.CRASH_BEFORE_COMMIT)


@fault
async def killed_after_commit(scene: Scene, rng: random.Random) -> str:
    return await _crash(scene, rng, launch.CRASH_AFTER_COMMIT)


@fault
async def killed_after_publish(scene: Scene, rng: random.Random) -> str:
    return await _crash(scene, rng, launch.CRASH_AFTER_PUBLISH)


@fault
async def killed_anywhere(scene: Scene, rng: random.Random) -> str:
    """Any of the servers, that for sockets only too."""
    process = rng.choice(scene.cluster.processes)
    process.kill()
    return process.name


@fault
async def started_together(scene: Scene, _rng: random.Random) -> str:
    """All that write are killed, start and migrate at one moment."""
    for process in scene.cluster.writers:
        process.kill()
    await scene.cluster.all_ready(scene.cluster.writers)
    return "kill -9 of all that write"


async def _crash(scene: Scene, rng: random.Random, where: str) -> str:
    """Kill a process at a point of its work, or wherever it is when it does not come there."""
    process = rng.choice(scene.cluster.writers)
    starts = process.starts

    async def is_dead() -> bool:
        return process.starts > starts or not process.is_running

    with _asked(process, where):
        if await until(is_dead, STRIKE_SECONDS):
            return process.name
    process.kill()
    return f"{process.name}, which was idle"


@fault
async def sql_restored(scene: Scene, rng: random.Random) -> str:
    """From an old dump: the log stays behind the replica for a while, and sockets have seen what is gone."""
    return await _restore(scene, await scene.backups.pick(rng), rng.randint(*MANY_LOST_ENTRIES))


@fault
async def sql_restored_from_a_fresh_dump(scene: Scene, rng: random.Random) -> str:
    """The log soon grows beyond what the replica has."""
    return await _restore(scene, await scene.backups.make(), rng.randint(*FEW_LOST_ENTRIES))


async def _restore(scene: Scene, backup: Backup, lost: int) -> str:
    async def has_grown() -> bool:
        return await scene.log.head() >= backup.head + lost

    await until(has_grown, GROWTH_SECONDS)
    restore = await scene.backups.restore(backup)
    scene.restores.append(restore)
    return f"back to entry {restore.kept}, {len(restore.lost)} entries lost"


@fault
async def socket_stalled(scene: Scene, rng: random.Random) -> str:
    """Until a server has had enough of it; one that was killed meanwhile had no time for that."""
    seconds = 2 * scene.cluster.tempo.slow_seconds
    for tries in range(1, STALLS + 1):
        slow = [client for client in scene.audience.clients if client.is_slow and client.is_connected]
        if not slow:
            await asyncio.sleep(seconds)
            continue
        client = rng.choice(slow)
        code = await client.stall(seconds)
        if code == TOO_SLOW:
            return f"listener {client.listener.number} did not read for {seconds:g} s, time {tries}"
    return "nobody was closed for it"


@fault
async def clock_jumped(scene: Scene, rng: random.Random) -> str:
    process, offset = rng.choice(scene.cluster.processes), rng.choice([-1, 1]) * rng.uniform(30, 3600)
    with _asked(process, launch.CLOCK, str(offset)):
        await asyncio.sleep(rng.uniform(0.5, 2.0))
    return f"{process.name} was {offset:+.0f} s off"
