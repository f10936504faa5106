"""Every operator of a condition, asked of states that teams really get into."""

from datetime import timedelta

import pytest

from hunt.content import model as c
from hunt.game.commands import MoveInteraction
from hunt.game.conditions import Asker, Reached, moments
from playing import ALWAYS, KICKOFF, World, a_hunt, a_round, open_slot, slot, slug_of

ROUND = a_round(
    "first",
    open_slot("a"),
    open_slot("b"),
    slot("c", unlockable_if=ALWAYS),
    slot("d", visible_if=ALWAYS),
    open_slot("m", is_meta=True),
    gates=[c.Gate(id="g")],
    interactions=[c.Interaction(id="i", title="I", unlock_if=ALWAYS)],
)
OTHER = a_round("second", open_slot("x"), open_slot("n", is_meta=True), unlock_if=c.GateSatisfied("g"))
HUNT = a_hunt(ROUND, OTHER)


def holds(world: World, condition: c.Condition | None, round_: c.Round = ROUND) -> bool:
    return Asker(world.hunt, Reached.by(world.team()), world.now).holds(condition, round_)


@pytest.fixture
def world() -> World:
    return World(HUNT)


def test_an_empty_list_is_true_and_an_empty_choice_false(world: World) -> None:
    assert holds(world, c.AllOf(()))
    assert not holds(world, c.AnyOf(()))


def test_what_is_absent_is_never_true(world: World) -> None:
    assert not holds(world, None)


def test_a_list_wants_all_and_a_choice_one(world: World) -> None:
    yes, no = c.AllOf(()), c.AnyOf(())
    assert holds(world, c.AllOf((yes, yes)))
    assert not holds(world, c.AllOf((yes, no)))
    assert holds(world, c.AnyOf((no, yes)))
    assert not holds(world, c.AnyOf((no, no)))
    assert holds(world, c.AllOf((c.AnyOf((no, c.AllOf((yes,)))), yes)))


def test_a_slot_is_solved_by_its_id_not_by_its_slug(world: World) -> None:
    assert not holds(world, c.SlotSolved("a"))
    world.solve("a")
    assert holds(world, c.SlotSolved("a"))
    assert not holds(world, c.SlotSolved(slug_of("a")))


def test_unlocked_means_unlocked_or_solved_but_not_unlockable_or_visible(world: World) -> None:
    assert holds(world, c.SlotUnlocked("a"))
    assert not holds(world, c.SlotUnlocked("c"))
    assert not holds(world, c.SlotUnlocked("d"))
    world.solve("d")
    assert holds(world, c.SlotUnlocked("d"))


def test_nothing_that_does_not_exist_is_ever_true(world: World) -> None:
    for condition in (
        c.SlotSolved("nobody"),
        c.SlotUnlocked("nobody"),
        c.GateSatisfied("nobody"),
        c.InteractionCompleted("nobody"),
        c.RoundUnlocked("nobody"),
        c.PuzzlesSolved(1, ("nobody",)),
        c.PuzzlesUnlocked(1, ("nobody", "nobody")),
    ):
        assert not holds(world, condition)


def test_a_gate_an_interaction_and_a_round_are_true_once_reached(world: World) -> None:
    gate, done, opened = c.GateSatisfied("g"), c.InteractionCompleted("i"), c.RoundUnlocked("second")
    assert not any(holds(world, condition) for condition in (gate, done, opened))
    world.satisfy("g")
    assert holds(world, gate)
    assert holds(world, opened)
    world.complete("i")
    assert holds(world, done)


def test_an_interaction_that_only_runs_is_not_completed(world: World) -> None:
    world.do(MoveInteraction(teams=(1,), id="i", to="running"))
    assert not holds(world, c.InteractionCompleted("i"))


def test_a_count_without_slots_is_over_the_other_puzzles_of_its_own_round(world: World) -> None:
    assert holds(world, c.PuzzlesUnlocked(2))
    assert not holds(world, c.PuzzlesUnlocked(3))
    world.solve("m")
    assert not holds(world, c.PuzzlesSolved(1))
    world.solve("x")
    assert not holds(world, c.PuzzlesSolved(1))
    assert holds(world, c.PuzzlesSolved(1), OTHER)
    world.solve("b")
    assert holds(world, c.PuzzlesSolved(1))


def test_a_count_means_at_least(world: World) -> None:
    world.solve("a")
    world.solve("b")
    assert holds(world, c.PuzzlesSolved(1))
    assert holds(world, c.PuzzlesSolved(2))
    assert not holds(world, c.PuzzlesSolved(3))


def test_a_count_over_slots_takes_exactly_these_metas_and_other_rounds_included(world: World) -> None:
    count = c.PuzzlesSolved(2, ("m", "x"))
    world.solve("a")
    world.solve("m")
    assert not holds(world, count)
    world.solve("x")
    assert holds(world, count)


def test_a_slot_that_is_listed_twice_counts_twice(world: World) -> None:
    world.solve("a")
    assert holds(world, c.PuzzlesSolved(2, ("a", "a")))
    assert not holds(world, c.PuzzlesSolved(3, ("a", "a")))


def test_an_empty_list_of_slots_counts_none(world: World) -> None:
    world.solve("a")
    assert not holds(world, c.PuzzlesSolved(1, ()))
    assert holds(world, c.PuzzlesSolved(0, ()))


def test_a_count_of_unlocked_includes_the_solved_and_not_the_unlockable(world: World) -> None:
    assert not holds(world, c.PuzzlesUnlocked(1, ("c", "d")))
    world.solve("c")
    assert holds(world, c.PuzzlesUnlocked(1, ("c", "d")))


def test_nothing_asks_whether_a_round_is_open_unless_it_says_so() -> None:
    hidden = a_round("hidden", slot("h", unlocked_if=c.PuzzlesSolved(0)), unlock_if=c.AnyOf(()))
    assert World(a_hunt(hidden)).puzzle("h").unlocked


def test_a_time_is_true_from_its_moment_on(world: World) -> None:
    after = c.After(KICKOFF + timedelta(hours=1))
    world.wait(minutes=59, seconds=59)
    assert not holds(world, after)
    world.wait(seconds=1)
    assert holds(world, after)
    world.wait(days=1)
    assert holds(world, after)


def test_every_moment_of_a_hunt_is_known_wherever_it_stands() -> None:
    times = [KICKOFF + timedelta(hours=n) for n in range(6)]
    at = [c.After(time) for time in times]
    deep = c.AnyOf((c.AllOf((at[0], c.PuzzlesSolved(1))),))
    round_ = a_round(
        "r",
        slot("s", visible_if=at[1], unlockable_if=at[2], unlocked_if=at[3]),
        unlock_if=deep,
        gates=[c.Gate(id="g", satisfied_if=at[4])],
        interactions=[c.Interaction(id="i", title="I", unlock_if=c.AllOf((at[5], at[5])))],
    )
    assert moments(a_hunt(round_)) == times
