"""Asking headquarters for a hint."""

import pytest

from hunt.game.commands import OpenHints, RequestHint
from hunt.game.entries import Draft, HintAnswered, sealed
from hunt.game.refusals import Refused
from playing import ALWAYS, KICKOFF, TEAM, World, a_hunt, a_round, open_slot, slot, slug_of


@pytest.fixture
def world() -> World:
    return World(a_hunt(a_round("r", open_slot("a"), slot("seen", visible_if=ALWAYS))), teams=2)


def open_hints(world: World, after_hours: int = 0, teams: tuple[int, ...] | None = (TEAM,)) -> None:
    world.do(OpenHints(teams=teams, slug=slug_of("a"), after_hours=after_hours))


def ask(world: World, question: str = "What now?", id: str = "a") -> None:
    world.do(RequestHint(team_id=TEAM, slug=slug_of(id), question=question))


def answer(world: World, request: int) -> None:
    """As headquarters will; the command for it comes with their pages."""
    event = HintAnswered(slug_of("a"), request, "Think.")
    draft = Draft(team_id=TEAM, event=event)
    entry = sealed(draft, id=world.board.head + 1, timestamp=world.now, previous=world.board.digest, internal_data=None)
    world.board.apply(entry)


def refusal(world: World, question: str = "What now?", id: str = "a") -> str:
    with pytest.raises(Refused) as refused:
        ask(world, question, id)
    return refused.value.code


def test_hints_are_closed_until_headquarters_opens_them(world: World) -> None:
    assert refusal(world) == "hints_closed"
    open_hints(world)
    ask(world, "  What now? ")
    assert [hint.question for hint in world.puzzle("a").hints] == ["What now?"]


def test_hints_open_so_many_hours_after_the_unlock(world: World) -> None:
    open_hints(world, after_hours=2)
    world.wait(hours=2, microseconds=-1)
    assert refusal(world) == "hints_closed"
    world.wait(microseconds=1)
    assert world.puzzle("a").hints_open(world.now)
    ask(world)


def test_hints_opened_for_all_are_open_to_later_teams_from_their_own_unlock(world: World) -> None:
    open_hints(world, after_hours=1, teams=None)
    world.wait(minutes=30)
    world.register()
    world.wait(minutes=30)
    assert [world.puzzle("a", team_id).hints_open(world.now) for team_id in (1, 2, 3)] == [True, True, False]


def test_one_question_is_open_at_a_time(world: World) -> None:
    open_hints(world)
    ask(world)
    assert refusal(world) == "hint_outstanding"
    (hint,) = world.puzzle("a").hints
    answer(world, hint.id)
    ask(world, "And then?")
    assert [hint.answer for hint in world.puzzle("a").hints] == ["Think.", None]
    assert world.puzzle("a").hints[0].answered_at == KICKOFF


def test_an_answer_to_another_question_answers_nothing(world: World) -> None:
    open_hints(world)
    ask(world)
    answer(world, 9999)
    assert world.puzzle("a").hints[0].answer is None


@pytest.mark.parametrize(
    ("question", "code"),
    [("", "empty_question"), (" \n\t", "empty_question"), ("x" * 2001, "too_long"), ("a\0b", "bad_characters")],
)
def test_a_question_has_to_be_one(world: World, question: str, code: str) -> None:
    open_hints(world)
    assert refusal(world, question) == code


def test_there_are_no_hints_for_what_is_locked_unknown_or_solved(world: World) -> None:
    open_hints(world)
    assert refusal(world, id="seen") == "not_unlocked"
    assert refusal(world, id="nobody") == "not_found"
    world.solve("a")
    assert refusal(world) == "already_solved"


def test_hours_are_not_negative(world: World) -> None:
    with pytest.raises(Refused):
        open_hints(world, after_hours=-1)
