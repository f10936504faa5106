"""What keys and clues buy."""

import pytest

from hunt.content import model as c
from hunt.content.model import Puzzle
from hunt.game.commands import BuyAnswer, Command, ExchangeCurrency, Grant, UnlockPuzzle
from hunt.game.refusals import Refused
from playing import ALWAYS, TEAM, World, a_hunt, a_round, open_slot, slot, slug_of

FOR_SALE = Puzzle(slug=slug_of("free"), title="Free", answers=("GOLD",), answer_cost=2)


@pytest.fixture
def world() -> World:
    first = a_round(
        "first",
        open_slot("free"),
        open_slot("dear"),
        slot("shut", unlockable_if=ALWAYS),
        slot("costly", unlockable_if=ALWAYS, unlock_cost=3),
        slot("gift", unlockable_if=ALWAYS, unlock_cost=0),
        slot("seen", visible_if=ALWAYS),
        slot("dark"),
    )
    second = a_round("second", slot("more", unlocked_if=ALWAYS), unlock_if=c.SlotUnlocked("shut"))
    return World(a_hunt(first, second, puzzles=[FOR_SALE], exchange_rate=3))


def unlock(id: str) -> Command:
    return UnlockPuzzle(team_id=TEAM, slug=slug_of(id))


def buy(id: str) -> Command:
    return BuyAnswer(team_id=TEAM, slug=slug_of(id))


def refusal(world: World, command: Command) -> str:
    with pytest.raises(Refused) as refused:
        world.do(command)
    assert refused.value.detail.endswith(".")
    return refused.value.code


def test_an_unlockable_puzzle_costs_its_keys(world: World) -> None:
    world.grant(keys=4)
    (entry, *_) = world.do(unlock("costly"))
    assert (entry.type, entry.currency_delta, world.keys()) == ("puzzle_unlocked", -3, 1)


def test_the_cost_is_one_key_unless_the_slot_says_otherwise(world: World) -> None:
    world.grant(keys=1)
    world.do(unlock("shut"))
    assert world.keys() == 0


def test_what_costs_nothing_needs_no_keys(world: World) -> None:
    world.do(unlock("gift"))
    assert world.puzzle("gift").unlocked


def test_what_follows_from_an_unlock_comes_with_it(world: World) -> None:
    world.grant(keys=1)
    world.do(unlock("shut"))
    assert world.puzzle("more").unlocked


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("free", "already_unlocked"),
        ("seen", "not_for_sale"),
        ("dark", "not_found"),
        ("nobody", "not_found"),
        ("costly", "insufficient_currency"),
    ],
)
def test_an_unlock_is_refused_where_there_is_nothing_to_buy(world: World, id: str, code: str) -> None:
    world.grant(keys=2)
    assert refusal(world, unlock(id)) == code


def test_debts_buy_nothing(world: World) -> None:
    world.do(Grant(teams=(TEAM,), keys=-5, force=True))
    assert refusal(world, unlock("shut")) == "insufficient_currency"


def test_an_answer_costs_its_clues_and_solves(world: World) -> None:
    world.grant(clues=3)
    bought, solved = world.do(buy("free"))
    assert (bought.type, bought.strong_currency_delta, bought.data) == ("puzzle_answer_bought", -2, {"answer": "GOLD"})
    assert (solved.type, solved.currency_delta) == ("puzzle_solved", 1)
    assert (world.team().strong_currency, world.puzzle("free").answer) == (1, "GOLD")


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("dear", "not_for_sale"),
        ("shut", "not_unlocked"),
        ("seen", "not_unlocked"),
        ("dark", "not_found"),
        ("free", "insufficient_currency"),
    ],
)
def test_an_answer_is_refused_where_it_is_not_for_sale(world: World, id: str, code: str) -> None:
    world.grant(clues=1)
    assert refusal(world, buy(id)) == code


def test_the_answer_of_a_solved_puzzle_is_not_sold(world: World) -> None:
    world.grant(clues=9)
    world.solve("free")
    assert refusal(world, buy("free")) == "already_solved"


def test_a_clue_becomes_as_many_keys_as_the_hunt_says(world: World) -> None:
    world.grant(clues=1)
    (entry,) = world.do(ExchangeCurrency(team_id=TEAM))
    assert (entry.type, entry.currency_delta, entry.strong_currency_delta) == ("strong_currency_exchanged", 3, -1)
    assert refusal(world, ExchangeCurrency(team_id=TEAM)) == "insufficient_currency"
