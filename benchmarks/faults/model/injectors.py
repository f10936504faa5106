"""What befalls the processes, Redis, SQL and the sockets, at moments that the seed chooses."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.faults.evidence import Fault, Restore
from hunt.game.entries import canonical_json, decode_entry, digest_of, encode_entry
from hunt.replica import keys

if TYPE_CHECKING:
    from benchmarks.faults.model.process import Process
    from benchmarks.faults.model.world import World

REPAIR_SECONDS = 10.0
SCRUB_PASS_SECONDS = 8.0
"""The longest that a pass over such a short log takes, with the wait before it begins."""

PROGRESS_SECONDS = 6.5
"""Longer than a builder may make no progress before another may take over."""

SHARE_LOST = 0.04

SHARE_OF_ALL = 0.5
SOME_KINDS = (2, 6)
"""How many kinds a run has that does not have them all."""

WRITES_REDIS = {
    "flush",
    "delete",
    "delete_entry",
    "rewrite",
    "forge",
    "extra",
    "roll_back",
    "away",
    "stall_builder",
    "builders",
}
"""Faults that change what Redis holds."""


class Injectors:
    """Each method that is listed in `KINDS` is one fault, from beginning to end."""

    def __init__(self, world: "World", names: Sequence[str] | None) -> None:
        """With `names` only faults of these names."""
        self.world = world
        self.chance = world.chance("faults")
        self._kinds = self._some_kinds() if names is None else [kind for kind in KINDS if kind.__name__ in names]
        self.faults: list[Fault] = []
        self.under_way: list[Fault] = []
        self._dump = world.store.copy()
        self._old_states: dict[bytes, bytes] = {}

    def _some_kinds(self) -> Sequence[Callable[["Injectors"], Awaitable[str]]]:
        """Half of the runs meet every kind; the others a few kinds all the more often, and so other combinations."""
        if self.chance.random() < SHARE_OF_ALL:
            return KINDS
        return self.chance.sample(KINDS, self.chance.randint(*SOME_KINDS))

    async def strike(self) -> None:
        """One fault after the other until the load has ended."""
        while self.world.is_busy and self._kinds:
            await asyncio.sleep(self.chance.uniform(0.1, 1.6))
            if self.world.is_busy:
                await self._one(self.chance.choice(self._kinds))

    async def _one(self, kind: Callable[["Injectors"], Awaitable[str]]) -> None:
        name, now = kind.__name__, self.world.now
        fault = Fault(kind=name, at=now, until=now, allowed=self._allowed(name), writes_redis=name in WRITES_REDIS)
        self.faults.append(fault)
        self.under_way.append(fault)
        fault.detail = await kind(self)
        fault.until = self.world.now
        self.under_way.remove(fault)

    def _allowed(self, name: str) -> float:
        return REPAIR_SECONDS + (SCRUB_PASS_SECONDS if name in {"rewrite", "forge"} else 0.0)

    def allow_for_later_ones(self) -> None:
        """While another fault strikes nobody can repair: time counts from the end of the last one before the repair."""
        for fault in self.faults:
            end = fault.until
            for later in sorted(self.faults, key=lambda each: each.at):
                if fault.at <= later.at <= end + fault.allowed and later.at <= (fault.repaired_at or later.at):
                    end = max(end, later.until)
            fault.allowed += end - fault.until

    def _process(self) -> "Process":
        return self.chance.choice(self.world.processes)

    async def _wait(self, longest: float) -> None:
        await asyncio.sleep(self.chance.uniform(0.1, longest))

    # --- Redis loses or changes what it holds

    async def flush(self) -> str:
        self.world.store.plain.flushall()
        return "FLUSHALL"

    async def delete(self) -> str:
        plain = self.world.store.plain
        names = [keys.STREAM, keys.META, keys.TEAMS, keys.BUILDER, keys.LEASE]
        names += [keys.team_stream(team_id) for team_id in self.world.teams]
        name = self.chance.choice([keys.STREAM, *names])
        plain.delete(name)
        return f"DEL {name}"

    async def delete_entry(self) -> str:
        stream, ids = self._stream()
        if ids:
            self.world.store.plain.xdel(stream, self.chance.choice(ids))
        return f"XDEL of one entry of {stream}"

    async def rewrite(self) -> str:
        """An entry edited in place; `forge` also makes the digests fit again from there on."""
        return self._rewrite(forge=False)

    async def forge(self) -> str:
        return self._rewrite(forge=True)

    async def extra(self) -> str:
        """An entry on top that nobody committed, with the digest that anybody can compute for it."""
        stream, ids = self._stream()
        if not ids:
            return "nothing to add to"
        last = int(ids[-1].split("-")[1])
        (_, fields), *_ = self.world.store.plain.xrevrange(stream, count=1)
        row = json.loads(fields[keys.FIELD]) | {"id": last + 1, "slug": "extra"}
        row["digest"] = hashlib.sha256(f"{row.pop('digest')}{canonical_json(row)}".encode()).hexdigest()
        self.world.store.plain.xadd(stream, {keys.FIELD: canonical_json(row)}, id=keys.message_id(last + 1))
        return f"0-{last + 1} on top of {stream}"

    async def dump(self) -> str:
        """No fault yet: what `roll_back` will go back to."""
        self._dump = self.world.store.copy()
        return "kept a dump"

    async def roll_back(self) -> str:
        self.world.store.restore(self._dump)
        return "Redis is back with an old dump"

    async def spoil_states(self) -> str:
        """One team's kept state is damaged, gone, or an older one."""
        plain = self.world.store.plain
        for name in plain.keys("derived/*/teams"):
            team_id = str(self.chance.choice(self.world.teams)).encode()
            value, old = plain.hget(name, team_id), self._old_states.get(team_id)
            plain.hdel(name, team_id)
            choice = self.chance.choice([value and value[:-1] + b"?", None, old])
            if choice:
                plain.hset(name, team_id, choice)
            self._old_states = plain.hgetall(name)
        return "a team's kept state"

    def _stream(self) -> tuple[str, list[str]]:
        names = [keys.STREAM, keys.STREAM, *map(keys.team_stream, self.world.teams)]
        stream = self.chance.choice(names)
        return stream, [id.decode() for id, _ in self.world.store.plain.xrange(stream)]

    def _rewrite(self, *, forge: bool) -> str:
        stream, ids = self._stream()
        if not ids:
            return "nothing to rewrite"
        plain, chosen, previous = self.world.store.plain, self.chance.choice(ids).encode(), ""
        messages = plain.xrange(stream)
        plain.delete(stream)
        for id, fields in messages:
            body = fields[keys.FIELD]
            if id == chosen or previous:
                body, digest = _changed(body, previous, slug="forged" if id == chosen else None)
                previous = digest if forge else ""
            plain.xadd(stream, {keys.FIELD: body}, id=id)
        return f"{chosen.decode()} of {stream}"

    # --- Redis does not answer

    async def away(self) -> str:
        self.world.store.leave()
        if self.chance.random() < 0.3:
            self.world.store.plain.flushall()
            self.world.store.server.script_cache.clear()
        await self._wait(3.0)
        self.world.store.come_back()
        return "Redis was killed"

    async def stop(self) -> str:
        self.world.store.is_paused = True
        await self._wait(4.0)
        self.world.store.resume()
        return "Redis was stopped"

    async def slow(self) -> str:
        self.world.store.is_slow = True
        await self._wait(3.0)
        self.world.store.is_slow = False
        return "the road to Redis was slow"

    async def breaks(self) -> str:
        self.world.store.trouble = SHARE_LOST
        await self._wait(3.0)
        self.world.store.trouble = 0.0
        return "connections to Redis broke"

    async def unpublished(self) -> str:
        process = self._process()
        process.loses_publishes = True
        await self._wait(2.0)
        process.loses_publishes = False
        return f"{process.name} published nothing"

    # --- SQL

    async def sql_away(self) -> str:
        database = self.world.database
        database.is_away = True
        database.break_off()
        await self._wait(3.0)
        database.is_away = False
        return "SQL restarted"

    async def sql_slow(self) -> str:
        self.world.database.is_slow = True
        await self._wait(2.0)
        self.world.database.is_slow = False
        return "the road to SQL was slow"

    async def commits_break(self) -> str:
        self.world.database.trouble = 0.3
        await self._wait(2.0)
        self.world.database.trouble = 0.0
        return "connections broke during COMMIT"

    async def restore(self) -> str:
        """SQL comes back from an older dump, and somebody may be quicker than all who remember more."""
        database = self.world.database
        kept = max(self.world.first_head, database.head - self.chance.choice([1, 2, 5, 12, 40]))
        database.is_away = self.chance.random() < 0.7
        lost = database.restore(kept)
        self.world.restores.append(Restore(at=self.world.now, kept=kept, lost=[each.public for each in lost]))
        self.world.forget_answers(kept)
        if database.is_away:
            await self._wait(1.5)
            database.is_away = False
        return f"SQL was restored to entry {kept}"

    # --- processes

    async def kill(self) -> str:
        process = self._process()
        process.crash_point = self.chance.choice(["", "before COMMIT", "after COMMIT", "after publish"])
        if process.crash_point:
            await self._wait(1.5)
        if not process.is_dead:
            process.die()
        point = process.crash_point or "at any time"
        await self._wait(1.5)
        self.world.start_again(process)
        return f"{process.name} was killed {point}"

    async def freeze(self) -> str:
        process = self._process()
        seconds = self.chance.uniform(0.5, 4.0)
        process.freeze(seconds)
        await asyncio.sleep(seconds)
        return f"{process.name} was stopped"

    async def stall_builder(self) -> str:
        """A rebuild is needed, and one process stops if it begins with it, for longer than others wait."""
        process = self._process()
        process.stalls_at_shadow = PROGRESS_SECONDS
        self.world.store.plain.delete(keys.META)
        await self._wait(3.0)
        process.stalls_at_shadow = 0.0
        while process.is_frozen:
            await self._wait(0.5)
        return f"{process.name} was to stop in a rebuild"

    async def builders(self) -> str:
        """All want to rebuild at once."""
        self.world.store.plain.flushall()
        for process in self.world.processes:
            process.replica._reconciler.ask()
        return "all were asked to rebuild"

    async def clock(self) -> str:
        process = self._process()
        process.clock_offset = timedelta(seconds=self.chance.uniform(-3600, 3600))
        return f"the clock of {process.name} jumped"

    # --- sockets

    async def cut(self) -> str:
        client = self.chance.choice(self.world.clients)
        if client.socket:
            client.socket.cut()
        return f"the socket of client {client.record.number} was cut"

    async def lose_frame(self) -> str:
        client = self.chance.choice(self.world.clients)
        client.loses_next = True
        await self._wait(1.0)
        client.loses_next = False
        return f"client {client.record.number} may have lost a frame"

    async def stop_reading(self) -> str:
        client = self.chance.choice(self.world.clients)
        client.stall()
        await asyncio.sleep(self.chance.choice([1.0, 6.0]))
        client.go_on()
        return f"client {client.record.number} did not read"


def _changed(body: bytes, previous: str, slug: str | None) -> tuple[bytes, str]:
    """The entry with another slug, or with a digest that follows `previous`; and that digest."""
    entry = decode_entry(body)
    fields: dict[str, Any] = {name: getattr(entry, name) for name in entry.__struct_fields__}
    changed = type(entry)(**fields | ({"slug": slug} if slug else {}))
    digest = digest_of(previous or changed.digest, changed)
    sealed = type(entry)(**{name: getattr(changed, name) for name in changed.__struct_fields__} | {"digest": digest})
    return encode_entry(sealed).encode(), digest


KINDS = (
    Injectors.flush,
    Injectors.delete,
    Injectors.delete_entry,
    Injectors.rewrite,
    Injectors.forge,
    Injectors.extra,
    Injectors.spoil_states,
    Injectors.dump,
    Injectors.roll_back,
    Injectors.away,
    Injectors.stop,
    Injectors.slow,
    Injectors.breaks,
    Injectors.unpublished,
    Injectors.sql_away,
    Injectors.sql_slow,
    Injectors.commits_break,
    Injectors.restore,
    Injectors.kill,
    Injectors.freeze,
    Injectors.stall_builder,
    Injectors.builders,
    Injectors.clock,
    Injectors.cut,
    Injectors.lose_frame,
    Injectors.stop_reading,
)
