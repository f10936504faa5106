"""Those who send commands and ask what became of them: one key through all attempts, on any process, until answered."""

import asyncio
from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.faults.evidence import Command, Read
from benchmarks.faults.model.hunt import ANSWER, OPEN, canned
from benchmarks.faults.model.process import LOST, Died
from hunt.game import commands as cmd
from hunt.game.refusals import Refused
from hunt.game.view import team_state
from hunt.live.activity import activity_entry, is_shown
from hunt.log.writer import Done, Request

if TYPE_CHECKING:
    from benchmarks.faults.model.process import Process
    from benchmarks.faults.model.world import World

ANSWER_SECONDS = 3.0
"""How long somebody waits for an answer before asking again elsewhere."""

LOAD_SECONDS = 60.0
"""When nobody sends any more, whatever is left: twice what a run takes in which answers come."""

RETRY_SECONDS = 0.4
FIRST_GRANT = 1_000
"""Grants are of 1001, 1002, … keys: by the amount each is known in the log."""

Wanted = tuple[Command, cmd.Command]


class Players:
    """Makes commands, each different from all others, and sends them."""

    def __init__(self, world: "World", chance: Random) -> None:
        self.world = world
        self.chance = chance
        self.made: list[Command] = []
        self.reads: list[Read] = []
        self.known: dict[int, int] = {}
        """By team: the newest log id that one of its answers named."""
        self.until = LOAD_SECONDS
        """Nobody begins with anything after this time."""
        self._unlocked: set[int] = set()
        self._solved: set[int] = set()

    async def play(self, number: int) -> None:
        """Send this many commands, one after the other, with pauses."""
        for _ in range(number):
            await asyncio.sleep(self.chance.uniform(0.05, 1.0))
            if self.world.now >= self.until:
                return
            team_id = self.chance.choice(self.world.teams)
            if self.chance.random() < 0.25:
                await self.look(team_id)
            await self.carry_out(self._any_of(team_id))

    def _any_of(self, team_id: int) -> Wanted:
        share = self.chance.random()
        if share < 0.08:
            return self.grant(None)
        if share < 0.2:
            return self.grant(team_id)
        if share < 0.25 and team_id not in self._unlocked:
            self._unlocked.add(team_id)
            return self._unlock(team_id)
        if share < 0.28 and team_id not in self._solved:
            self._solved.add(team_id)
            return self._guess(team_id, OPEN[0], ANSWER)
        slug = OPEN[1] if team_id in self._solved else self.chance.choice(OPEN)
        return self._guess(team_id, slug, canned(len(self.made)))

    def _note(self, kind: Any, team_id: int | None, /, **expects: Any) -> Command:
        key = f"key{len(self.made)}"
        command = Command(key=key, kind=kind, team_id=team_id, expects=expects, sent_at=self.world.now, attempts=0)
        self.made.append(command)
        return command

    def _guess(self, team_id: int, slug: str, text: str) -> Wanted:
        expects = {"type": "puzzle_guess_submitted", "team_id": team_id, "slug": slug, "data.canonical_input": text}
        return self._note("guess", team_id, **expects), cmd.SubmitGuess(team_id=team_id, slug=slug, text=text)

    def _unlock(self, team_id: int) -> Wanted:
        expects = {"type": "puzzle_unlocked", "team_id": team_id, "slug": "ladder"}
        return self._note("unlock", team_id, **expects), cmd.UnlockPuzzle(team_id=team_id, slug="ladder")

    def grant(self, team_id: int | None) -> Wanted:
        """Keys for one team, or for all of them."""
        amount = FIRST_GRANT + len(self.made)
        expects = {"type": "currency_adjusted", "team_id": team_id, "currency_delta": amount}
        teams = None if team_id is None else (team_id,)
        return self._note("grant", team_id, **expects), cmd.Grant(teams=teams, keys=amount)

    async def carry_out(self, wanted: Wanted) -> None:
        """Ask until there is an answer."""
        command, order = wanted
        while self.world.now < self.until:
            command.attempts, command.asked_at = command.attempts + 1, self.world.now
            process = self.chance.choice([each for each in self.world.processes if each.writer])
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    done = await process.ask(partial(self._submit, process, command, order))
            except LOST:
                await asyncio.sleep(self.chance.uniform(0, RETRY_SECONDS))
                continue
            except Refused:
                if command.attempts == 1:  # else an earlier attempt may have been, or yet be, carried out
                    command.status, command.answered_at = 409, self.world.now
                return
            if self.chance.random() < self.world.answers_lost:
                continue
            self._answered(command, done)
            return

    async def _submit(self, process: "Process", command: Command, order: cmd.Command) -> Done:
        """What the API does with a POST that has an Idempotency-Key."""
        if process.writer is None:
            raise Died
        request = Request(key=f"{command.team_id}:{command.key}", body=command.key)
        return await process.writer.submit(order, internal_data={"operator": "hq"}, request=request)

    def _answered(self, command: Command, done: Done) -> None:
        command.status, command.answered_at, command.epoch = 200, self.world.now, done.head
        command.ids = list(done.ids or ())
        if done.answer:
            command.ids = [done.answer.id]
            command.duplicate = done.answer.duplicate
        for team_id in self.world.teams if command.team_id is None else [command.team_id]:
            self.known[team_id] = max(self.known.get(team_id, 0), done.head)

    async def look(self, team_id: int) -> None:
        """Ask some process for the team's state or log, not older than what the team knows of."""
        process = self.chance.choice(self.world.processes)
        wanted, sent_at = self.known.get(team_id, 0), self.world.now
        path, work = self.chance.choice([("/api/me", _me), ("/api/activity", _activity)])
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                body = await process.ask(partial(_from, process, team_id, wanted, work))
        except LOST:
            return
        read = Read(
            path=path,
            team_id=team_id,
            wanted=wanted,
            sent_at=sent_at,
            answered_at=self.world.now,
            status=200,
            body=body,
            process=process.name,
        )
        self.reads.append(read)


async def _from(process: "Process", team_id: int, wanted: int, work: Callable[["Process", int], Any]) -> Any:
    """What `hunt.front` does before a request is answered."""
    await process.feed.reach(wanted)
    return await work(process, team_id)


async def _me(process: "Process", team_id: int) -> dict[str, Any]:
    """As `GET /api/me`."""
    board = process.tail.board
    state = board.teams[team_id]
    team = {"id": team_id, "username": state.username, "name": state.name}
    return {"team": team, "state": {"epoch": board.head, **team_state(board.hunt, state)}}


async def _activity(process: "Process", team_id: int) -> dict[str, Any]:
    """As `GET /api/activity`."""
    shared = process.hub.shared
    head, mac, view = process.tail.head, shared.head_mac(), shared.view(team_id)
    entries = await process.history.stored(team_id, 0, head, where=partial(is_shown, view.state))
    return {"entries": [activity_entry(view.hunt, entry) for entry in entries], "head": {"id": head, "mac": mac}}
