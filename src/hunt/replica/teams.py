"""A team's entries for a request: from the team's stream where that is proven, else from the log."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.game.entries import Entry
from hunt.log.source import Source
from hunt.replica.commands import team_range
from hunt.replica.keeper import TeamKeeper
from hunt.replica.ledger import Ledgers
from hunt.replica.messages import BadMessage, Message, decode
from hunt.replica.status import Health

DEADLINE_SECONDS = 0.05
"""How long a request waits for Redis before it asks the log."""
READS_AT_ONCE = 16
"""More requests than this at the same moment ask the log at once."""
OPEN_SECONDS = 1.0
"""After Redis has failed to answer, requests leave it alone for so long."""

Asked = tuple[int, int, int, int]
"""What a request wants: team, after, upto, limit."""


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
        self._asking: dict[Asked, asyncio.Task[Sequence[Entry]]] = {}

    async def entries(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry]:
        """The first `limit` entries of the team or of all in (after, upto]. Raises LogAway when neither can answer."""
        self._keeper.put_down(team_id)
        if upto <= after or limit <= 0:
            return []
        found = await self._counted(team_id, after, upto, limit)
        if found is not None:
            return found
        return [row for row in await self._from_log((team_id, after, upto, limit)) if row.id <= upto]

    async def newest(self, team_id: int, upto: int, limit: int) -> list[Entry]:
        """The last `limit` entries of the team or of all up to `upto`, ascending. Raises LogAway."""
        self._keeper.put_down(team_id)
        if upto <= 0 or limit <= 0:
            return []
        after = self._ledgers.get(team_id).before_last(limit, upto)
        found = await self._counted(team_id, after, upto, limit)
        return list(await self._source.newest(team_id, limit, upto + 1)) if found is None else found

    def forget(self) -> None:
        """The log may be another one than it was: nobody joins those who have asked before."""
        self._asking.clear()

    async def _from_log(self, asked: Asked) -> Sequence[Entry]:
        """Asked once for all who ask the same at the same time, as the sockets of a team do that come back together.

        They name the same `upto`, and that was in the log before the first of them asked.
        """
        task = self._asking.get(asked)
        if task is None:
            team_id, after, _, limit = asked
            task = self._asking[asked] = asyncio.create_task(self._source.entries(after, limit, team_id))
            task.add_done_callback(lambda done: self._answered(asked, done))
        return await asyncio.shield(task)

    def _answered(self, asked: Asked, task: asyncio.Task[Sequence[Entry]]) -> None:
        if self._asking.get(asked) is task:
            del self._asking[asked]

    async def _counted(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry] | None:
        found = await self._from_stream(team_id, after, upto, limit)
        if found is None:
            self._health.counters.team_misses += 1
        else:
            self._health.counters.team_hits += 1
        return found

    async def _from_stream(self, team_id: int, after: int, upto: int, limit: int) -> list[Entry] | None:
        ledger = self._ledgers.get(team_id)
        if upto > ledger.upto:
            return None
        if ledger.confirms(after, upto, limit, []):
            return []
        if upto > ledger.score:
            return None
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


class Breaker:
    """After a failure nobody asks Redis for a second, then one does."""

    def __init__(self) -> None:
        self._closed_from = 0.0

    def allows(self) -> bool:
        """True when Redis may be asked. The first to be told so after a failure asks alone."""
        now = asyncio.get_running_loop().time()
        if now < self._closed_from:
            return False
        if self._closed_from:
            self._closed_from = now + OPEN_SECONDS
        return True

    def succeeded(self) -> None:
        self._closed_from = 0.0

    def failed(self) -> None:
        self._closed_from = asyncio.get_running_loop().time() + OPEN_SECONDS
