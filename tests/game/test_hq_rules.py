"""Operators act on one team, on some, on all, and out of order; accounts come, are renamed and go."""

import pytest

from hunt.content.model import AnyOf, Gate, Interaction, SlotSolved
from hunt.game import commands as cmd
from hunt.game.refusals import Conflict, Forbidden, NotFound, Refused
from playing import ALWAYS, TEAM, World, a_hunt, a_round, open_slot, said, slot, slug_of

SHUT = a_round(
    "shut",
    slot("s"),
    gates=[Gate(id="sg")],
    interactions=[Interaction(id="si", title="S", unlock_if=AnyOf(()))],
    unlock_if=AnyOf(()),
)
OPEN = a_round(
    "open",
    open_slot("a"),
    slot("b", unlockable_if=ALWAYS),
    gates=[Gate(id="g"), Gate(id="h", satisfied_if=SlotSolved("s"))],
    interactions=[Interaction(id="i", title="I", unlock_if=ALWAYS, by="team")],
)
HUNT = a_hunt(OPEN, SHUT)


@pytest.fixture
def world() -> World:
    return World(HUNT, teams=3)


def test_what_is_locked_may_be_solved_opened_and_completed_and_counts(world: World) -> None:
    assert said(world.solve("s")) == [("puzzle_solved", "the-s"), ("gate_completed", "h")]
    assert said(world.complete("si")) == [("interaction_completed", "si")]
    assert said(world.satisfy("sg")) == [("gate_completed", "sg")]
    assert said(world.unlock("b")) == [("puzzle_unlocked", "the-b")]


def test_an_act_on_some_teams_writes_one_row_for_each_once(world: World) -> None:
    entries = world.do(cmd.SatisfyGate(teams=(3, 1, 3), id="g"))
    assert [(entry.type, entry.team_id) for entry in entries] == [("gate_completed", 3), ("gate_completed", 1)]
    assert all(entry.internal_data == {"operator": "hq"} for entry in entries)


def test_an_act_on_no_team_does_nothing(world: World) -> None:
    assert world.do(cmd.SatisfyGate(teams=(), id="g")) == []


@pytest.mark.parametrize(
    "act",
    [
        cmd.SatisfyGate(teams=(TEAM,), id="g"),
        cmd.OpenPuzzle(teams=(TEAM,), slug=slug_of("b")),
        cmd.SolvePuzzle(teams=(TEAM,), slug=slug_of("b")),
        cmd.MoveInteraction(teams=(TEAM,), id="i", to="running"),
        cmd.SatisfyGate(teams=None, id="g"),
        cmd.OpenPuzzle(teams=None, slug=slug_of("b")),
        cmd.SolvePuzzle(teams=None, slug=slug_of("b")),
        cmd.MoveInteraction(teams=None, id="i", to="running"),
    ],
)
def test_an_act_that_changes_nothing_writes_nothing(world: World, act: cmd.Act) -> None:
    assert world.do(act)
    assert world.do(act) == []


@pytest.mark.parametrize(
    "act",
    [
        cmd.SatisfyGate(teams=(TEAM,), id="nobody"),
        cmd.OpenPuzzle(teams=None, slug="nobody"),
        cmd.SolvePuzzle(teams=None, slug="a"),
        cmd.ResetRateLimit(teams=(TEAM,), slug="nobody"),
        cmd.OpenHints(teams=None, slug="nobody"),
        cmd.MoveInteraction(teams=None, id="nobody", to="unlocked"),
        cmd.SatisfyGate(teams=(1, 99), id="g"),
        cmd.Grant(teams=(99,), keys=1),
        cmd.RenameTeam(team_id=99, name="X"),
        cmd.SetTeamActive(team_id=99, active=False),
        cmd.SubmitGuess(team_id=99, slug=slug_of("a"), text="x"),
    ],
)
def test_what_does_not_exist_is_not_found_and_nothing_is_written(world: World, act: cmd.Command) -> None:
    with pytest.raises(NotFound):
        world.do(act)


def test_one_row_for_all_is_written_though_some_teams_have_it_already(world: World) -> None:
    world.satisfy("g")
    (entry,) = world.do(cmd.SatisfyGate(teams=None, id="g"))
    assert entry.team_id is None
    assert world.team(1).gates["g"].id < world.team(2).gates["g"].id == entry.id


def test_what_a_team_reached_first_keeps_its_time(world: World) -> None:
    world.unlock("b")
    unlocked = world.puzzle("b").unlocked
    world.wait(hours=1)
    world.do(cmd.OpenPuzzle(teams=None, slug=slug_of("b")))
    world.solve("b")
    assert world.puzzle("b").unlocked == unlocked


@pytest.mark.parametrize(
    "command",
    [
        cmd.SubmitGuess(team_id=TEAM, slug=slug_of("a"), text="answer"),
        cmd.UnlockPuzzle(team_id=TEAM, slug=slug_of("b")),
        cmd.BuyAnswer(team_id=TEAM, slug=slug_of("a")),
        cmd.ExchangeCurrency(team_id=TEAM),
        cmd.StartInteraction(team_id=TEAM, id="i"),
        cmd.CompleteInteraction(team_id=TEAM, id="i"),
        cmd.RequestHint(team_id=TEAM, slug=slug_of("a"), question="?"),
    ],
)
def test_a_deactivated_team_can_do_nothing(world: World, command: cmd.TeamCommand) -> None:
    world.grant(keys=9, clues=9)
    world.do(cmd.SetTeamActive(team_id=TEAM, active=False))
    with pytest.raises(Forbidden):
        world.do(command)


def test_headquarters_may_act_on_a_deactivated_team_and_bring_it_back(world: World) -> None:
    assert said(world.do(cmd.SetTeamActive(team_id=TEAM, active=False))) == [("team_deactivated", None)]
    assert world.do(cmd.SetTeamActive(team_id=TEAM, active=False)) == []
    world.solve("a")
    assert said(world.do(cmd.SetTeamActive(team_id=TEAM, active=True))) == [("team_reactivated", None)]
    assert world.team().active


def test_a_new_name_is_written_once(world: World) -> None:
    (entry,) = world.do(cmd.RenameTeam(team_id=TEAM, name="Ünïcorns"))
    assert (entry.type, entry.data, world.team().name) == ("team_renamed", {"name": "Ünïcorns"}, "Ünïcorns")
    assert world.do(cmd.RenameTeam(team_id=TEAM, name="Ünïcorns")) == []


def test_keys_may_be_taken_away(world: World) -> None:
    world.grant(keys=3)
    (entry,) = world.grant(keys=-3)
    assert (entry.type, entry.currency_delta, world.keys()) == ("currency_adjusted", -3, 0)
    (entry,) = world.grant(clues=2)
    assert (entry.type, entry.strong_currency_delta) == ("strong_currency_adjusted", 2)


@pytest.mark.parametrize("taken", [{"keys": -2}, {"clues": -1}])
@pytest.mark.parametrize("teams", [(1, 2), None])
def test_more_than_a_team_has_is_taken_only_with_force_and_from_all_teams_or_none(
    world: World, taken: dict[str, int], teams: tuple[int, ...] | None
) -> None:
    world.do(cmd.Grant(teams=(1, 3), keys=5))
    world.do(cmd.Grant(teams=(1, 3), clues=5))
    with pytest.raises(Conflict, match=r"leave Team 2.* below zero") as refused:
        world.do(cmd.Grant(teams=teams, **taken))
    assert refused.value.code == "insufficient_currency"
    assert world.do(cmd.Grant(teams=teams, force=True, **taken))
    assert min(world.keys(2), world.team(2).strong_currency) < 0


def test_a_refused_grant_names_five_teams_and_counts_the_rest(world: World) -> None:
    for _ in range(5):
        world.register()
    with pytest.raises(Conflict, match=r"leave Team 1, Team 2, .*, Team 5, 4 more below zero"):
        world.do(cmd.Grant(teams=None, keys=-1))


def test_a_team_below_zero_may_be_given_something(world: World) -> None:
    world.do(cmd.Grant(teams=(TEAM,), keys=-5, force=True))
    assert world.grant(keys=2)
    assert world.grant(clues=1)
    assert world.keys() == -3


def test_every_refusal_has_a_code_and_a_sentence(world: World) -> None:
    for command in (
        cmd.SubmitGuess(team_id=TEAM, slug=slug_of("b"), text="x"),
        cmd.SubmitGuess(team_id=TEAM, slug=slug_of("a"), text=""),
        cmd.UnlockPuzzle(team_id=TEAM, slug=slug_of("b")),
        cmd.ExchangeCurrency(team_id=TEAM),
        cmd.StartInteraction(team_id=TEAM, id="si"),
    ):
        with pytest.raises(Refused) as refused:
            world.do(command)
        assert refused.value.code.isidentifier()
        assert refused.value.detail[0].isupper()
        assert refused.value.detail.endswith(".")
