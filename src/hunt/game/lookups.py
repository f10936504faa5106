"""What a command speaks of: found, or refused."""

from typing import TypeVar

from hunt.content.model import Puzzle, Slot
from hunt.game.board import Ahead
from hunt.game.guesses import is_text
from hunt.game.refusals import NO_PUZZLE, Conflict, Forbidden, Invalid, NotFound
from hunt.game.state import PuzzleState, TeamState

T = TypeVar("T")

MAX_RESULT_LENGTH = 1_000
"""Characters, of what is noted of an interaction."""


def team(ahead: Ahead, team_id: int) -> TeamState:
    """The team's state, to be read only; NotFound."""
    state = ahead.team(team_id)
    if state is None:
        raise NotFound(f"There is no team with the id {team_id}.")
    return state


def active_team(ahead: Ahead, team_id: int) -> TeamState:
    """The state of a team that may play; NotFound, Forbidden."""
    state = team(ahead, team_id)
    if not state.active:
        raise Forbidden("team_deactivated", f"This team is deactivated. {ahead.hunt.how_to_ask.sentence}")
    return state


def seen_puzzle(ahead: Ahead, state: TeamState, slug: str) -> tuple[Slot, Puzzle, PuzzleState]:
    """A puzzle of which the team knows; NotFound alike for one that is locked and one that does not exist."""
    slot, before = ahead.hunt.slot_of.get(slug), state.puzzle(slug)
    if slot is None or not before.seen:
        raise NotFound(NO_PUZZLE)
    return slot, ahead.hunt.puzzles[slug], before


def unlocked_puzzle(ahead: Ahead, state: TeamState, slug: str) -> tuple[Puzzle, PuzzleState]:
    """A puzzle that the team has before it; NotFound, Conflict."""
    _, puzzle, before = seen_puzzle(ahead, state, slug)
    if not before.unlocked:
        raise Conflict("not_unlocked", "This puzzle is not unlocked yet.")
    return puzzle, before


def known(id: str, those: dict[str, T], noun: str) -> T:
    """The thing of the hunt that has this id; NotFound."""
    if id not in those:
        raise NotFound(f"The hunt has no {noun} `{id}`.")
    return those[id]


def check_text(text: str, noun: str, limit: int) -> None:
    """Invalid for a text that is too long (in characters) or that the stores cannot hold."""
    if len(text) > limit:
        raise Invalid("too_long", f"The {noun} has at most {limit} characters; this one has {len(text)}.")
    if not is_text(text):
        raise Invalid("bad_characters", f"The {noun} holds characters that are no text.")
