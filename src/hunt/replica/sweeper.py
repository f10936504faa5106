"""Takes out of Redis what stands among the teams' streams and belongs to no team."""

from typing import cast

from redis.asyncio import Redis

from hunt.log.source import Source
from hunt.replica import keys
from hunt.replica.commands import team_of
from hunt.replica.scripts import Scripts
from hunt.replica.status import Health

SCAN_KEYS = 500
"""Looked at in one step: a fraction of a millisecond of Redis."""
PAGE_ENTRIES = 200


class Sweeper:
    """What is right costs it nothing but the look at it."""

    def __init__(self, redis: Redis, scripts: Scripts, health: Health) -> None:
        self._redis = redis
        self._scripts = scripts
        self._health = health
        self._cursor = 0

    async def teams(self) -> list[int]:
        """The teams that the sorted set names; what names none is taken out of it. Raises RedisError."""
        members = cast(list[bytes], await self._redis.zrange(keys.TEAMS, 0, -1))
        teams = []
        for member in members:
            name = member.decode(errors="backslashreplace")
            team_id = team_of(name)
            if team_id is None:
                await self._scripts.drop_member(member)
                self._health.dropped_member(name)
            else:
                teams.append(team_id)
        return teams

    async def sweep(self) -> None:
        """Looks through the next keys, and drops the teams' streams that have no score. Raises RedisError."""
        self._cursor, found = await self._redis.scan(self._cursor, match=keys.NUMBERED, count=SCAN_KEYS)
        members = [member for member in map(keys.numbered, cast(list[bytes], found)) if member]
        for member in await self._scripts.drop_strays(members) if members else ():
            self._health.dropped_member(member)


async def has_team(source: Source, team_id: int) -> bool:
    """Whether the log has an entry of the team's own. Raises LogAway."""
    after = 0
    while page := await source.entries(after, PAGE_ENTRIES, team_id):
        if any(row.team_id == team_id for row in page):
            return True
        after = page[-1].id
    return False
