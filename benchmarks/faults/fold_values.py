"""The datasets that are replaced, made from the fold of a team's rows: whole, or as far as rows and hunt.yaml tell."""

from collections.abc import Callable
from typing import Any

from benchmarks.faults.fold import STRAY, Slot, TeamFold, Value

STRAY_TITLE = "Stray leads"
NEWS_ENTRIES = 10


def team_state(fold: TeamFold, _slug: str) -> Value:
    return {
        "currency": fold.keys,
        "strong_currency": fold.clues,
        "rounds": {round_["slug"]: _slots_and_more(fold, round_) for round_ in _open_rounds(fold)},
        "puzzles": {slug: _standing(fold, slug) for slug in fold.hunt.slots if fold.sees(slug)},
        "gates_satisfied": list(fold.gates),
    }


def _slots_and_more(fold: TeamFold, round_: Value) -> Value:
    met = {each["id"]: each["title"] for each in round_.get("interactions") or [] if each["id"] in fold.interactions}
    return {
        "title": round_["title"],
        "slots": {slot.id: {"slug": slot.slug, "is_meta": slot.is_meta} for slot in _seen(fold, round_["slug"])},
        "gates": [gate["id"] for gate in round_.get("gates") or [] if gate["id"] in fold.gates],
        "interactions": {id: {"title": title, **fold.interactions[id]} for id, title in met.items()},
    }


def _standing(fold: TeamFold, slug: str) -> Value:
    puzzle = fold.puzzles[slug]
    standing = {
        "title": fold.hunt.title(slug),
        "round": _round_of(fold, slug),
        "lock": puzzle.lock,
        "stray": puzzle.stray,
        "partially_solved": puzzle.partially_solved,
        "unlocked_at": puzzle.unlocked and puzzle.unlocked.timestamp,
    }
    return standing if puzzle.answer is None else {**standing, "answer": puzzle.answer}


def _round_of(fold: TeamFold, slug: str) -> str:
    round_ = fold.hunt.slots[slug].round
    return round_ if round_ in fold.rounds else STRAY


def _row(fold: TeamFold, slug: str) -> Value:
    """A puzzle as lists show it."""
    puzzle, slot = fold.puzzles[slug], fold.hunt.slots[slug]
    return {
        **_standing(fold, slug),
        "slug": slug,
        "is_meta": slot.is_meta,
        "unlock_cost": slot.cost,
        "solved": puzzle.solved is not None,
        "answer": puzzle.answer,
        "unlocked_id": puzzle.unlocked and puzzle.unlocked.id,
        "solved_at": puzzle.solved and puzzle.solved.timestamp,
    }


def puzzle(fold: TeamFold, slug: str) -> Value | None:
    if not fold.sees(slug):
        return None
    return {
        **_row(fold, slug),
        "currency": fold.keys,
        "strong_currency": fold.clues,
        "guesses": list(fold.puzzles[slug].guesses),
        "next_guess_at": fold.puzzles[slug].next_guess_at,
        "hints": [dict(hint) for hint in fold.puzzles[slug].hints],
    }


def team_info(fold: TeamFold, _slug: str) -> Value:
    return {
        "id": fold.team_id,
        "username": fold.username,
        "name": fold.name,
        "registered_at": fold.registered_at,
        "solved": sum(puzzle.solved is not None for puzzle in fold.puzzles.values()),
        "deactivated": not fold.active,
    }


def navbar(fold: TeamFold, _slug: str) -> Value:
    return {
        "team_name": fold.name,
        "currency": fold.keys,
        "strong_currency": fold.clues,
        "rounds": [_headed(round_) | _progress(_rows(fold, round_["slug"])) for round_ in _open_rounds(fold)],
        "strays": len(_strays(fold)),
    }


def all_puzzles(fold: TeamFold, _slug: str) -> Value:
    rounds, strays = _open_rounds(fold), _strays(fold)
    rows = [row for round_ in rounds for row in _rows(fold, round_["slug"])]
    headed = [_headed(round_) for round_ in rounds] + ([{"slug": STRAY, "title": STRAY_TITLE}] if strays else [])
    return {"rounds": headed, "puzzles": rows + strays, "currency": fold.keys}


def round_page(fold: TeamFold, slug: str) -> Value | None:
    if slug == STRAY:
        locked = [round_ for round_ in fold.hunt.rounds if round_["slug"] not in fold.rounds]
        rows, rounds, gates, title = _strays(fold), locked, list[Value](), STRAY_TITLE
        if not rows:
            return None
    elif slug in fold.rounds and slug in fold.hunt.round_titles:
        rows, title = _rows(fold, slug), fold.hunt.round_titles[slug]
        rounds = [round_ for round_ in fold.hunt.rounds if round_["slug"] == slug]
        gates = [gate for gate in rounds[0].get("gates") or [] if gate.get("title") and gate["id"] in fold.gates]
    else:
        return None
    return {
        "slug": slug,
        "title": title,
        "puzzles": rows,
        "interactions": _interactions(fold, rounds),
        "gates": [{"id": gate["id"], "title": gate["title"]} for gate in gates],
        "currency": fold.keys,
        **_progress(rows),
    }


def hub(fold: TeamFold, _slug: str) -> Value:
    return {
        "currency": fold.keys,
        "rounds": [_card(fold, round_) for round_ in _open_rounds(fold)],
        "strays": _strays(fold),
        "interactions": _interactions(fold, fold.hunt.rounds),
        "news": _news(fold),
    }


def _card(fold: TeamFold, round_: Value) -> Value:
    rows = _rows(fold, round_["slug"])
    return {
        **_headed(round_),
        "metas": [row for row in rows if row["is_meta"]],
        "open": sum(row["lock"] == "unlocked" and not row["solved"] for row in rows),
        "unlockable": sum(row["lock"] == "unlockable" for row in rows),
        **_progress(rows),
    }


def _news(fold: TeamFold) -> list[Value]:
    lines = [
        line
        for slug, puzzle in fold.puzzles.items()
        if slug in fold.hunt.slots
        for line in {line.id: line for line in (puzzle.unlocked, puzzle.solved) if line}.values()
    ]
    newest = sorted(lines, key=lambda line: line.id, reverse=True)[:NEWS_ENTRIES]
    return [{"id": line.id, "timestamp": line.timestamp, "type": line.type, "slug": line.slug} for line in newest]


def _open_rounds(fold: TeamFold) -> list[Value]:
    return [round_ for round_ in fold.hunt.rounds if round_["slug"] in fold.rounds]


def _headed(round_: Value) -> Value:
    return {"slug": round_["slug"], "title": round_["title"]}


def _seen(fold: TeamFold, round_: str) -> list[Slot]:
    return [slot for slot in fold.hunt.slots.values() if slot.round == round_ and fold.sees(slot.slug)]


def _rows(fold: TeamFold, round_: str) -> list[Value]:
    return [_row(fold, slot.slug) for slot in _seen(fold, round_)]


def _strays(fold: TeamFold) -> list[Value]:
    """What the team has of rounds that it has not."""
    slots = fold.hunt.slots.values()
    return [_row(fold, slot.slug) for slot in slots if slot.round not in fold.rounds and fold.sees(slot.slug)]


def _interactions(fold: TeamFold, rounds: list[Value]) -> list[Value]:
    return [
        {"id": each["id"], "title": each["title"], "result": None, **fold.interactions[each["id"]]}
        for round_ in rounds
        for each in round_.get("interactions") or []
        if each["id"] in fold.interactions
    ]


def _progress(rows: list[Value]) -> Value:
    return {"solved": sum(row["solved"] for row in rows), "total": len(rows)}


DATASETS: dict[str, Callable[[TeamFold, str], Value | None]] = {
    "team_state": team_state,
    "team_info": team_info,
    "puzzle": puzzle,
    "navbar": navbar,
    "all_puzzles": all_puzzles,
    "round": round_page,
    "hub": hub,
}
WHOLE = {"team_state", "team_info"}
"""The others say more, which no row tells."""


def same(dataset: str, expected: Value | None, actual: Any) -> bool:
    """Whether a value is what the fold says. None: the team may not have it."""
    if not isinstance(actual, dict) or expected is None:
        return actual is expected
    return expected == actual if dataset in WHOLE else _is_in(expected, actual)


def _is_in(expected: Any, actual: Any) -> bool:
    match expected:
        case dict():
            return isinstance(actual, dict) and all(
                name in actual and _is_in(item, actual[name]) for name, item in expected.items()
            )
        case list():
            return isinstance(actual, list) and len(expected) == len(actual) and all(map(_is_in, expected, actual))
    return bool(expected == actual)
