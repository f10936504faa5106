"""What befalls Redis: what it holds, whether it answers, and the way to it."""

import asyncio
import hashlib
import json
import random
from typing import Any

from benchmarks.faults.cluster import until
from benchmarks.faults.histories import canonical
from benchmarks.faults.scene import GROWTH_SECONDS, STRIKE_SECONDS, NothingToHit, Scene, fault, tampering
from benchmarks.faults.truth import FIELD, META, STREAM, TEAM_STREAMS

MIN_CUT_BYTES = 400
"""A request to Redis of this length carries entries."""

FORGE = """
local top = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', '1')[1]
if not top or top[1] ~= ARGV[1] then return 0 end
redis.call('XADD', KEYS[1], '0-' .. ARGV[2], 'entry', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], 'head', ARGV[2], 'digest', ARGV[4]) end
return 1
"""
"""Puts entry ARGV[2] on top of message ARGV[1], unless another has come meanwhile."""

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


@tampering
async def redis_flushed(scene: Scene, _rng: random.Random) -> str:
    await scene.mirror.client.flushall()
    return "FLUSHALL"


@tampering
async def stream_deleted(scene: Scene, _rng: random.Random) -> str:
    await scene.mirror.client.delete(STREAM)
    return f"DEL {STREAM}"


@tampering
async def team_stream_deleted(scene: Scene, rng: random.Random) -> str:
    key = await _team_stream(scene, rng)
    await scene.mirror.client.delete(key)
    return f"DEL {key}"


@tampering
async def entry_deleted(scene: Scene, rng: random.Random) -> str:
    return await _delete_entry(scene, rng, STREAM)


@tampering
async def team_entry_deleted(scene: Scene, rng: random.Random) -> str:
    return await _delete_entry(scene, rng, await _team_stream(scene, rng))


async def _delete_entry(scene: Scene, rng: random.Random, key: str) -> str:
    id, _ = await _in_the_middle(scene, rng, key)
    await scene.mirror.client.xdel(key, id)
    return f"XDEL {key} {id}"


@tampering
async def entry_edited(scene: Scene, rng: random.Random) -> str:
    """Its digest stays, so only somebody who computes the chain can tell."""
    id, fields = await _in_the_middle(scene, rng, STREAM)
    body = fields[FIELD].replace('"currency_delta":', '"currency_delta":1', 1)
    scene.mirror.forged.add(body)
    await scene.mirror.client.eval(EDIT, 1, STREAM, id, body)
    return f"message {id} rewritten"


async def _team_stream(scene: Scene, rng: random.Random) -> str:
    """Somebody's; they are made for those who ask."""
    found: list[str] = []

    async def are_there() -> bool:
        found[:] = sorted(await scene.mirror.client.keys(TEAM_STREAMS))
        return bool(found)

    if not await until(are_there, GROWTH_SECONDS):
        raise NothingToHit(f"no team has a stream within {GROWTH_SECONDS:g} s")
    return rng.choice(found)


async def _in_the_middle(scene: Scene, rng: random.Random, key: str) -> tuple[str, dict[str, str]]:
    """A message of the stream, which a fault at the same moment may have taken away."""
    messages: list[tuple[str, dict[str, str]]] = []

    async def are_there() -> bool:
        messages[:] = await scene.mirror.messages(key)
        return bool(messages)

    if not await until(are_there, GROWTH_SECONDS):
        raise NothingToHit(f"{key} has no message within {GROWTH_SECONDS:g} s")
    return messages[rng.randint(len(messages) // 5, len(messages) * 4 // 5)]


@tampering
async def extra_entry(scene: Scene, _rng: random.Random) -> str:
    """By somebody who knows only the stream."""
    return f"entry {await _forge(scene, with_head=False)} that the log has not"


@tampering
async def extra_entry_with_head(scene: Scene, _rng: random.Random) -> str:
    """By somebody who knows also what the replica says of itself."""
    return f"entry {await _forge(scene, with_head=True)} that the log has not, and the head says so"


async def _forge(scene: Scene, *, with_head: bool) -> int:
    """Put an entry on top that follows from the one before, as anybody can make one: a gift of keys; its id."""
    newest: list[tuple[str, dict[str, str]]] = []

    async def is_there() -> bool:
        newest[:] = await scene.mirror.newest(1)
        return bool(newest)

    while await until(is_there, GROWTH_SECONDS):
        ((top, fields),) = newest
        id, body, digest = _gift_after(fields[FIELD])
        scene.mirror.forged.add(body)
        if await scene.mirror.client.eval(FORGE, 2, STREAM, META, top, id, body, digest if with_head else ""):
            return id
    raise NothingToHit(f"there is no stream within {GROWTH_SECONDS:g} s")


def _gift_after(body: str) -> tuple[int, str, str]:
    """Id, body and digest."""
    row: dict[str, Any] = json.loads(body)
    previous = row.pop("digest")
    row |= {"id": row["id"] + 1, "currency_delta": 1_000}
    digest = hashlib.sha256(f"{previous}{canonical(row)}".encode()).hexdigest()
    return row["id"], canonical(row | {"digest": digest}), digest


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
    scene.cluster.redis_proxy.delay = delay = rng.uniform(0.02, 0.4)
    try:
        await asyncio.sleep(rng.uniform(1.0, 3.0))
    finally:
        scene.cluster.redis_proxy.delay = 0.0
    return f"each answer {delay * 1000:.0f} ms late"


@fault
async def redis_cut_in_request(scene: Scene, _rng: random.Random) -> str:
    hit = await scene.cluster.redis_proxy.hit_one(_carries_entries, "half", STRIKE_SECONDS)
    return "half of a request arrived" if hit else "nothing was sent"


@fault
async def redis_cut_in_answer(scene: Scene, _rng: random.Random) -> str:
    hit = await scene.cluster.redis_proxy.hit_one(_carries_entries, "deaf", STRIKE_SECONDS)
    return "a request arrived, its answer did not" if hit else "nothing was sent"


def _carries_entries(chunk: bytes) -> bool:
    return len(chunk) >= MIN_CUT_BYTES
