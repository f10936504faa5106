"""A team's state as programs see it: `TeamState` of docs/protocol.md."""

from typing import Any

from hunt.content.model import STRAY_LEADS, Hunt, Round
from hunt.game.entries import stamp
from hunt.game.state import TeamState


def round_name(hunt: Hunt, state: TeamState, slug: str) -> str:
    """The slug of the round under which the team finds a puzzle; `stray_leads` while that round is locked."""
    round_ = hunt.round_of.get(slug)
    return STRAY_LEADS if round_ is None or round_.slug not in state.rounds else round_.slug


def team_state(hunt: Hunt, state: TeamState) -> dict[str, Any]:
    """Everything that the team may know of where it stands, all but the epoch. Holds no trace of what is locked."""
    return {
        "currency": state.currency,
        "strong_currency": state.strong_currency,
        "rounds": {round_.slug: _round(round_, state) for round_ in hunt.rounds if round_.slug in state.rounds},
        "puzzles": _puzzles(hunt, state),
        "gates_satisfied": list(state.gates),
    }


def _round(round_: Round, state: TeamState) -> dict[str, Any]:
    interactions = {}
    for interaction in round_.interactions:
        if reached := state.interactions.get(interaction.id):
            interactions[interaction.id] = {"title": interaction.title, "state": reached.state}
            if reached.completed and reached.result is not None:
                interactions[interaction.id]["result"] = reached.result
    return {
        "title": round_.title,
        "slots": {
            slot.id: {"slug": slot.slug, "is_meta": slot.is_meta}
            for slot in round_.puzzles
            if state.puzzle(slot.slug).seen
        },
        "gates": [gate.id for gate in round_.gates if gate.id in state.gates],
        "interactions": interactions,
    }


def _puzzles(hunt: Hunt, state: TeamState) -> dict[str, Any]:
    puzzles: dict[str, Any] = {}
    for slug in hunt.slot_of:
        puzzle = state.puzzle(slug)
        if not puzzle.seen:
            continue
        puzzles[slug] = {
            "title": hunt.puzzles[slug].title,
            "round": round_name(hunt, state, slug),
            "lock": puzzle.lock,
            "stray": puzzle.stray,
            "partially_solved": puzzle.partially_solved is not None,
            "unlocked_at": puzzle.unlocked and stamp(puzzle.unlocked.at),
        }
        if puzzle.answer is not None:
            puzzles[slug]["answer"] = puzzle.answer
    return puzzles
