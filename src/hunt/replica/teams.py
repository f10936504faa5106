"""A team's entries for a request: from the team's stream where that is proven, else from the log."""

import asyncio
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.game.entries import Entry
from hunt.log.source import Source
from hunt.replica.breaker import Breaker
from hunt.replica.commands import team_range
from hunt.replica.keeper import TeamKeeper
from hunt.replica.ledger import Ledgers
from hunt.replica.messages import BadMessage, Message, decode
from hunt.replica.status import Health

DEADLINE_SECONDS: Final = 0.05
"""How long a request waits for Redis before it asks the log."""
READS_AT_ONCE: Final = 16
"""More requests than this at the same moment ask the log at once."""


class Teams:
    """A stream is believed where it says exactly what this process has read from the log before.

    Either way the keeper is told of the team, and brings its stream up to the replica's head.
    """

    def __init__(self, redis: Redis, source: Source, health: Health, *, ledgers: Ledgers, keeper: TeamKeeper) -> None:
        self._redis = redis
        self._source = source
        self._health = health
        self._ledgers = ledgers
        self._keeper = keeper
        self._breaker = Breaker()
        self._reading = 0

    async def entries(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry]:
        """The first `limit` entries of the team or of all in (after, upto]. Raises LogAway when neither can answer."""
        if upto <= after or limit <= 0:
            return []
        self._keeper.put_down(team_id)
        found = await self._from_stream(team_id, after, upto, limit)
        if found is not None:
            self._health.counters.team_hits += 1
            return found
        self._health.counters.team_misses += 1
        rows = await self._source.entries(after, limit, team_id)
        return [row for row in rows if row.id <= upto]

    async def _from_stream(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry] | None:
        ledger = self._ledgers.get(team_id)
        if upto > ledger.upto:
            return None
        if ledger.confirms(after, upto, limit, []):
            return []
        messages = await self._ask(team_id, after, upto, limit)
        if messages is None:
            return None
        if not ledger.confirms(after, upto, limit, messages):
            self._health.counters.team_mismatches += 1
            self._keeper.put_down(team_id, suspect=True)
            return None
        return [decode(message) for message in messages]

    async def _ask(self, team_id: int, after: int, upto: int, limit: int) -> list[Message] | None:
        """What the stream holds, or None when Redis does not say so in time."""
        if self._reading >= READS_AT_ONCE or not self._breaker.allows():
            return None
        self._reading += 1
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                messages = await team_range(self._redis, team_id, after, upto, limit)
        except BadMessage:
            messages = []
        except (RedisError, TimeoutError) as error:
            self._breaker.failed()
            self._health.failed(error)
            return None
        finally:
            self._reading -= 1
        self._breaker.succeeded()
        return messages
