"""The load: teams that guess, unlock, ask and read, and operators that grant.

Everything that writes has an Idempotency-Key and is repeated with it, here or at another process, until a server
answers definitely.
"""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import httpx
from msgspec import Struct

from benchmarks.faults.cluster import Cluster, Process
from benchmarks.faults.evidence import Command, Read
from benchmarks.faults.truth import Stopwatch

ATTEMPT_SECONDS = 3.0
AGAIN_SECONDS = (0.1, 0.4)
MAX_ATTEMPTS = 60
"""Of one command; with the pauses between, more than the longest fault takes."""

FREE_GUESSES = 2
"""Wrong guesses that a team has on a puzzle before it must wait; a reset gives them anew."""

CHORE_ATTEMPTS = 8
"""Of what is not recorded: nothing depends on it."""

ANSWER = "ANSWER"
"""Of every stub."""

SOLVE_SHARE = 0.08
TWICE_SHARE = 0.1
"""Of what teams do that two people do at the same moment."""

READ_EVERY = 4
"""Commands of a team for each look at where it stands."""

RESET_SLUGS = 8
BROKEN = 500
"""A status above it means that nobody knows yet; this one is the server's own fault, and for the checker to find."""

Json = dict[str, Any]


class Team(Struct, frozen=True, kw_only=True):
    id: int
    token: str


def _body(answer: httpx.Response) -> Json:
    """What was answered; a server that breaks may answer in plain text."""
    try:
        body: Json = answer.json()
    except ValueError:
        return {"text": answer.text}
    return body


class Desk:
    """Where commands are handed in: it repeats them, and keeps what came of them."""

    def __init__(self, cluster: Cluster, rng: random.Random, stopwatch: Stopwatch) -> None:
        self.commands: list[Command] = []
        self.reads: list[Read] = []
        self.is_closing = False
        """Whether nothing new is to be handed in."""
        self.is_closed = False
        """Whether what is still unanswered is given up."""
        self._cluster = cluster
        self._rng = rng
        self._stopwatch = stopwatch
        self._keys = itertools.count(1)
        self._client = httpx.AsyncClient(timeout=ATTEMPT_SECONDS, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    def _process(self) -> Process:
        return self._rng.choice(self._cluster.writers)

    async def write(self, command: Command, path: str, token: str, body: Json, *, twice: bool = False) -> None:
        """Carry it out and record what came of it.

        `twice`: two people of the team do it at the same moment, each with a key of their own; if one of them is told
        that it is done, it is done.
        """
        self.commands.append(command)
        both = [self.post(path, token, body, command), *([self.post(path, token, body)] if twice else [])]
        answers = [answer for answer in await asyncio.gather(*both) if answer is not None]
        if twice:  # it may be the other one's answer
            command.asked_at = command.sent_at
        if answers:
            self._note(command, next((answer for answer in answers if answer.is_success), answers[0]))

    def _note(self, command: Command, answer: httpx.Response) -> None:
        command.answered_at, command.status = self._stopwatch(), answer.status_code
        if answer.is_success:
            said = _body(answer)
            command.ids = said["ids"] if "ids" in said else [said["id"]] if "id" in said else []
            command.epoch, command.duplicate = said.get("epoch"), said.get("duplicate", False)

    def command(self, kind: Any, team_id: int | None, /, **expects: Any) -> Command:
        columns = {name.replace("data_", "data."): value for name, value in expects.items()}
        key = f"key-{next(self._keys)}"
        return Command(key=key, kind=kind, team_id=team_id, expects=columns, sent_at=self._stopwatch(), attempts=0)

    async def post(
        self, path: str, token: str, body: Json | None, command: Command | None = None
    ) -> httpx.Response | None:
        """The definite answer, asked for until there is one; None where there was none in the end."""
        key = command.key if command else f"chore-{next(self._keys)}"
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        for _ in range(MAX_ATTEMPTS if command else CHORE_ATTEMPTS):
            if command:
                command.attempts, command.asked_at = command.attempts + 1, self._stopwatch()
            with suppress(httpx.HTTPError):
                answer = await self._client.post(f"{self._process().url}{path}", json=body, headers=headers)
                if answer.status_code <= BROKEN:
                    return answer
            if self.is_closed:
                break
            await asyncio.sleep(self._rng.uniform(*AGAIN_SECONDS))
        return None

    async def read(self, path: str, team: Team, wanted: int) -> Json | None:
        """Ask once, and record the answer; None where there was none."""
        process, sent_at = self._process(), self._stopwatch()
        headers = {"authorization": f"Bearer {team.token}", "x-hunt-id": str(wanted)}
        try:
            answer = await self._client.get(f"{process.url}{path}", headers=headers)
        except httpx.HTTPError:
            return None
        body = _body(answer)
        self.reads.append(
            Read(
                path=path,
                team_id=team.id,
                wanted=wanted,
                sent_at=sent_at,
                answered_at=self._stopwatch(),
                status=answer.status_code,
                body=body,
                process=process.name,
            )
        )
        return body if answer.is_success else None


class Player:
    """One team's people, who do one thing after the other."""

    def __init__(self, team: Team, desk: Desk, allowance: "Allowance", rng: random.Random) -> None:
        self.team = team
        self.seen = 0
        """The newest id that an answer has named."""
        self._desk = desk
        self._allowance = allowance
        self._rng = rng
        self._puzzles: dict[str, Json] = {}
        self._keys = 0
        self._done: set[tuple[str, str]] = set()
        self._numbers = itertools.count(1)

    async def play(self, pause: float) -> None:
        for turn in itertools.count():
            if self._desk.is_closing:
                return
            if turn % READ_EVERY == 0:
                await self.look()
            await self._act()
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * pause)

    async def look(self) -> None:
        path = self._rng.choice(["/api/me", "/api/me", "/api/activity"])
        body = await self._desk.read(path, self.team, self.seen)
        if body is None:
            return
        if "state" in body:
            self._puzzles, self._keys = body["state"]["puzzles"], body["state"]["currency"]
            self.seen = max(self.seen, body["state"]["epoch"])
        else:
            self.seen = max(self.seen, body["head"]["id"])

    async def _act(self) -> None:
        for_sale = self._of("unlockable", "unlock")
        if for_sale and self._keys > 1:
            await self._unlock(self._rng.choice(for_sale))
            await self.look()
        elif askable := [slug for slug in self._of("unlocked", "ask") if self._rng.random() < 0.2]:
            await self._ask(askable[0])
        elif (solvable := self._of("unlocked", "solve")) and self._rng.random() < SOLVE_SHARE:
            slug = self._rng.choice(solvable)
            self._done.add(("solve", slug))
            await self._guess(slug, ANSWER)
        elif slugs := [slug for slug in self._of("unlocked", "guess") if self._allowance.has(self.team.id, slug)]:
            slug = self._rng.choice(slugs)
            self._allowance.spend(self.team.id, slug)
            await self._guess(slug, f"T{self.team.id}N{next(self._numbers)}")

    def _of(self, lock: str, deed: str) -> list[str]:
        """The puzzles that are so, are not solved, and with which this was not done before."""
        return [
            slug
            for slug, puzzle in self._puzzles.items()
            if puzzle["lock"] == lock and not puzzle.get("answer") and (deed, slug) not in self._done
        ]

    async def _write(self, command: Command, path: str, body: Json) -> None:
        twice = self._rng.random() < TWICE_SHARE
        await self._desk.write(command, path, self.team.token, body, twice=twice)
        self.seen = max(self.seen, command.epoch or 0)

    async def _guess(self, slug: str, text: str) -> None:
        expects = {
            "type": "puzzle_guess_submitted",
            "team_id": self.team.id,
            "slug": slug,
            "data_canonical_input": text,
        }
        command = self._desk.command("guess", self.team.id, **expects)
        await self._write(command, f"/api/puzzles/{slug}/guesses", {"guess": text})

    async def _unlock(self, slug: str) -> None:
        """Once and never again, so that the command and its row belong together."""
        self._done.add(("unlock", slug))
        self._keys -= 1
        command = self._desk.command("unlock", self.team.id, type="puzzle_unlocked", team_id=self.team.id, slug=slug)
        await self._write(command, f"/api/puzzles/{slug}/unlock", {})

    async def _ask(self, slug: str) -> None:
        self._done.add(("ask", slug))
        question = f"What is team {self.team.id} to do with {slug}?"
        expects = {"type": "hint_requested", "team_id": self.team.id, "slug": slug, "data_question": question}
        command = self._desk.command("ask", self.team.id, **expects)
        await self._write(command, f"/api/puzzles/{slug}/hints", {"question": question})


class Allowance:
    """How many wrong guesses each team has left on each puzzle."""

    def __init__(self) -> None:
        self._left: defaultdict[tuple[int, str], int] = defaultdict(lambda: FREE_GUESSES)

    def has(self, team_id: int, slug: str) -> bool:
        return self._left[team_id, slug] > 0

    def spend(self, team_id: int, slug: str) -> None:
        self._left[team_id, slug] -= 1

    def renew(self, slug: str) -> None:
        for key in [key for key in self._left if key[1] == slug]:
            del self._left[key]

    def used_up(self) -> list[str]:
        """The puzzles, those first on which most teams have to wait."""
        waiting = Counter(slug for (_, slug), left in self._left.items() if left <= 0)
        return [slug for slug, _ in waiting.most_common()]


class Headquarters:
    """An operator: grants keys, and gives back guesses."""

    def __init__(self, token: str, teams: list[Team], desk: Desk, allowance: Allowance, rng: random.Random) -> None:
        self._token = token
        self._teams = teams
        self._desk = desk
        self._allowance = allowance
        self._rng = rng
        self._amounts = itertools.count(1)

    async def work(self, pause: float) -> None:
        for turn in itertools.count(1):
            if self._desk.is_closing:
                return
            if turn % 2 == 0:
                await self._reset()
            else:
                await self._grant()
            await asyncio.sleep(self._rng.uniform(0.5, 1.5) * pause)

    async def _grant(self) -> None:
        team, amount = self._rng.choice(self._teams), next(self._amounts)
        expects = {"type": "currency_adjusted", "team_id": team.id, "currency_delta": amount}
        command = self._desk.command("grant", team.id, **expects)
        await self._desk.write(command, "/api/ops/currency", self._token, {"teams": [team.id], "amount": amount})

    async def _reset(self) -> None:
        for slug in self._allowance.used_up()[:RESET_SLUGS]:
            path = f"/api/ops/puzzles/{slug}/reset-rate-limit"
            if await self._desk.post(path, self._token, {"teams": "all"}):
                self._allowance.renew(slug)

    async def open_hints(self, slugs: list[str]) -> None:
        paths = [f"/api/ops/puzzles/{slug}/hints/open" for slug in slugs]
        await asyncio.gather(*(self._desk.post(path, self._token, {"teams": "all"}) for path in paths))
