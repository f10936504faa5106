"""Puzzles that a team has while their round is locked."""

from hunt.content import model as c
from hunt.game.commands import OpenPuzzle, SatisfyGate, SolvePuzzle
from hunt.game.view import team_state
from playing import ALWAYS, TEAM, World, a_hunt, a_round, slot, slug_of

LOCKED = a_round("locked", slot("a"), slot("b", unlocked_if=c.GateSatisfied("g")), unlock_if=c.GateSatisfied("g"))
HUNT = a_hunt(LOCKED, a_round("open", gates=[c.Gate(id="g")]))


def test_a_puzzle_unlocked_while_its_round_is_locked_is_stray_for_ever() -> None:
    world = World(HUNT)
    world.unlock("a")
    assert world.puzzle("a").stray
    world.satisfy("g")
    assert world.puzzle("a").stray


def test_a_puzzle_solved_while_its_round_is_locked_is_stray() -> None:
    world = World(HUNT)
    world.solve("a")
    assert world.puzzle("a").stray


def test_a_puzzle_that_opens_together_with_its_round_is_not_stray() -> None:
    world = World(HUNT)
    world.satisfy("g")
    assert world.puzzle("b").unlocked
    assert not world.puzzle("b").stray


def test_seen_alone_is_not_stray() -> None:
    hidden = a_round("hidden", slot("v", visible_if=ALWAYS), slot("k", unlockable_if=ALWAYS), unlock_if=c.AnyOf(()))
    world = World(a_hunt(hidden))
    assert not world.puzzle("v").stray
    assert not world.puzzle("k").stray


def test_a_solve_in_the_open_round_does_not_make_stray_what_was_not() -> None:
    world = World(HUNT)
    world.satisfy("g")
    world.solve("b")
    assert not world.puzzle("b").stray


def test_an_unlock_for_all_is_stray_only_for_teams_whose_round_is_locked() -> None:
    world = World(HUNT, teams=2)
    world.do(SatisfyGate(teams=(1,), id="g"))
    world.do(OpenPuzzle(teams=None, slug=slug_of("a")))
    assert not world.puzzle("a", 1).stray
    assert world.puzzle("a", 2).stray


def test_a_team_that_registers_after_a_solve_for_all_finds_it_stray() -> None:
    world = World(HUNT)
    world.do(SatisfyGate(teams=None, id="g"))
    world.do(SolvePuzzle(teams=None, slug=slug_of("a")))
    world.register()
    assert not world.puzzle("a", TEAM).stray
    assert world.puzzle("a", 2).stray  # it was applied before the team's round opened


def test_programs_find_it_under_stray_leads_until_the_round_opens() -> None:
    world = World(HUNT)
    world.unlock("a")
    shown = team_state(world.hunt, world.team())
    assert (shown["puzzles"]["the-a"]["round"], list(shown["rounds"])) == ("stray_leads", ["open"])
    world.satisfy("g")
    shown = team_state(world.hunt, world.team())
    assert (shown["puzzles"]["the-a"]["round"], shown["puzzles"]["the-a"]["stray"]) == ("locked", True)
    assert list(shown["rounds"]["locked"]["slots"]) == ["a", "b"]
