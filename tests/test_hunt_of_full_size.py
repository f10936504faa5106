"""A hunt of the size of a real one, played from its start to its last interaction by requests alone."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps import PASSWORD, running_app, settings_of
from hunt.game.board import Board
from hunt.game.view import team_state
from hunt.log.database import connect
from hunt.log.migrations import migrate
from hunt.log.reader import LogReader
from hunt.log.transfer import verify
from hunts import write_stub_hunt

REAL = Path(__file__).parents[2] / "shared" / "hunts" / "mh2025"
KEYS = 12
"""Headquarters gives so many when a team runs dry, as it does in a real hunt."""

Json = dict[str, Any]


class Player:
    """A team, and headquarters beside it, as programs that know only the addresses."""

    def __init__(self, client: httpx.AsyncClient, content: Json) -> None:
        self.client = client
        self.content = content
        self.team: dict[str, str] = {}
        self.operator: dict[str, str] = {}
        self.team_id = 0
        self.gates: Iterator[str] = iter(content["gates"])
        self.guessed: set[str] = set()

    async def ask(self, method: str, path: str, body: Json | None = None, *, as_operator: bool = False) -> Json:
        """The answer to a request that has to succeed."""
        headers = self.operator if as_operator else self.team
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, (path, answer.text)
        found: Json = answer.json()
        return found

    async def act(self, path: str, **body: Any) -> Json:
        return await self.ask("POST", f"/api/ops/{path}", {"teams": [self.team_id], **body}, as_operator=True)

    async def enter(self) -> None:
        registered = await self.ask(
            "POST", "/api/register", {"username": "players", "name": "The Players", "password": PASSWORD}
        )
        self.team_id = registered["team_id"]
        self.team = {"authorization": f"Bearer {registered['token']}"}
        token = (await self.ask("POST", "/api/ops/login", {"username": "hq", "password": PASSWORD}))["token"]
        self.operator = {"authorization": f"Bearer {token}"}

    async def state(self) -> Json:
        state: Json = (await self.ask("GET", "/api/me"))["state"]
        return state

    async def play(self) -> Json:
        """The state after the last interaction of the last round."""
        state = await self.state()
        assert state["rounds"] == {}
        await self.act("gates/hunt_started/satisfy")
        last_round, last = self.content["last"]
        while (state := await self.state())["rounds"].get(last_round, {}).get("interactions", {}).get(last, {}).get(
            "state"
        ) != "completed":
            if not await self.step(state):
                await self.help()
        return state

    async def step(self, state: Json) -> bool:
        """Do whatever is open; whether anything was."""
        open_now = [
            slug for slug, puzzle in state["puzzles"].items() if puzzle["lock"] == "unlocked" and "answer" not in puzzle
        ]
        for slug in open_now:
            await self.solve(slug)
        waiting = [
            id
            for round_ in state["rounds"].values()
            for id, item in round_["interactions"].items()
            if item["state"] != "completed"
        ]
        for id in waiting:
            await self.act(f"interactions/{id}/start")
            await self.act(f"interactions/{id}/complete", result="done")
        return await self.unlock_some(state) or bool(open_now or waiting)

    async def solve(self, slug: str) -> None:
        """The right guess, now and then after a wrong one."""
        assert slug not in self.guessed
        if len(self.guessed) % 5 == 0:
            wrong = await self.ask("POST", f"/api/puzzles/{slug}/guesses", {"guess": "not this"})
            assert (wrong["verdict"], wrong["duplicate"]) == ("incorrect", False)
        right = await self.ask("POST", f"/api/puzzles/{slug}/guesses", {"guess": "answer"})
        assert right["verdict"] == "correct"
        self.guessed.add(slug)

    async def unlock_some(self, state: Json) -> bool:
        keys = state["currency"]
        shut = [slug for slug, puzzle in state["puzzles"].items() if puzzle["lock"] == "unlockable"]
        for slug in shut[: max(keys, 0)]:
            assert (await self.ask("POST", f"/api/puzzles/{slug}/unlock"))["lock"] == "unlocked"
        return bool(shut) and keys > 0

    async def help(self) -> None:
        """What headquarters does when a team is stuck: open a gate, and when there is none left, give keys."""
        gate = next(self.gates, None)
        if gate is not None:
            await self.act(f"gates/{gate}/satisfy")
        else:
            await self.act("currency", amount=KEYS, kind="keys")


@asynccontextmanager
async def players(folder: Path, database_url: str) -> AsyncIterator[Player]:
    """A team that has registered with a server in this process."""
    await migrate(database_url)
    async with running_app(settings_of(folder, database_url, stubs=True)) as app, app.client() as client:
        hunt = app.services.hunt
        gates = [gate.id for gate in hunt.gates.values() if gate.satisfied_if is None and gate.id != "hunt_started"]
        last_round = hunt.rounds[-1]
        content = {"gates": gates, "last": (last_round.slug, last_round.interactions[-1].id)}
        await app.services.accounts.operators.add("hq", PASSWORD)
        player = Player(client, content)
        await player.enter()
        yield player
        assert (len(hunt.rounds), len(hunt.slots), len(hunt.gates), len(hunt.interactions)) == (7, 171, 46, 12)
        assert set(player.guessed) <= set(hunt.slot_of)
        await check_log(database_url, Board(hunt), await player.state(), player.team_id)


async def check_log(database_url: str, board: Board, state: Json, team_id: int) -> None:
    """The log is whole, and folded afresh it says what the server said."""
    engine = connect(database_url)
    head, digest = await verify(engine)
    for entry in await LogReader(engine).entries(0, 100_000):
        board.apply(entry)
    await engine.dispose()
    assert (board.head, board.digest) == (head, digest)
    assert {"epoch": head, **team_state(board.hunt, board.teams[team_id])} == state


async def test_a_generated_hunt_is_played_to_its_end(tmp_path: Path, database_url: str) -> None:
    async with players(write_stub_hunt(tmp_path / "hunt"), database_url) as player:
        state = await player.play()
        assert list(state["rounds"]) == [f"round_{number}" for number in range(1, 8)]
        assert len(player.guessed) > 60


@pytest.mark.optional
async def test_the_real_one_is_played_to_its_end(database_url: str) -> None:
    if not REAL.is_dir():
        pytest.skip("the real hunt is not beside this checkout")
    async with players(REAL, database_url) as player:
        state = await player.play()
        assert len(state["rounds"]) == 7
        assert len(player.guessed) > 60
