"""Every fault, one function each: it strikes, ends by itself, and says in a few words what it did."""

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from benchmarks.faults import launch
from benchmarks.faults.backups import Backup, Backups
from benchmarks.faults.cluster import Cluster, Process, until
from benchmarks.faults.evidence import Restore
from benchmarks.faults.histories import canonical
from benchmarks.faults.listeners import Audience
from benchmarks.faults.proxy import Fate, Proxy, once
from benchmarks.faults.truth import FIELD, META, STREAM, Log, Mirror

STRIKE_SECONDS = 5.0
"""How long a fault waits for the traffic that it is to hit."""

COMMIT = b"COMMIT"
MIN_CUT_BYTES = 400
"""A request to Redis of this length carries entries."""

FEW_LOST_ENTRIES = (1, 3)
MANY_LOST_ENTRIES = (15, 60)
"""So many at least a restore takes away."""

GROWTH_SECONDS = 30.0
"""Within so long the log has grown by that; other faults may be in its way."""

FORGE = """
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', '1')[1]
if not top or top[1] ~= ARGV[1] then return 0 end
redis.call('XADD', KEYS[1], '0-' .. ARGV[2], 'entry', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], 'head', ARGV[2], 'digest', ARGV[4]) end
return 1
"""
"""Puts entry ARGV[2] on top of message ARGV[1], unless another has come meanwhile."""

GLOBAL_SHARE = 0.7
"""Of the streams that are deleted; the others are teams'."""

STALLS = 4
"""How often a socket stops reading until it is closed for that."""

TOO_SLOW = 4008

EDIT = """
local stream, copy = KEYS[1], KEYS[1] .. '/edited'
for _, message in ipairs(redis.call('XRANGE', stream, '-', '+')) do
  local body = message[2][2]
  if message[1] == ARGV[1] then body = ARGV[2] end
  redis.call('XADD', copy, message[1], 'entry', body)
end
redis.call('RENAME', copy, stream)
"""
"""Writes another body into the message ARGV[1], which Redis itself has no command for."""


class NothingToHit(Exception):
    """What the fault is about is not there; the message says what."""


class Scene(Struct, kw_only=True):
    """What faults may touch."""

    cluster: Cluster
    log: Log
    backups: Backups
    mirror: Mirror
    audience: Audience
    restores: list[Restore]
    pause_seconds: float = 10.0
    """How long Redis stands still."""

    @property
    def redis_proxy(self) -> Proxy:
        return self.cluster.redis_proxy


Injector = Callable[[Scene, random.Random], Awaitable[str]]

INJECTORS: dict[str, Injector] = {}
"""Every kind of fault."""

WRITES_REDIS: set[str] = set()
"""The kinds that change what Redis holds."""


def fault(injector: Injector) -> Injector:
    INJECTORS[injector.__name__] = injector
    return injector


def tampering(injector: Injector) -> Injector:
    """A fault that changes what Redis holds."""
    WRITES_REDIS.add(injector.__name__)
    return fault(injector)


@tampering
async def redis_flushed(scene: Scene, _rng: random.Random) -> str:
    await scene.mirror.client.flushall()
    return "FLUSHALL"


@tampering
async def stream_deleted(scene: Scene, rng: random.Random) -> str:
    keys = [STREAM, *(await scene.mirror.client.keys("activity_log/[0-9]*"))]
    key = STREAM if rng.random() < GLOBAL_SHARE else rng.choice(keys)
    await scene.mirror.client.delete(key)
    return f"DEL {key}"


@tampering
async def entry_deleted(scene: Scene, rng: random.Random) -> str:
    id = await _in_the_middle(scene, rng)
    await scene.mirror.client.xdel(STREAM, id)
    return f"XDEL {id}"


@tampering
async def entry_edited(scene: Scene, rng: random.Random) -> str:
    """Its digest stays, so only somebody who computes the chain can tell."""
    id = await _in_the_middle(scene, rng)
    ((_, fields),) = await scene.mirror.client.xrange(STREAM, id, id)
    body = fields[FIELD].replace('"currency_delta":', '"currency_delta":1', 1)
    scene.mirror.forged.add(body)
    await scene.mirror.client.eval(EDIT, 1, STREAM, id, body)
    return f"message {id} rewritten"


async def _until_there_is_a_stream(scene: Scene) -> None:
    """A fault at the same moment may have taken it away."""

    async def exists() -> bool:
        return bool(await scene.mirror.client.xlen(STREAM))

    if not await until(exists, STRIKE_SECONDS):
        raise NothingToHit(f"there is no stream within {STRIKE_SECONDS:g} s")


async def _in_the_middle(scene: Scene, rng: random.Random) -> str:
    await _until_there_is_a_stream(scene)
    length = await scene.mirror.client.xlen(STREAM)
    return f"0-{rng.randint(max(1, length // 5), max(1, length * 4 // 5))}"


@tampering
async def extra_entry(scene: Scene, _rng: random.Random) -> str:
    """By somebody who knows only the stream."""
    return f"entry {await _forge(scene, with_head=False)} that the log has not"


@tampering
async def extra_entry_with_head(scene: Scene, _rng: random.Random) -> str:
    """By somebody who follows the rules, but of another log."""
    return f"entry {await _forge(scene, with_head=True)} of another log, and the head says so"


async def _forge(scene: Scene, *, with_head: bool) -> int:
    """Put an entry on top that could be the stream's next, but for its digest, to which no chain leads; its id."""
    while True:
        await _until_there_is_a_stream(scene)
        newest = await scene.mirror.newest(1)
        if not newest:  # another fault has just taken the stream away
            continue
        ((top, fields),) = newest
        id, body, digest = _next_of_another_log(fields[FIELD])
        scene.mirror.forged.add(body)
        if await scene.mirror.client.eval(FORGE, 2, STREAM, META, top, id, body, digest if with_head else ""):
            return id


def _next_of_another_log(body: str) -> tuple[int, str, str]:
    row: dict[str, Any] = json.loads(body)
    row["id"] += 1
    row["digest"] = hashlib.sha256(f"another log {row['digest']}".encode()).hexdigest()
    return row["id"], canonical(row), row["digest"]


@tampering
async def redis_killed_empty(scene: Scene, _rng: random.Random) -> str:
    redis = scene.cluster.redis
    await asyncio.to_thread(redis.kill)
    (redis.folder / "dump.rdb").unlink(missing_ok=True)
    await asyncio.to_thread(redis.start)
    return "kill -9, and back empty"


@tampering
async def redis_killed_old(scene: Scene, rng: random.Random) -> str:
    redis = scene.cluster.redis
    await scene.mirror.client.save()
    head = await scene.mirror.client.xlen(STREAM)
    await asyncio.sleep(rng.uniform(0.5, 2.0))  # the log goes on
    await asyncio.to_thread(redis.kill)
    await asyncio.to_thread(redis.start)
    return f"kill -9, and back with a dump of {head} entries"


@fault
async def redis_paused(scene: Scene, _rng: random.Random) -> str:
    scene.cluster.redis.pause()
    try:
        await asyncio.sleep(scene.pause_seconds)
    finally:
        scene.cluster.redis.resume()
    return f"SIGSTOP for {scene.pause_seconds:g} s"


@fault
async def redis_slow(scene: Scene, rng: random.Random) -> str:
    scene.redis_proxy.delay = delay = rng.uniform(0.02, 0.4)
    try:
        await asyncio.sleep(rng.uniform(1.0, 3.0))
    finally:
        scene.redis_proxy.delay = 0.0
    return f"each answer {delay * 1000:.0f} ms late"


@fault
async def redis_cut_in_request(scene: Scene, _rng: random.Random) -> str:
    hit = await _cut(scene.redis_proxy, lambda chunk: len(chunk) >= MIN_CUT_BYTES, "half")
    return "half of a request arrived" if hit else "nothing was sent"


@fault
async def redis_cut_in_answer(scene: Scene, _rng: random.Random) -> str:
    hit = await _cut(scene.redis_proxy, lambda chunk: len(chunk) >= MIN_CUT_BYTES, "deaf")
    return "a request arrived, its answer did not" if hit else "nothing was sent"


@fault
async def commit_cut_before(scene: Scene, _rng: random.Random) -> str:
    hit = await _cut(scene.cluster.sql_proxy, lambda chunk: COMMIT in chunk, "drop")
    return "COMMIT did not arrive" if hit else "nothing was committed"


@fault
async def commit_cut_after(scene: Scene, _rng: random.Random) -> str:
    hit = await _cut(scene.cluster.sql_proxy, lambda chunk: COMMIT in chunk, "deaf")
    return "COMMIT arrived, its answer did not" if hit else "nothing was committed"


async def _cut(proxy: Proxy, wanted: Callable[[bytes], bool], fate: Fate) -> bool:
    """Let this happen to one connection; whether anything came along."""
    struck = asyncio.Event()
    rule = once(wanted, fate, struck)
    proxy.rules.append(rule)
    try:
        async with asyncio.timeout(STRIKE_SECONDS):
            await struck.wait()
    except TimeoutError:
        return False
    finally:
        proxy.rules.remove(rule)
    return True


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

    if not await until(has_grown, GROWTH_SECONDS):
        raise NothingToHit(f"the log did not grow by {lost} entries within {GROWTH_SECONDS:g} s")
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
    process, offset = rng.choice(scene.cluster.writers), rng.choice([-1, 1]) * rng.uniform(30, 3600)
    with _asked(process, launch.CLOCK, str(offset)):
        await asyncio.sleep(rng.uniform(0.5, 2.0))
    return f"{process.name} was {offset:+.0f} s off"
