"""Compares all of Redis with all of the log, for people."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.game.entries import encode_entry
from hunt.log.database import reason_of
from hunt.log.source import Source
from hunt.replica import keys
from hunt.replica.commands import stream_range, team_of, team_scores
from hunt.replica.messages import BadMessage, Message, parse
from hunt.replica.scripts import Scripts
from hunt.replica.source import has_team
from hunt.replica.sweeper import SCAN_KEYS

PAGE_ENTRIES = 500
LAG_SECONDS = 2.0
"""A replica that reaches the log's head within this time is not behind."""
LAG_CHECK_SECONDS = 0.1


class Verifier:
    """Reads; changes nothing. Entries that are appended meanwhile do not disturb it."""

    def __init__(self, redis: Redis, scripts: Scripts, source: Source) -> None:
        self._redis = redis
        self._scripts = scripts
        self._source = source

    async def findings(self) -> list[str]:
        """What is wrong, in sentences; an empty list when nothing is. Raises LogAway."""
        try:
            return [finding async for finding in self._findings()]
        except RedisError as error:
            return [f"Redis does not answer: {reason_of(error)}"]

    async def _findings(self) -> AsyncIterator[str]:
        head, _ = await self._source.head()
        replica = await self._scripts.inspect()
        if replica.damage:
            yield replica.damage
            return
        if await self._source.digest_at(replica.head) != replica.digest:
            yield f"The replica's digest at entry {replica.head} is not the log's."
        difference = await self._difference(keys.STREAM, replica.head, None)
        if difference:
            yield f"The stream {difference}"
        async for finding in self._teams():
            yield finding
        if not await self._reaches(head):
            yield f"The replica stays behind entry {head}, the log's last."

    async def _reaches(self, head: int) -> bool:
        for _ in range(int(LAG_SECONDS / LAG_CHECK_SECONDS)):
            if (await self._scripts.inspect()).head >= head:
                return True
            await asyncio.sleep(LAG_CHECK_SECONDS)
        return False

    async def _teams(self) -> AsyncIterator[str]:
        for name, score in await team_scores(self._redis):
            finding = await self._team(name, score)
            if finding:
                yield finding
        found = {keys.numbered(key) async for key in self._redis.scan_iter(match=keys.NUMBERED, count=SCAN_KEYS)}
        for name in sorted(found - {""}):
            ends = await self._scripts.team_ends(name)
            if ends.score is None and ends.last is not None:
                yield f"The stream of team {name} has no score in the index of teams."

    async def _team(self, name: str, score: int) -> str | None:
        """What is wrong with a member of the sorted set or with its stream."""
        team_id = team_of(name)
        if team_id is None:
            return f"The index of teams says {score} for {name}, which cannot be."
        ends = await self._scripts.team_ends(name)
        if ends.score is None:  # it has been dropped since it was listed
            return None
        if ends.score > ends.head:
            return f"The index of teams says {ends.score} for {name}, which cannot be."
        if not await has_team(self._source, team_id):
            return f"The index of teams names {name}, of which the log has nothing."
        difference = await self._difference(keys.team_stream(team_id), ends.score, team_id)
        if difference:
            return f"The stream of team {name} {difference}"
        return None if ends.fits else f"The stream of team {name} goes on after entry {ends.score}, its score."

    async def _difference(self, stream: str, upto: int, team_id: int | None) -> str | None:
        """Where the stream first differs from the log in (0, upto]; None when it does not."""
        after = 0
        while after < upto:
            rows = await self._source.entries(after, PAGE_ENTRIES, team_id)
            right = [(row.id, encode_entry(row).encode()) for row in rows if row.id <= upto]
            last = right[-1][0] if len(right) == PAGE_ENTRIES else upto
            raw = await stream_range(self._redis, stream, after, last, None)
            try:
                held = parse(raw)
            except BadMessage as error:
                return f"holds what is no entry: {reason_of(error)}"
            difference = _first_difference(right, held)
            if difference:
                return difference
            after = last
        return None


def _first_difference(right: Iterable[Message], held: Iterable[Message]) -> str | None:
    bodies = dict(held)
    for id, body in right:
        if id not in bodies:
            return f"lacks entry {id}."
        if bodies.pop(id) != body:
            return f"holds another entry {id} than the log."
    return f"holds entry {min(bodies)}, which does not belong there." if bodies else None
