"""Interactions, brought on by headquarters or by the team, in every order."""

import itertools

import pytest

from hunt.content.model import Gate, GateSatisfied, Interaction, InteractionCompleted
from hunt.game.commands import Command, CompleteInteraction, MoveInteraction, StartInteraction
from hunt.game.refusals import Refused
from hunt.game.state import InteractionStep
from playing import ALWAYS, TEAM, World, a_hunt, a_round, said

STEPS: tuple[InteractionStep, ...] = ("unlocked", "running", "completed")
TYPES = {"unlocked": "interaction_unlocked", "running": "interaction_started", "completed": "interaction_completed"}


@pytest.fixture
def world() -> World:
    interactions = [
        Interaction(id="theirs", title="Theirs", unlock_if=ALWAYS),
        Interaction(id="ours", title="Ours", unlock_if=ALWAYS, by="team"),
        Interaction(id="later", title="Later", unlock_if=GateSatisfied("g"), by="team"),
    ]
    gates = [Gate(id="g"), Gate(id="done", satisfied_if=InteractionCompleted("ours"))]
    return World(a_hunt(a_round("r", interactions=interactions, gates=gates)))


def move(id: str, to: InteractionStep, result: str | None = None) -> Command:
    return MoveInteraction(teams=(TEAM,), id=id, to=to, result=result)


def start(id: str) -> Command:
    return StartInteraction(team_id=TEAM, id=id)


def complete(id: str, result: str | None = None) -> Command:
    return CompleteInteraction(team_id=TEAM, id=id, result=result)


def refusal(world: World, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        world.do(command)
    return refused.value.code


def test_a_team_starts_and_completes_its_own(world: World) -> None:
    assert said(world.do(start("ours"))) == [("interaction_started", "ours")]
    assert world.team().interactions["ours"].state == "running"
    entries = world.do(complete("ours", "won"))
    assert said(entries) == [("interaction_completed", "ours"), ("gate_completed", "done")]
    assert (world.team().interactions["ours"].state, world.team().interactions["ours"].result) == ("completed", "won")


def test_a_team_may_complete_without_having_started(world: World) -> None:
    world.do(complete("ours"))
    assert refusal(world, start("ours")) == "already_started"
    assert refusal(world, complete("ours")) == "already_completed"


def test_a_team_does_not_start_twice_nor_what_is_not_its_own(world: World) -> None:
    world.do(start("ours"))
    assert refusal(world, start("ours")) == "already_started"
    assert refusal(world, start("theirs")) == "not_yours"
    assert refusal(world, complete("theirs")) == "not_yours"


def test_what_is_locked_is_answered_like_what_does_not_exist(world: World) -> None:
    for command in (start("later"), complete("later"), start("nobody"), complete("nobody")):
        assert refusal(world, command) == "not_found"


def test_a_result_is_a_text_of_bounded_length(world: World) -> None:
    assert refusal(world, complete("ours", "x" * 1001)) == "too_long"
    assert refusal(world, complete("ours", "\0")) == "bad_characters"
    assert refusal(world, move("ours", "completed", "\udc00")) == "bad_characters"


@pytest.mark.parametrize("steps", [order for n in (1, 2, 3) for order in itertools.permutations(STEPS, n)])
def test_headquarters_may_take_every_step_in_every_order_and_only_forward_counts(
    world: World, steps: tuple[InteractionStep, ...]
) -> None:
    reached = -1
    for step in steps:
        rank = STEPS.index(step)
        expected = [] if rank <= reached else [(TYPES[step], "later")]
        assert said(world.do(move("later", step))) == expected
        reached = max(reached, rank)
        assert world.team().interactions["later"].state == STEPS[reached]


def test_the_first_completion_counts_with_its_result(world: World) -> None:
    world.do(move("theirs", "completed", "first"))
    assert world.do(move("theirs", "completed", "second")) == []
    assert world.team().interactions["theirs"].result == "first"


def test_an_act_for_all_reaches_teams_that_register_later(world: World) -> None:
    world.do(MoveInteraction(teams=None, id="ours", to="completed", result="all"))
    world.register()
    assert world.team(2).interactions["ours"].result == "all"
    assert "done" in world.team(2).gates


def test_an_interaction_that_does_not_exist_cannot_be_moved(world: World) -> None:
    assert refusal(world, move("nobody", "completed")) == "not_found"
