"""`hunt play`: exactly one state for each action, reasons beside it, and the same game as the server plays."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from apps import fresh_sqlite, running_app, settings_of
from hunt.cli import main
from hunts import write_stub_hunt
from small_hunt import ANSWERS, write_small_hunt
from stores import StandingClock

HUNT = Path(sys.executable).with_name("hunt")

Action = dict[str, Any]


def play(folder: Path, *actions: Action | str) -> tuple[list[Action], list[str]]:
    """The states, one for each action, and what was said beside them."""
    lines = [action if isinstance(action, str) else json.dumps(action) for action in actions]
    result = CliRunner().invoke(main, ["play", str(folder)], input="".join(f"{line}\n" for line in lines))
    assert result.exit_code == 0, result.output
    states = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(states) == len(actions)
    return states, result.stderr.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_hunt(tmp_path / "hunt")


def test_more_keys_than_there_are_are_not_taken(folder: Path) -> None:
    states, told = play(folder, STARTED, {"grant": {"amount": -1}}, {"grant": {"amount": 2}}, {"grant": {"amount": -2}})
    assert [state["currency"] for state in states] == [0, 0, 2, 0]
    assert states[1] == states[0]
    assert "below zero" in told[0]


def guess(slug: str, text: str) -> Action:
    return {"guess": {"puzzle": slug, "text": text}}


STARTED: Action = {"satisfy_gate": "hunt_started"}


def test_every_action_has_one_state_and_what_is_refused_leaves_it_and_says_why(folder: Path) -> None:
    actions = [
        STARTED,
        guess("lantern", "wrong"),
        guess("vault", "wrong"),
        {"buy": "ladder"},
        {"grant": {"amount": 3}},
        {"buy": "ladder"},
        {"solve": "lantern"},
        {"nonsense": 1},
        {"wait": 60},
        {"reset": True},
    ]
    states, told = play(folder, *actions)
    assert states[1]["epoch"] > states[0]["epoch"]
    assert states[2] == states[1]
    assert states[3] == states[2]
    assert (states[4]["currency"], states[5]["currency"]) == (3, 2)
    assert states[6]["puzzles"]["lantern"]["answer"] == ANSWERS["lantern"]
    assert states[7] == states[8] == states[6]
    assert states[9]["puzzles"] == {}
    for number in (2, 3, 4, 8):
        assert any(line.startswith(f"line {number}: ") for line in told), told


def test_blank_lines_are_no_actions(folder: Path) -> None:
    result = CliRunner().invoke(main, ["play", str(folder)], input='\n\n{"reset": true}\n  \n')
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)


def test_a_file_is_played_like_standard_input(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "actions.jsonl").write_text('\ufeff{"solve": "lantern"}\n{"reset": true}\n', encoding="utf-8")
    result = CliRunner().invoke(main, ["play", str(folder), str(tmp_path / "actions.jsonl")])
    assert (result.exit_code, result.stdout.count("\n")) == (0, 2), result.stderr


@pytest.mark.parametrize("line", [b"solve lantern\n", b"\xff\xfe\n", b'{"solve": \n'])
def test_what_cannot_be_read_ends_it_with_the_line(folder: Path, line: bytes) -> None:
    result = CliRunner().invoke(main, ["play", str(folder)], input=b'{"reset": true}\n' + line)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout.count("\n") <= 1
    assert result.stderr.strip()


def test_a_hunt_with_errors_is_played_and_the_errors_told(folder: Path) -> None:
    hunt = folder / "hunt.yaml"
    hunt.write_text(hunt.read_text().replace("gate_satisfied: hunt_started", "gate_satisfied: hunt_strated", 1))
    states, told = play(folder, STARTED)
    assert any("hunt_strated" in line for line in told)
    assert states[0]["gates_satisfied"] == ["hunt_started"]


def test_odd_characters_reach_standard_output_whole_in_every_locale(folder: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    actions = '{"satisfy_gate": "hunt_started"}\n{"solve": "🔎🧊"}\n'.encode()
    told = subprocess.run([HUNT, "play", folder], input=actions, env=environment, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout.splitlines()[1])["puzzles"]["🔎🧊"]["answer"] == "ODD"


async def test_the_server_plays_the_same_game(tmp_path: Path) -> None:
    folder = write_stub_hunt(tmp_path / "hunt", rounds=3, slots=24, gates=6, interactions=4)
    settings = settings_of(folder, await fresh_sqlite(tmp_path), stubs=True)
    actions: list[Action] = [STARTED]
    actions += [guess(f"feeder_1_{n}", text) for n in (1, 2, 3) for text in ("wrong", "ANSWER")]
    actions += [{"buy": "feeder_1_4"}, {"grant": {"amount": 5}}, {"buy": "feeder_1_5"}, {"unlock": "feeder_2_1"}]
    actions += [{"solve": "meta_1_1"}, {"complete_interaction": "r1i01"}, {"satisfy_gate": "r1g01"}]
    async with running_app(settings, StandingClock()) as app, app.client() as client:
        team, hq = await app.team(), await app.operator()
        served = [await serve(client, action, team.id, {"team": team.headers, "hq": hq}) for action in actions]
    states, _ = play(folder, *actions)
    for played, seen in zip(states, served, strict=True):
        assert without_moments(played) == without_moments(seen)


async def serve(client: Any, action: Action, team_id: int, headers: dict[str, dict[str, str]]) -> Action:
    """The state at the server after the same action, done or refused."""
    ((verb, what),) = action.items()
    slug = what if isinstance(what, str) else ""
    operators = {
        "satisfy_gate": (f"gates/{slug}/satisfy", {}),
        "solve": (f"puzzles/{slug}/solve", {}),
        "unlock": (f"puzzles/{slug}/unlock", {}),
        "complete_interaction": (f"interactions/{slug}/complete", {}),
        "grant": ("currency", what if verb == "grant" else {}),
    }
    if verb in operators:
        path, body = operators[verb]
        await client.post(f"/api/ops/{path}", json={"teams": [team_id], **body}, headers=headers["hq"])
    elif verb == "buy":
        await client.post(f"/api/puzzles/{slug}/unlock", headers=headers["team"])
    else:
        path = f"/api/puzzles/{what['puzzle']}/guesses"
        await client.post(path, json={"guess": what["text"]}, headers=headers["team"])
    state: Action = (await client.get("/api/me", headers=headers["team"])).json()["state"]
    return state


def without_moments(state: Action) -> Action:
    """The clocks of the two differ, and so do the ids before the team came."""
    puzzles = {slug: {**puzzle, "unlocked_at": None} for slug, puzzle in state["puzzles"].items()}
    return {**state, "puzzles": puzzles, "epoch": None}
