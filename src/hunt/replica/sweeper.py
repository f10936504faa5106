"""Takes out of Redis what stands among the teams' streams and belongs to no team."""

import msgspec
from redis.asyncio import Redis

from hunt.replica import keys
from hunt.replica.answers import as_refusal
from hunt.replica.commands import team_of
from hunt.replica.scripts import Scripts
from hunt.replica.status import Health

SCAN_KEYS = 500
"""Looked at in one step: a fraction of a millisecond of Redis."""
DROPPED_AT_ONCE = 100
"""Members that name no team; more of them wait for the next round."""


class Sweeper:
    """Drops members of the sorted set that name no team, and teams' streams without a score."""

    def __init__(self, redis: Redis, scripts: Scripts, health: Health) -> None:
        self._redis = redis
        self._scripts = scripts
        self._health = health
        self._cursor = 0

    async def teams(self) -> list[int]:
        """The teams that the sorted set names; what names none is taken out of it. Raises RedisError."""
        reply = await self._redis.zrange(keys.TEAMS, 0, -1)
        with as_refusal():
            members = msgspec.convert(reply, list[bytes])
        named = {member: team_of(member.decode(errors="replace")) for member in members}
        foreign = [member for member, team_id in named.items() if team_id is None]
        for member in foreign[:DROPPED_AT_ONCE]:
            await self._scripts.drop_member(member)
            self._health.dropped_member(member.decode(errors="backslashreplace"))
        return [team_id for team_id in named.values() if team_id is not None]

    async def sweep(self) -> None:
        """Looks through the next keys, and drops the teams' streams that have no score. Raises RedisError."""
        self._cursor, reply = await self._redis.scan(self._cursor, match=keys.NUMBERED, count=SCAN_KEYS)
        with as_refusal():
            members = [member for member in map(keys.numbered, msgspec.convert(reply, list[bytes])) if member]
        for member in await self._scripts.drop_strays(members) if members else ():
            self._health.dropped_member(member)
