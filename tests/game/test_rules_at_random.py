"""Random hunts and random commands: the rules against their naive twin, and what has to hold after every command."""

from datetime import timedelta

from game_twin import Twin
from hypothesis import given
from hypothesis import strategies as st
from naive import KINDS, NaiveTeam, true

from hunt.content import model as c
from hunt.game import commands as cmd
from hunt.game.board import Board
from hunt.game.conditions import Asker, Reached
from hunt.game.entries import GENESIS, check_chain, decode_entry, encode_entry, event_of
from hunt.game.refusals import Refused
from playing import KICKOFF, TEAM, World, quick
from random_hunts import commands, conditions, hunts

steps = st.lists(commands | st.integers(0, 3).map(lambda hours: timedelta(hours=hours)), min_size=6, max_size=20)


def carry_out(world: World, step: cmd.Command | timedelta) -> None:
    """Do what is asked, refused or not (a refusal that appended something fails in `World.do`)."""
    if isinstance(step, timedelta):
        world.now += step
        return
    try:
        world.do(step)
    except Refused as refusal:
        assert refusal.detail.endswith((".", "/"))  # noqa: PT017 - whichever it was


@given(hunts(), steps, st.lists(conditions, max_size=5))
@quick(150)
def test_conditions_hold_exactly_when_their_naive_twins_do(
    hunt: c.Hunt, played: list[cmd.Command | timedelta], asked: list[c.Condition]
) -> None:
    world = World(hunt, teams=2)
    for step in played:
        carry_out(world, step)
    asker = Asker(hunt, Reached.by(world.team()), world.now)
    naive = twin_of(world)
    for condition in asked:
        for round_ in hunt.rounds:
            assert asker.holds(condition, round_) == true(hunt, naive, world.now, round_, condition)


def twin_of(world: World) -> NaiveTeam:
    state = world.team()
    return NaiveTeam(
        rounds=set(state.rounds),
        unlocked={slug for slug, puzzle in state.puzzles.items() if puzzle.unlocked},
        solved={slug for slug, puzzle in state.puzzles.items() if puzzle.solved},
        completed={id for id, item in state.interactions.items() if item.completed},
        gates=set(state.gates),
    )


@given(hunts(), steps)
@quick(200)
def test_a_team_reaches_exactly_what_its_naive_twin_does(hunt: c.Hunt, played: list[cmd.Command | timedelta]) -> None:
    world, twin = World(hunt, teams=0), Twin(hunt)
    for team_id in (1, 2):
        twin.follow(world.register(), world.now, team_id)
    for step in played:
        before = len(world.log)
        carry_out(world, step)
        twin.check(world.log[before:], world.now)
    for team_id, state in world.board.teams.items():
        assert twin.standing(team_id) == twin.standing_of(state)
    world.register()
    assert all(event_of(entry) is not None for entry in world.log)


@given(hunts(), steps)
@quick(100)
def test_after_any_commands_nothing_is_due_and_the_log_says_it_all(
    hunt: c.Hunt, played: list[cmd.Command | timedelta]
) -> None:
    world = World(hunt, teams=2)
    for step in played:
        carry_out(world, step)
    world.catch_up()
    assert world.catch_up() == []
    check_chain(0, GENESIS, world.log)
    again = Board(hunt)
    for entry in world.log:
        again.apply(decode_entry(encode_entry(entry)))
    assert again.teams == world.board.teams
    assert (again.head, again.digest, again.everyone) == (world.board.head, world.board.digest, world.board.everyone)


@given(hunts(), steps)
@quick(100)
def test_states_only_grow_and_the_order_of_kinds_is_kept(hunt: c.Hunt, played: list[cmd.Command | timedelta]) -> None:
    world = World(hunt, teams=2)
    for step in played:
        before, state = len(world.log), world.team().copy()
        carry_out(world, step)
        now = world.team()
        assert state.rounds.items() <= now.rounds.items()
        assert state.gates.items() <= now.gates.items()
        for slug, puzzle in state.puzzles.items():
            after = now.puzzle(slug)
            assert (puzzle.solved or after.solved) == after.solved
            assert (puzzle.unlocked or after.unlocked) == after.unlocked
            assert after.stray >= puzzle.stray if puzzle.unlocked else True
            assert after.unlocked or not after.solved
        for team_id in (TEAM, 2):
            followed = [
                KINDS.index(row.type) for row in world.log[before:] if row.team_id == team_id and row.type in KINDS
            ]
            first, rest = followed[:1], followed[1:]
            # An act of its own may come first, whatever its kind; what follows is in order.
            assert rest == sorted(rest) or [*first, *rest] == sorted([*first, *rest])
    assert world.log[0].timestamp == KICKOFF
