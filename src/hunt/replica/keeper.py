"""Keeps the teams' streams up with the replica, behind the requests that read them."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from hunt.replica.auditor import PAGE_ENTRIES, Auditor, OtherHistory
from hunt.replica.errors import PASSING
from hunt.replica.ledger import Ledger, Ledgers
from hunt.replica.messages import Message
from hunt.replica.scripts import Inspection, Scripts, TeamVerdict
from hunt.replica.status import Health

STEPS_A_TURN = 10
"""A team that needs more goes to the end of the queue."""
TEAMS_AT_ONCE = 4
"""Extended side by side, for most of a team's step is waiting. A process without a database has twice as many
connections to its log."""
TURN_SECONDS = 0.2
"""Between two turns: a team that is read all the time costs one step a turn, not one a read."""
WAITING_TEAMS = 10_000
PAUSE_SECONDS = 0.5
"""After an error, or while there is no replica to keep up with."""


class TeamKeeper:
    """Nobody waits for it. A stream and its score move in one script; the entries come from the log."""

    def __init__(self, scripts: Scripts, auditor: Auditor, health: Health, *, ledgers: Ledgers) -> None:
        self._scripts = scripts
        self._auditor = auditor
        self._health = health
        self._ledgers = ledgers
        self._waiting: dict[int, bool] = {}
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
                self._put_back(waiting)
                await asyncio.sleep(PAUSE_SECONDS)

    def _put_back(self, waiting: dict[int, bool]) -> None:
        """Nobody has seen to these; a team that is suspect stays so, whoever has asked for it since."""
        for team_id, suspect in waiting.items():
            self._waiting[team_id] = suspect or self._waiting.get(team_id, False)
        self._wake.set()

    async def audit_next(self) -> None:
        """Compares the next page of some team's stream with the log. Raises RedisError and LogAway."""
        with suppress(OtherHistory):  # the next page is compared with the log as it is then
            dropped = await self._auditor.audit_next_page()
            if dropped is not None:
                self.put_down(dropped)
        self._ledgers.trim()

    async def _turn(self, waiting: dict[int, bool]) -> bool:
        """Brings the teams up to the replica's head; False when there is no replica of this log to speak of."""
        replica = await self._auditor.standing()
        self._health.answered()
        if replica is None:
            return False
        try:
            await self._see_to_all(waiting, replica)
        except OtherHistory:
            return False
        self._ledgers.trim()
        return True

    async def _see_to_all(self, waiting: dict[int, bool], replica: Inspection) -> None:
        """Some teams at a time, each by itself. Raises what the first that failed met with, when nobody is at work."""
        teams = iter(waiting.items())
        workers = (self._see_to(teams, replica) for _ in range(min(TEAMS_AT_ONCE, len(waiting))))
        # A task group, or an error that is raised at once, could lose a cancellation that comes at the same moment.
        for error in await asyncio.gather(*workers, return_exceptions=True):
            if error is not None:
                raise error

    async def _see_to(self, teams: Iterator[tuple[int, bool]], replica: Inspection) -> None:
        for team_id, suspect in teams:
            if suspect:
                await self._auditor.audit(team_id, replica)
            await self._extend(team_id, replica)

    async def _extend(self, team_id: int, replica: Inspection) -> None:
        ledger = self._ledgers.get(team_id)
        if ledger.score > replica.head and ledger.score > (await self._scripts.inspect()).head:
            # Asked again, for an audit may have read the score after this turn's head.
            await self._auditor.drop(team_id, ledger)
        for _ in range(STEPS_A_TURN):
            if ledger.score > replica.head:
                break
            verdict = await self._step(team_id, ledger, replica)
            if verdict is TeamVerdict.GONE or (verdict is TeamVerdict.OK and ledger.score >= replica.head):
                return
            if verdict is TeamVerdict.CORRUPT:  # whatever does that may do it again at once
                break
            await asyncio.sleep(0)
        self.put_down(team_id)

    async def _step(self, team_id: int, ledger: Ledger, replica: Inspection) -> TeamVerdict | None:
        """One page from the log and one call of the script, unless the log has to be read up to the score first."""
        score, messages = ledger.score, list[Message]()
        if score < replica.head or ledger.upto < score:
            messages = await self._auditor.learn(team_id, ledger, replica, after=max(score, 0), upto=replica.head)
            if ledger.upto < score:
                return None
        upto = messages[-1][0] if len(messages) == PAGE_ENTRIES else replica.head
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
            self._health.dropped_team(team_id)
        return verdict
