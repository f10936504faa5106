"""Keeps the teams' streams: extends those that were read, drops those that are wrong."""

import asyncio
from collections import deque
from typing import Final

from redis.asyncio import Redis

from hunt.game.entries import encode_entry
from hunt.replica.commands import team_range, team_score, team_scores
from hunt.replica.errors import PASSING
from hunt.replica.ledger import NO_STREAM, Ledger, Ledgers
from hunt.replica.messages import BadMessage, Message
from hunt.replica.scripts import Inspection, Scripts, TeamVerdict
from hunt.replica.source import Source, digest_of_log
from hunt.replica.status import Health

STEP_ENTRIES: Final = 200
STEPS_A_TURN: Final = 10
"""A team that needs more goes to the end of the queue."""
TURN_SECONDS: Final = 0.2
"""Between two turns: a team that is read all the time costs one step a turn, not one a read."""
WAITING_TEAMS: Final = 10_000
PAUSE_SECONDS: Final = 0.5
"""After an error, or while there is no replica to keep up with."""


class TeamKeeper:
    """Nobody waits for it. A stream and its score move in one script; the entries come from the log."""

    def __init__(self, redis: Redis, scripts: Scripts, source: Source, health: Health, *, ledgers: Ledgers) -> None:
        self._redis = redis
        self._scripts = scripts
        self._source = source
        self._health = health
        self._ledgers = ledgers
        self._waiting: dict[int, bool] = {}
        self._to_audit: deque[int] = deque()
        self._wake = asyncio.Event()

    def put_down(self, team_id: int, *, suspect: bool = False) -> None:
        """Has the team's stream extended soon; a suspect one is compared with the log first."""
        if len(self._waiting) < WAITING_TEAMS:
            self._waiting[team_id] = suspect or self._waiting.get(team_id, False)
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(TURN_SECONDS)
            self._wake.clear()
            waiting, self._waiting = self._waiting, {}
            try:
                done = await self._turn(waiting)
            except PASSING as error:
                self._health.failed(error)
                done = False
            if not done:
                self._waiting = waiting | self._waiting
                self._wake.set()
                await asyncio.sleep(PAUSE_SECONDS)

    async def audit_next(self) -> None:
        """Compares the next team's stream with the log; all teams come round in turn. Raises RedisError, LogAway."""
        replica = await self._inspect()
        if replica is None:
            return
        if not self._to_audit:
            scores = await team_scores(self._redis)
            self._to_audit.extend(int(member) for member, _ in scores if member.isdigit())
        if self._to_audit:
            await self._audit(self._to_audit.popleft(), replica)
            self._ledgers.trim()

    async def _turn(self, waiting: dict[int, bool]) -> bool:
        """Brings the teams up to the replica's head; False when there is no replica to speak of."""
        replica = await self._inspect()
        if replica is None:
            return False
        for team_id, suspect in waiting.items():
            if suspect:
                await self._audit(team_id, replica)
            await self._extend(team_id, replica)
        self._ledgers.trim()
        return True

    async def _inspect(self) -> Inspection | None:
        """The replica, if it stands at an entry of the log: up to there, what the log says now is final."""
        replica = await self._scripts.inspect()
        if replica.damage:
            return None
        if await digest_of_log(self._source, replica.head) != replica.digest:
            self._ledgers.clear()
            return None
        return replica

    async def _extend(self, team_id: int, replica: Inspection) -> None:
        ledger = self._ledgers.get(team_id)
        if ledger.score > replica.head:
            # It was read before the head was: no newer head of another process explains it.
            await self._drop(team_id, ledger)
        for _ in range(STEPS_A_TURN):
            if ledger.score > replica.head:
                break
            if await self._step(team_id, ledger, replica):
                return
            await asyncio.sleep(0)
        self.put_down(team_id)

    async def _step(self, team_id: int, ledger: Ledger, replica: Inspection) -> bool:
        """One page from the log and one call of the script; True when the stream stands at the replica's head."""
        score, messages = ledger.score, list[Message]()
        if score < replica.head or ledger.upto < score:
            messages = await self._learn(team_id, ledger, after=max(score, 0), head=replica.head)
            if ledger.upto < score:
                return False
        upto = messages[-1][0] if len(messages) == STEP_ENTRIES else replica.head
        verdict, ledger.score = await self._scripts.extend_team(
            replica.gen,
            team_id,
            score=score,
            length=ledger.count_to(score),
            upto=upto,
            messages=[message for message in messages if message[0] > score],
        )
        self._health.counters.team_steps += 1
        if verdict is TeamVerdict.CORRUPT:
            self._health.counters.team_drops += 1
        return verdict is TeamVerdict.GONE or (verdict is TeamVerdict.OK and upto >= replica.head)

    async def _learn(self, team_id: int, ledger: Ledger, *, after: int, head: int) -> list[Message]:
        """A page of the log after `after`, or after what the ledger knows when that is less; nothing beyond `head`."""
        rows = await self._source.entries(min(after, ledger.upto), STEP_ENTRIES, team_id)
        messages = [(row.id, encode_entry(row).encode()) for row in rows if row.id <= head]
        ledger.learn(messages, messages[-1][0] if len(messages) == STEP_ENTRIES else head)
        return messages

    async def _audit(self, team_id: int, replica: Inspection) -> None:
        """Drops the team's stream when it differs from the log anywhere up to its score."""
        ledger = self._ledgers.get(team_id)
        score = await team_score(self._redis, team_id)
        if score is None:
            ledger.score = NO_STREAM
            return
        after, upto = 0, min(score, replica.head)
        while ledger.upto < upto:
            await self._learn(team_id, ledger, after=ledger.upto, head=upto)
        while after < upto:
            try:
                messages = await team_range(self._redis, team_id, after, upto, STEP_ENTRIES)
            except BadMessage:
                messages = []
            if not ledger.confirms(after, upto, STEP_ENTRIES, messages):
                await self._drop(team_id, ledger)
                return
            after = messages[-1][0] if len(messages) == STEP_ENTRIES else upto

    async def _drop(self, team_id: int, ledger: Ledger) -> None:
        await self._scripts.drop_team(team_id)
        ledger.score = NO_STREAM
        self._health.counters.team_drops += 1
        self._health.repaired(f"Dropped the stream of team {team_id}, which was not what the log holds.")
        self.put_down(team_id)
