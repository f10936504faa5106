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
from benchmarks.faults.cluster import POLL_SECONDS, Cluster, Process
from benchmarks.faults.evidence import Restore
from benchmarks.faults.histories import canonical
from benchmarks.faults.listeners import Audience
from benchmarks.faults.proxy import Fate, Proxy, let_pass, once
from benchmarks.faults.truth import FIELD, META, STREAM, Log, Mirror

STRIKE_SECONDS = 5.0
"""How long a fault waits for the traffic that it is to hit."""

COMMIT = b"COMMIT"
MIN_CUT_BYTES = 400
"""A request to Redis of this length carries entries."""

MOST_LOST_ENTRIES = 60
"""That a restore takes away."""

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


class Scene(Struct, kw_only=True):
    """What faults may touch."""

    cluster: Cluster
    log: Log
    mirror: Mirror
    audience: Audience
    restores: list[Restore]
    oldest_dump: int = 0
    """The entry up to which every dump goes: teams, and the hunt's start."""
    pause_seconds: float = 10.0
    """How long Redis stands still."""

    @property
    def redis_proxy(self) -> Proxy:
        return self.cluster.redis_proxy


Injector = Callable[[Scene, random.Random], Awaitable[str]]

INJECTORS: dict[str, Injector] = {}
"""Every kind of fault."""


def fault(injector: Injector) -> Injector:
    INJECTORS[injector.__name__] = injector
    return injector


@fault
async def redis_flushed(scene: Scene, _rng: random.Random) -> str:
    await scene.mirror.client.flushall()
    return "FLUSHALL"


@fault
async def stream_deleted(scene: Scene, rng: random.Random) -> str:
    keys = [STREAM, *(await scene.mirror.client.keys("activity_log/[0-9]*"))]
    key = STREAM if rng.random() < 0.5 else rng.choice(keys)
    await scene.mirror.client.delete(key)
    return f"DEL {key}"


@fault
async def entry_deleted(scene: Scene, rng: random.Random) -> str:
    id = await _in_the_middle(scene, rng)
    await scene.mirror.client.xdel(STREAM, id)
    return f"XDEL {id}"


@fault
async def entry_edited(scene: Scene, rng: random.Random) -> str:
    """Its digest stays, so only somebody who computes the chain can tell."""
    id = await _in_the_middle(scene, rng)
    ((_, fields),) = await scene.mirror.client.xrange(STREAM, id, id)
    body = fields[FIELD].replace('"currency_delta":', '"currency_delta":1', 1)
    scene.mirror.forged.add(body)
    await scene.mirror.client.eval(EDIT, 1, STREAM, id, body)
    return f"message {id} rewritten"


async def _in_the_middle(scene: Scene, rng: random.Random) -> str:
    length = await scene.mirror.client.xlen(STREAM)
    return f"0-{rng.randint(max(1, length // 5), max(1, length * 4 // 5))}"


@fault
async def extra_entry(scene: Scene, _rng: random.Random) -> str:
    """By somebody who knows only the stream."""
    id, body, _ = await _forged(scene)
    await scene.mirror.client.xadd(STREAM, {FIELD: body}, id=f"0-{id}")
    return f"entry {id} that the log has not"


@fault
async def extra_entry_with_head(scene: Scene, _rng: random.Random) -> str:
    """By somebody who follows the rules, but of another log."""
    id, body, digest = await _forged(scene)
    async with scene.mirror.client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(STREAM, {FIELD: body}, id=f"0-{id}")
        pipeline.hset(META, mapping={"head": str(id), "digest": digest})
        await pipeline.execute()
    return f"entry {id} of another log, and the head says so"


async def _forged(scene: Scene) -> tuple[int, str, str]:
    """An entry that could be the stream's next, its body and its digest, which no chain leads to."""
    ((_, fields),) = await scene.mirror.newest(1)
    row: dict[str, Any] = json.loads(fields[FIELD])
    row["id"] += 1
    row["digest"] = hashlib.sha256(f"another log {row['digest']}".encode()).hexdigest()
    body = canonical(row)
    scene.mirror.forged.add(body)
    return row["id"], body, row["digest"]


@fault
async def redis_killed_empty(scene: Scene, _rng: random.Random) -> str:
    redis = scene.cluster.redis
    await asyncio.to_thread(redis.kill)
    (redis.folder / "dump.rdb").unlink(missing_ok=True)
    await asyncio.to_thread(redis.start)
    return "kill -9, and back empty"


@fault
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
    proxy.rule = once(wanted, fate, struck)
    try:
        async with asyncio.timeout(STRIKE_SECONDS):
            await struck.wait()
    except TimeoutError:
        return False
    finally:
        proxy.rule = let_pass
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


async def _crash(scene: Scene, rng: random.Random, where: str) -> str:
    """Kill a process at a point of its work, or wherever it is when it does not come there."""
    process = rng.choice(scene.cluster.writers)
    starts = process.starts
    with _asked(process, where):
        try:
            async with asyncio.timeout(STRIKE_SECONDS):
                while process.starts == starts and process.is_running:
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            process.kill()
            return f"{process.name}, which was idle"
    return process.name


@fault
async def sql_restored(scene: Scene, rng: random.Random) -> str:
    head = await scene.log.head()
    kept = rng.randint(max(scene.oldest_dump, head - MOST_LOST_ENTRIES), max(scene.oldest_dump, head - 1))
    restore = await scene.log.go_back(kept)
    scene.restores.append(restore)
    return f"back to entry {kept}, {len(restore.lost)} entries lost"


@fault
async def socket_stalled(scene: Scene, rng: random.Random) -> str:
    slow = [client for client in scene.audience.clients if client.is_slow and client.is_connected]
    if not slow:
        return "nobody was there"
    client, seconds = rng.choice(slow), 2 * scene.cluster.tempo.slow_seconds
    client.stall(seconds)
    await asyncio.sleep(seconds)
    return f"listener {client.listener.number} did not read for {seconds:g} s"


@fault
async def clock_jumped(scene: Scene, rng: random.Random) -> str:
    process, offset = rng.choice(scene.cluster.writers), rng.choice([-1, 1]) * rng.uniform(30, 3600)
    with _asked(process, launch.CLOCK, str(offset)):
        await asyncio.sleep(rng.uniform(0.5, 2.0))
    return f"{process.name} was {offset:+.0f} s off"
