"""The datasets that a socket can subscribe to: their names, what they are about, and how each is made."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, structs

from hunt.content.model import STRAY_LEADS, Hunt
from hunt.game import entries as e
from hunt.game.refusals import NO_PUZZLE, NotFound
from hunt.game.state import TeamState
from hunt.game.view import team_state
from hunt.live import values
from hunt.live.activity import activity_entry, guess_entry, is_shown

Value = dict[str, Any]

ACTIVITY = "activity_log"
ACTIVITY_PAGE_ENTRIES = 200
"""Entries on one page of the activity log as HTML."""


class View(Struct, frozen=True, kw_only=True):
    """What a value is made from: a team at one moment (`now`, UTC). `state` goes on with the log, see `fixed`."""

    hunt: Hunt
    state: TeamState
    now: datetime

    def fixed(self) -> "View":
        """The same moment for good: whoever waits for something would find that the team has gone on."""
        return structs.replace(self, state=self.state.copy())

    @property
    def team_id(self) -> int:
        if self.state.team_id is None:
            raise AssertionError("a view is of one team")
        return self.state.team_id

    @property
    def is_over(self) -> bool:
        return self.hunt.end is not None and self.now >= self.hunt.end

    @property
    def shows_solutions(self) -> bool:
        return self.is_over or self.hunt.solutions == "released"

    def has_round(self, slug: str) -> bool:
        """Whether the team can open this round's page."""
        if slug == STRAY_LEADS:
            return values.has_strays(self.hunt, self.state)
        return slug in self.hunt.round and slug in self.state.rounds

    def has_puzzle(self, slug: str) -> bool:
        return slug in self.hunt.slot_of and self.state.puzzle(slug).seen

    def check_puzzle(self, slug: str) -> None:
        """NotFound alike for a puzzle that the team does not see and for one that does not exist."""
        if not self.has_puzzle(slug):
            raise NotFound(NO_PUZZLE)


class Dataset(Struct, frozen=True, kw_only=True):
    """`about` says what the parameter `slug` names.

    `make` gives the whole value; where there is a `pick`, the dataset grows by what it makes of each entry, and the
    whole value is for the HTML alone. Without `is_drawn` there is no HTML of it.
    """

    name: str
    about: Literal["team", "round", "puzzle"] = "team"
    make: Callable[[View, str], Value] | None = None
    pick: Callable[[View, str, e.Entry], Value | None] | None = None
    is_drawn: bool = True

    @property
    def grows(self) -> bool:
        return self.pick is not None

    def slug_in(self, hunt: Hunt, text: str) -> str:
        """The slug that a client means, as the hunt spells it; empty where the dataset is about the team."""
        match self.about:
            case "team":
                return ""
            case "round":
                return hunt.spelled("rounds", text)
            case "puzzle":
                return hunt.spelled("puzzles", text)

    def is_open_to(self, view: View, slug: str) -> bool:
        """Whether the team may have it with this `slug`; what does not exist and what is locked are alike."""
        if self.about == "round":
            return view.has_round(slug)
        return self.about == "team" or view.has_puzzle(slug)


def puzzle_value(view: View, slug: str) -> Value:
    return values.puzzle_page(
        view.hunt,
        view.state,
        slug,
        solutions=view.shows_solutions,
        hints_open=view.state.puzzle(slug).hints_open(view.now),
    )


def _guesses(view: View, slug: str) -> Value:
    return {"guesses": [values.guess_row(guess) for guess in view.state.puzzle(slug).guesses]}


def _pick_guess(_view: View, slug: str, entry: e.Entry) -> Value | None:
    return guess_entry(entry) if entry.slug == slug else None


def _pick_activity(view: View, _slug: str, entry: e.Entry) -> Value | None:
    return activity_entry(view.hunt, entry) if is_shown(view.state, entry) else None


def activity_page(view: View, entries: Sequence[e.Entry], later_keys: int = 0, later_clues: int = 0) -> Value:
    """`entries` of a team (ascending) newest first, each with the balance after it.

    `later_keys` and `later_clues` are what came after the last of them, up to what the view knows.
    """
    keys, clues = view.state.currency - later_keys, view.state.strong_currency - later_clues
    older = entries[0].id if len(entries) >= ACTIVITY_PAGE_ENTRIES else None
    shown = []
    for entry in reversed(entries):
        if is_shown(view.state, entry):
            shown.append(activity_entry(view.hunt, entry) | {"balance": keys, "strong_balance": clues})
        keys -= entry.currency_delta
        clues -= entry.strong_currency_delta
    return {
        "entries": shown,
        "older": older,
        "currency": view.state.currency,
        "strong_currency": view.state.strong_currency,
    }


TEAM_DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset(name="team_state", make=lambda view, _: team_state(view.hunt, view.state), is_drawn=False),
        Dataset(name="navbar", make=lambda view, _: values.navbar(view.hunt, view.state)),
        Dataset(name="hub", make=lambda view, _: values.hub(view.hunt, view.state, over=view.is_over)),
        Dataset(name="round", about="round", make=lambda view, slug: values.round_page(view.hunt, view.state, slug)),
        Dataset(name="puzzle", about="puzzle", make=puzzle_value),
        Dataset(name="all_puzzles", make=lambda view, _: values.all_puzzles(view.hunt, view.state)),
        Dataset(name="team_info", make=lambda view, _: values.team_info(view.state)),
        Dataset(name="guess_log", about="puzzle", make=_guesses, pick=_pick_guess),
        Dataset(name=ACTIVITY, pick=_pick_activity),
    )
}


def is_touched(dataset: Dataset, slug: str, entry: e.Entry) -> bool:
    """Whether the entry may change the dataset. A guess by itself changes only what is about its puzzle."""
    if entry.type != "puzzle_guess_submitted" or dataset.name == ACTIVITY:
        return True
    return dataset.about == "puzzle" and slug == entry.slug
