"""What follows by itself: everything, in the promised order, in the transaction of the command that brought it."""

from datetime import timedelta

from hunt.content import model as c
from hunt.game.commands import CatchUp, RegisterTeam, SatisfyGate
from playing import ALWAYS, KICKOFF, TEAM, World, a_hunt, a_round, open_slot, said, slot, slug_of


def test_a_team_starts_with_its_cascade_in_the_order_of_kinds() -> None:
    round_ = a_round(
        "r",
        slot("both", visible_if=ALWAYS, unlockable_if=ALWAYS),
        slot("all", visible_if=ALWAYS, unlockable_if=ALWAYS, unlocked_if=ALWAYS),
        gates=[c.Gate(id="g", satisfied_if=ALWAYS), c.Gate(id="never")],
        interactions=[c.Interaction(id="i", title="I", unlock_if=ALWAYS)],
    )
    assert said(World(a_hunt(round_)).log) == [
        ("team_registered", None),
        ("round_unlocked", "r"),
        ("puzzle_visible", "the-both"),
        ("puzzle_visible", "the-all"),
        ("puzzle_unlockable", "the-both"),
        ("puzzle_unlocked", "the-all"),
        ("interaction_unlocked", "i"),
        ("gate_completed", "g"),
    ]


def test_it_runs_until_nothing_changes_even_against_the_order_of_the_file() -> None:
    chain = a_hunt(
        a_round("last", open_slot("z"), unlock_if=c.GateSatisfied("g2")),
        a_round(
            "middle",
            slot("y", unlocked_if=c.GateSatisfied("g1")),
            gates=[c.Gate(id="g2", satisfied_if=c.SlotUnlocked("y"))],
        ),
        a_round("first", open_slot("x"), gates=[c.Gate(id="g1", satisfied_if=c.SlotSolved("x"))]),
    )
    world = World(chain)
    assert set(world.team().rounds) == {"middle", "first"}
    assert said(world.solve("x")) == [
        ("puzzle_solved", "the-x"),
        ("round_unlocked", "last"),
        ("puzzle_unlocked", "the-y"),
        ("gate_completed", "g1"),
        ("gate_completed", "g2"),
    ]


def test_what_is_there_already_is_not_written_again() -> None:
    world = World(a_hunt(a_round("r", open_slot("a"), gates=[c.Gate(id="g", satisfied_if=c.SlotSolved("a"))])))
    assert world.catch_up() == []
    world.satisfy("g")
    assert said(world.solve("a")) == [("puzzle_solved", "the-a")]
    assert world.catch_up() == []


def test_an_unlocked_puzzle_does_not_become_unlockable() -> None:
    world = World(a_hunt(a_round("r", slot("a", unlockable_if=c.GateSatisfied("g")), gates=[c.Gate(id="g")])))
    world.unlock("a")
    assert said(world.satisfy("g")) == [("gate_completed", "g")]


def test_a_solved_puzzle_is_unlocked_without_an_entry_of_its_own() -> None:
    world = World(a_hunt(a_round("r", slot("a", unlocked_if=c.GateSatisfied("g")), gates=[c.Gate(id="g")])))
    world.solve("a")
    assert world.puzzle("a").unlocked == world.puzzle("a").solved
    assert said(world.satisfy("g")) == [("gate_completed", "g")]


def test_an_interaction_completed_before_its_time_is_not_unlocked_later() -> None:
    talk = c.Interaction(id="i", title="I", unlock_if=c.GateSatisfied("g"))
    world = World(a_hunt(a_round("r", gates=[c.Gate(id="g")], interactions=[talk])))
    world.complete("i")
    assert said(world.satisfy("g")) == [("gate_completed", "g")]


def test_a_count_in_a_gate_or_an_interaction_is_over_the_round_it_stands_in() -> None:
    here = a_round(
        "here",
        open_slot("a"),
        gates=[c.Gate(id="g", satisfied_if=c.PuzzlesSolved(1))],
        interactions=[c.Interaction(id="i", title="I", unlock_if=c.PuzzlesSolved(1))],
    )
    world = World(a_hunt(here, a_round("there", open_slot("b"))))
    assert said(world.solve("b")) == [("puzzle_solved", "the-b")]
    assert said(world.solve("a"))[1:] == [("interaction_unlocked", "i"), ("gate_completed", "g")]


def test_all_entries_of_a_command_have_one_time_and_dense_ids() -> None:
    world = World(a_hunt(a_round("r", open_slot("a"), open_slot("b"))))
    assert [entry.id for entry in world.log] == [1, 2, 3, 4]
    assert {entry.timestamp for entry in world.log} == {KICKOFF}


def test_what_follows_is_written_for_the_team_and_says_nothing_of_the_operator() -> None:
    world = World(a_hunt(a_round("r", slot("a", unlocked_if=c.GateSatisfied("g")), gates=[c.Gate(id="g")])))
    gate, unlocked = world.satisfy("g")
    assert gate.internal_data == {"operator": "hq"}
    assert (unlocked.team_id, unlocked.slug, unlocked.internal_data) == (TEAM, slug_of("a"), None)


def test_an_act_for_all_is_one_row_and_its_consequences_one_for_each_team() -> None:
    world = World(a_hunt(a_round("r", slot("a", unlocked_if=c.GateSatisfied("g")), gates=[c.Gate(id="g")])), teams=3)
    entries = world.do(SatisfyGate(teams=None, id="g"))
    assert [(entry.type, entry.team_id) for entry in entries] == [
        ("gate_completed", None),
        ("puzzle_unlocked", 1),
        ("puzzle_unlocked", 2),
        ("puzzle_unlocked", 3),
    ]
    assert said(world.register()) == [("team_registered", None), ("round_unlocked", "r"), ("puzzle_unlocked", "the-a")]


def test_time_opens_what_it_should_when_the_team_catches_up() -> None:
    later = c.After(KICKOFF + timedelta(minutes=5))
    world = World(a_hunt(a_round("r", slot("a", unlocked_if=later))))
    world.wait(minutes=5, microseconds=-1)
    assert world.catch_up() == []
    world.wait(microseconds=1)
    (entry,) = world.catch_up()
    assert (entry.type, entry.timestamp) == ("puzzle_unlocked", KICKOFF + timedelta(minutes=5))


def test_time_also_opens_with_whatever_else_the_team_does() -> None:
    later = c.After(KICKOFF + timedelta(minutes=5))
    world = World(a_hunt(a_round("r", open_slot("a"), slot("b", unlocked_if=later))))
    world.wait(minutes=6)
    world.guess("a", "answer")
    assert world.puzzle("b").unlocked


def test_catching_up_passes_over_a_team_that_is_gone() -> None:
    world = World(a_hunt(a_round("r")))
    assert world.do(CatchUp(teams=(99, TEAM))) == []


def test_the_first_team_of_an_empty_board_is_followed_too() -> None:
    world = World(a_hunt(a_round("r", open_slot("a"))), teams=0)
    world.do(RegisterTeam(team_id=7, username="seven", name="Seven"))
    assert world.team(7).puzzle(slug_of("a")).unlocked
