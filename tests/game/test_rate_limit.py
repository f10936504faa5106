"""How long a team waits after wrong guesses: (n-1-i)² minutes after the i-th of n, the first two being free."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.content.model import CannedResponse, PartialAnswer, Puzzle
from hunt.game.commands import ResetRateLimit
from hunt.game.guesses import next_guess_at, seconds_until
from hunt.game.refusals import MustWait, Refused
from hunt.game.state import PuzzleState
from playing import KICKOFF, TEAM, World, a_hunt, a_round, open_slot, quick, slug_of

PUZZLE = Puzzle(
    slug=slug_of("a"),
    title="A",
    answers=("RIGHT",),
    canned_responses=(CannedResponse(guess=("CANNED",), response="No."),),
    partial_answers=tuple(PartialAnswer(guess=(f"HALF{n}",), response="Go on.") for n in range(5)),
)


@pytest.fixture
def world() -> World:
    return World(a_hunt(a_round("r", open_slot("a"), open_slot("b")), puzzles=[PUZZLE]), teams=2)


def waits(world: World, text: str, id: str = "a", team_id: int = TEAM) -> int:
    """The seconds that this guess is told to wait, 0 when it is let through."""
    try:
        world.guess(id, text, team_id)
    except MustWait as refusal:
        return refusal.seconds
    return 0


def test_two_wrong_guesses_are_free_and_the_next_one_waits_a_minute(world: World) -> None:
    assert [waits(world, text) for text in ("x1", "x2", "x3")] == [0, 0, 60]


def test_a_quick_guesser_waits_longer_every_time_to_the_second(world: World) -> None:
    waits(world, "x0")
    waits(world, "x1")
    waited = []
    for n in range(2, 7):
        waited.append(waits(world, f"x{n}"))
        world.wait(seconds=waited[-1], microseconds=-1)
        assert waits(world, f"x{n}") > 0
        world.wait(microseconds=1)
        assert waits(world, f"x{n}") == 0
    # Always from the first guess on: 1, 4, 9, 16, 25 minutes.
    assert waited == [60, 180, 300, 420, 540]


def test_old_guesses_are_forgiven_slowly(world: World) -> None:
    for n in range(4):
        waits(world, f"x{n}")
        world.wait(hours=1)
    assert [waits(world, text) for text in ("x4", "x5", "x6")] == [0, 0, 60]


def test_only_wrong_guesses_count(world: World) -> None:
    assert [waits(world, text) for text in ("x1", "half0", "half1", "half2", "canned", "x2", "x3")] == [0] * 6 + [60]


def test_while_a_team_waits_a_right_guess_is_answered_like_a_wrong_one(world: World) -> None:
    waits(world, "x1")
    waits(world, "x2")
    told = []
    for text in ("right", "wrong", "half0", "canned", "RIGHT!"):
        with pytest.raises(Refused) as refused:
            world.guess("a", text)
        told.append((type(refused.value), refused.value.code, refused.value.detail))
    assert len(set(told)) == 1


def test_a_repetition_is_answered_while_the_team_waits(world: World) -> None:
    waits(world, "x1")
    waits(world, "x2")
    assert world.guess("a", "x1").duplicate


def test_refused_and_repeated_guesses_do_not_count(world: World) -> None:
    waits(world, "x1")
    waits(world, "x2")
    for _ in range(20):
        waits(world, "x1")
        waits(world, "x3")
    world.wait(minutes=1)
    assert waits(world, "x3") == 0


def test_teams_and_puzzles_wait_apart(world: World) -> None:
    waits(world, "x1")
    waits(world, "x2")
    assert waits(world, "x3", id="b") == 0
    assert waits(world, "x3", team_id=2) == 0
    assert waits(world, "x3") == 60


@pytest.mark.parametrize("teams", [(TEAM,), None])
def test_headquarters_can_end_the_wait(world: World, teams: tuple[int, ...] | None) -> None:
    for text in ("x1", "x2"):
        waits(world, text)
    world.do(ResetRateLimit(teams=teams, slug=slug_of("a")))
    assert [waits(world, text) for text in ("x3", "x4", "x5")] == [0, 0, 60]
    assert world.guess("a", "x1").duplicate


def test_the_end_of_the_wait_is_told_in_whole_seconds_rounded_up() -> None:
    assert seconds_until(KICKOFF + timedelta(seconds=1.2), KICKOFF) == 2
    assert seconds_until(KICKOFF + timedelta(microseconds=1), KICKOFF) == 1
    assert seconds_until(KICKOFF + timedelta(seconds=60), KICKOFF) == 60


@given(st.lists(st.integers(0, 7200), max_size=12).map(sorted))
@quick(200)
def test_the_formula_is_the_one_in_the_rules(seconds: list[int]) -> None:
    times = tuple(KICKOFF + timedelta(seconds=offset) for offset in seconds)
    assert next_guess_at(PuzzleState(wrong=times)) == by_the_rules(times)


def by_the_rules(times: tuple[datetime, ...]) -> datetime | None:
    n = len(times)
    if n < 2:
        return None
    return max(times[i] + timedelta(minutes=(n - 1 - i) * (n - 1 - i)) for i in range(n))
