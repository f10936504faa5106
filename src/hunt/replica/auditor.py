"""Compares the teams' streams with the log, and drops those that are wrong."""

from collections import deque

from redis.asyncio import Redis

from hunt.game.entries import encode_entry
from hunt.log.source import Source
from hunt.replica.commands import team_range
from hunt.replica.ledger import NO_STREAM, Ledger, Ledgers
from hunt.replica.messages import BadMessage, Message
from hunt.replica.scripts import Inspection, Scripts
from hunt.replica.source import has_team
from hunt.replica.status import Health
from hunt.replica.sweeper import Sweeper

PAGE_ENTRIES = 200


class OtherHistory(Exception):
    """The log is no longer the one that the replica was held beside. What was known of it is forgotten."""


class Auditor:
    """Learns from the log what a team has, and holds the team's stream beside it."""

    def __init__(self, redis: Redis, scripts: Scripts, source: Source, health: Health, *, ledgers: Ledgers) -> None:
        self._redis = redis
        self._scripts = scripts
        self._source = source
        self._health = health
        self._ledgers = ledgers
        self._sweeper = Sweeper(redis, scripts, health)
        self._gen = ""
        self._round: deque[int] = deque()
        self._position = 0

    async def standing(self) -> Inspection | None:
        """The replica, if it stands at an entry of the log: up to there, what the log says now is final."""
        replica = await self._scripts.inspect()
        if replica.damage:
            return None
        if await self._source.digest_at(replica.head) != replica.digest:
            self._ledgers.clear()
            return None
        if replica.gen != self._gen:  # where nobody reconciles, nobody else says so
            self._gen = replica.gen
            self._ledgers.clear()
        return replica

    async def learn(self, team_id: int, ledger: Ledger, replica: Inspection, *, after: int, upto: int) -> list[Message]:
        """A page of the log after `after`, or after what the ledger knows if that is less; nothing beyond `upto`.

        `upto` is not above the replica's head. OtherHistory, and nothing is learned, when the log has lost that head:
        then it may end before `upto`, and what it says next of the ids up to there is not what it said now.
        """
        rows = await self._source.entries(min(after, ledger.upto), PAGE_ENTRIES, team_id)
        if await self._source.digest_at(replica.head) != replica.digest:
            self._ledgers.clear()
            raise OtherHistory
        messages = [(row.id, encode_entry(row).encode()) for row in rows if row.id <= upto]
        ledger.has_own = ledger.has_own or any(row.team_id == team_id for row in rows)
        ledger.learn(messages, messages[-1][0] if len(messages) == PAGE_ENTRIES else upto)
        return messages

    async def audit(self, team_id: int, replica: Inspection) -> None:
        """Compares all of a team's stream, and drops it when it differs. Raises OtherHistory."""
        position: int | None = 0
        while position is not None:
            position = await self._compare(team_id, position, replica)

    async def audit_next_page(self) -> int | None:
        """Goes on where it stopped, through the streams of all teams in turn; the team whose stream was dropped.

        What is no team's is dropped as well, and not named. Raises OtherHistory.
        """
        replica = await self.standing()
        if replica is None:
            return None
        await self._sweeper.sweep()
        if not self._round:
            self._round.extend(await self._sweeper.teams())
            if not self._round:
                return None
        team_id = self._round[0]
        position = await self._compare(team_id, self._position, replica)
        ledger = self._ledgers.get(team_id)
        known = ledger.has_own or await has_team(self._source, team_id)
        if not known:
            position = None
            if ledger.score != NO_STREAM:
                await self.drop(team_id, ledger)
        self._position = position or 0
        if position is None:
            self._round.popleft()
        return team_id if known and ledger.score == NO_STREAM else None

    async def drop(self, team_id: int, ledger: Ledger) -> None:
        """Drops the team's stream and score."""
        await self._scripts.drop_team(team_id)
        ledger.score = NO_STREAM
        self._health.dropped_team(team_id)

    async def _compare(self, team_id: int, after: int, replica: Inspection) -> int | None:
        """Compares a page; where the next one begins, None at the end or when the stream was dropped."""
        ledger = self._ledgers.get(team_id)
        ends = await self._scripts.team_ends(team_id)
        if not ends.fits:
            await self.drop(team_id, ledger)
            return None
        if ends.score is None:
            ledger.score = NO_STREAM
            return None
        ledger.score = upto = min(ends.score, replica.head)
        while ledger.upto < upto:
            await self.learn(team_id, ledger, replica, after=ledger.upto, upto=upto)
        try:
            messages = await team_range(self._redis, team_id, after, upto, PAGE_ENTRIES)
        except BadMessage:
            messages = []
        if not ledger.confirms(after, upto, PAGE_ENTRIES, messages):
            await self.drop(team_id, ledger)
            return None
        return messages[-1][0] if len(messages) == PAGE_ENTRIES else None
