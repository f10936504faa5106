"""Playing from actions: a clock of its own, the real rules, one state after each."""

from datetime import timedelta
from typing import Any

import pytest

from hunt.content.model import After, Gate, GateSatisfied, Interaction
from hunt.game.play import EPOCH, BadAction, Game, NotJson, read_action
from playing import ALWAYS, KICKOFF, a_hunt, a_round, open_slot, slot

HUNT = a_hunt(
    a_round(
        "r",
        open_slot("a"),
        slot("k", unlockable_if=ALWAYS),
        slot("late", unlocked_if=After(KICKOFF + timedelta(minutes=5))),
        slot("later", unlocked_if=After(KICKOFF + timedelta(minutes=6))),
        slot("dark"),
        slot("gated", unlocked_if=GateSatisfied("g")),
        gates=[Gate(id="g")],
        interactions=[Interaction(id="i", title="I", unlock_if=ALWAYS)],
    ),
    start=KICKOFF,
)


@pytest.fixture
def game() -> Game:
    return Game(HUNT)


def play(game: Game, line: str) -> str | None:
    return game.play(read_action(line))


def locks(game: Game) -> dict[str, str]:
    return {slug: puzzle["lock"] for slug, puzzle in game.state["puzzles"].items()}


def test_the_clock_starts_at_the_start_of_the_hunt_or_else_at_2000() -> None:
    assert Game(HUNT).now == KICKOFF
    assert Game(a_hunt(a_round("r"))).now == EPOCH


def test_every_action_does_what_an_operator_or_the_team_would(game: Game) -> None:
    assert locks(game) == {"the-a": "unlocked", "the-k": "unlockable"}
    assert play(game, '{"satisfy_gate": "g"}') is None
    assert locks(game)["the-gated"] == "unlocked"
    play(game, '{"complete_interaction": "i"}')
    assert game.state["rounds"]["r"]["interactions"]["i"]["state"] == "completed"
    play(game, '{"solve": "the-a"}')
    assert (game.state["puzzles"]["the-a"]["answer"], game.state["currency"]) == ("ANSWER", 1)
    play(game, '{"buy": "the-k"}')
    assert (locks(game)["the-k"], game.state["currency"]) == ("unlocked", 0)
    play(game, '{"unlock": "the-dark"}')
    assert locks(game)["the-dark"] == "unlocked"
    play(game, '{"grant": {"amount": 5}}')
    assert game.state["currency"] == 5
    assert play(game, '{"guess": {"puzzle": "the-k", "text": "answer"}}') == "ANSWER: correct, Correct!"
    assert game.state["puzzles"]["the-k"]["answer"] == "ANSWER"


def test_waiting_lets_each_moment_fire_at_its_own_time(game: Game) -> None:
    play(game, '{"wait": 299.5}')
    assert "the-late" not in locks(game)
    play(game, '{"wait": 3600}')
    at = {slug: puzzle["unlocked_at"] for slug, puzzle in game.state["puzzles"].items()}
    assert (at["the-late"], at["the-later"]) == ("2026-01-16T17:05:00.000000Z", "2026-01-16T17:06:00.000000Z")
    assert game.now == KICKOFF + timedelta(seconds=3899.5)


def test_a_reset_is_a_new_team_at_the_beginning(game: Game) -> None:
    fresh = game.state
    play(game, '{"solve": "the-a"}')
    play(game, '{"wait": 9999}')
    play(game, '{"reset": true}')
    assert (game.state, game.now) == (fresh, KICKOFF)


@pytest.mark.parametrize(
    "line",
    [
        '{"satisfy_gate": "nobody"}',
        '{"solve": "a"}',
        '{"unlock": "nobody"}',
        '{"buy": "the-k"}',
        '{"buy": "the-dark"}',
        '{"guess": {"puzzle": "the-k", "text": "x"}}',
        '{"guess": {"puzzle": "the-a", "text": "!"}}',
        '{"complete_interaction": "nobody"}',
        '{"wait": -1}',
        '{"wait": 1e18}',
        '{"unlock": "the-a"}',
        '{"grant": {"amount": 0}}',
        '{"grant": {"amount": 99999999999999999999999999}}',
    ],
)
def test_what_is_refused_or_changes_nothing_says_so_and_leaves_the_state(game: Game, line: str) -> None:
    before = game.state
    assert play(game, line)
    assert game.state == before


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "null",
        "3",
        '{"solve": 3}',
        '{"solve": "a", "buy": "a"}',
        '{"dance": true}',
        '{"reset": false}',
        '{"wait": "long"}',
        '{"wait": 1e999}',
        '{"guess": "x"}',
        '{"grant": {"amount": 1.5}}',
    ],
)
def test_json_that_is_no_action_is_told_from_what_is_no_json(line: str) -> None:
    with pytest.raises(BadAction):
        read_action(line)


@pytest.mark.parametrize("line", ["solve a", "{", '{"solve": "\\ud800"}', "\udcff"])
def test_what_is_no_json_cannot_be_read(line: str) -> None:
    with pytest.raises(NotJson):
        read_action(line)


def test_wrong_guesses_wait_and_a_wait_lets_them_through(game: Game) -> None:
    said: list[Any] = [play(game, f'{{"guess": {{"puzzle": "the-a", "text": "x{n}"}}}}') for n in range(3)]
    assert "Wait 60 s" in said[2]
    play(game, '{"wait": 60}')
    assert "incorrect" in str(play(game, '{"guess": {"puzzle": "the-a", "text": "x2"}}'))
