"""The values that pages draw and programs read, each a plain function of a hunt and a team's state.

Nothing in a value tells of what the team has not reached: no name, no count, no price.
"""

from typing import Any

from hunt.content.addresses import file_href, href, puzzle_href, round_href
from hunt.content.model import STRAY_LEADS, Hunt, Interaction, Round, Slot
from hunt.game.entries import stamp
from hunt.game.guesses import next_guess_at
from hunt.game.state import Guess, Mark, PuzzleState, TeamState
from hunt.game.view import round_name

Value = dict[str, Any]

NEWS_ENTRIES = 10


def _at(mark: Mark | None) -> str | None:
    return mark and stamp(mark.at)


def puzzle_row(hunt: Hunt, state: TeamState, slot: Slot) -> Value:
    """A seen puzzle as lists show it."""
    puzzle, name = state.puzzle(slot.slug), round_name(hunt, state, slot.slug)
    return {
        "slug": slot.slug,
        "title": hunt.puzzles[slot.slug].title,
        "href": puzzle_href(slot.slug),
        "round": name,
        "round_title": "Stray leads" if name == STRAY_LEADS else hunt.round[name].title,
        "round_href": round_href(name),
        "is_meta": slot.is_meta,
        "lock": puzzle.lock,
        "solved": puzzle.solved is not None,
        "stray": puzzle.stray,
        "partially_solved": puzzle.partially_solved is not None,
        "answer": puzzle.answer,
        "unlock_cost": slot.unlock_cost,
        "unlocked_at": _at(puzzle.unlocked),
        "unlocked_id": puzzle.unlocked and puzzle.unlocked.id,
        "solved_at": _at(puzzle.solved),
    }


def _seen(state: TeamState, round_: Round) -> list[Slot]:
    return [slot for slot in round_.puzzles if state.puzzle(slot.slug).seen]


def seen_rows(hunt: Hunt, state: TeamState, round_: Round) -> list[Value]:
    return [puzzle_row(hunt, state, slot) for slot in _seen(state, round_)]


def _stray_slots(hunt: Hunt, state: TeamState) -> list[Slot]:
    return [slot for round_ in hunt.rounds if round_.slug not in state.rounds for slot in _seen(state, round_)]


def _strays(hunt: Hunt, state: TeamState) -> list[Value]:
    return [puzzle_row(hunt, state, slot) for slot in _stray_slots(hunt, state)]


def has_strays(hunt: Hunt, state: TeamState) -> bool:
    return bool(_stray_slots(hunt, state))


def _open_rounds(hunt: Hunt, state: TeamState) -> list[Round]:
    return [round_ for round_ in hunt.rounds if round_.slug in state.rounds]


def interaction_rows(state: TeamState, rounds: list[Round]) -> list[Value]:
    return [
        _interaction(state, round_, interaction)
        for round_ in rounds
        for interaction in round_.interactions
        if interaction.id in state.interactions
    ]


def _interaction(state: TeamState, round_: Round, interaction: Interaction) -> Value:
    reached = state.interactions[interaction.id]
    known = round_.slug in state.rounds
    return {
        "id": interaction.id,
        "href": href("interactions", interaction.id),
        "title": interaction.title,
        "state": reached.state,
        "result": reached.result,
        "by": interaction.by,
        "round": round_.slug if known else STRAY_LEADS,
        "round_title": round_.title if known else "Stray leads",
    }


def _progress(rows: list[Value]) -> Value:
    return {"solved": sum(row["solved"] for row in rows), "total": len(rows)}


def _counts(state: TeamState, slots: list[Slot]) -> Value:
    """`_progress` without the rows: every page has it for the whole hunt."""
    return {"solved": sum(state.puzzle(slot.slug).solved is not None for slot in slots), "total": len(slots)}


def navbar(hunt: Hunt, state: TeamState) -> Value:
    rounds = [
        {
            "slug": round_.slug,
            "title": round_.title,
            "href": round_href(round_.slug),
            **_counts(state, _seen(state, round_)),
        }
        for round_ in _open_rounds(hunt, state)
    ]
    return {
        "hunt_title": hunt.title,
        "team_name": state.name,
        "currency": state.currency,
        "strong_currency": state.strong_currency,
        "exchange_rate": hunt.exchange_rate,
        "rounds": rounds,
        "strays": len(_stray_slots(hunt, state)),
    }


def hub(hunt: Hunt, state: TeamState, *, over: bool) -> Value:
    """The first page. `over`: the hunt's `end` has passed."""
    phase = "over" if over else ("running" if state.rounds else "not_started")
    return {
        "title": hunt.title,
        "subtitle": hunt.subtitle,
        "phase": phase,
        "start": hunt.start and stamp(hunt.start),
        "end": hunt.end and stamp(hunt.end),
        "currency": state.currency,
        "rounds": [_card(hunt, state, round_) for round_ in _open_rounds(hunt, state)],
        "strays": _strays(hunt, state),
        "interactions": interaction_rows(state, list(hunt.rounds)),
        "news": _news(hunt, state),
    }


def _card(hunt: Hunt, state: TeamState, round_: Round) -> Value:
    rows = seen_rows(hunt, state, round_)
    return {
        "slug": round_.slug,
        "title": round_.title,
        "blurb": round_.blurb,
        "href": round_href(round_.slug),
        "art": round_.art and file_href(f"{round_href(round_.slug)}/assets/", round_.art),
        "metas": [row for row in rows if row["is_meta"]],
        "open": sum(row["lock"] == "unlocked" and not row["solved"] for row in rows),
        "unlockable": sum(row["lock"] == "unlockable" for row in rows),
        "unlocked_id": state.rounds[round_.slug].id,
        **_progress(rows),
    }


def _news(hunt: Hunt, state: TeamState) -> list[Value]:
    marks = []
    for slug, slot in hunt.slot_of.items():
        puzzle = state.puzzle(slug)
        if puzzle.solved:
            marks.append((puzzle.solved, "puzzle_solved", slot))
        if puzzle.unlocked and puzzle.unlocked != puzzle.solved:
            marks.append((puzzle.unlocked, "puzzle_unlocked", slot))
    newest = sorted(marks, key=lambda item: item[0].id, reverse=True)[:NEWS_ENTRIES]
    return [
        {
            "id": mark.id,
            "timestamp": stamp(mark.at),
            "type": kind,
            "slug": slot.slug,
            "title": hunt.puzzles[slot.slug].title,
            "href": puzzle_href(slot.slug),
            "answer": state.puzzle(slot.slug).answer if kind == "puzzle_solved" else None,
        }
        for mark, kind, slot in newest
    ]


def round_page(hunt: Hunt, state: TeamState, slug: str) -> Value:
    """An unlocked round; `stray_leads` gives what the team has of locked rounds."""
    if slug == STRAY_LEADS:
        locked = [round_ for round_ in hunt.rounds if round_.slug not in state.rounds]
        puzzles, interactions = _strays(hunt, state), interaction_rows(state, locked)
        shown: Value = {"slug": slug, "title": "Stray leads", "blurb": "", "art": None, "style": None, "html": ""}
        gates: list[Value] = []
    else:
        round_ = hunt.round[slug]
        base = f"{round_href(slug)}/assets/"
        puzzles, interactions = seen_rows(hunt, state, round_), interaction_rows(state, [round_])
        shown = {
            "slug": slug,
            "title": round_.title,
            "blurb": round_.blurb,
            "art": round_.art and file_href(base, round_.art),
            "style": round_.style and file_href(base, round_.style),
            "html": round_.html,
        }
        gates = [{"id": gate.id, "title": gate.title} for gate in round_.gates if gate.title and gate.id in state.gates]
    return {
        **shown,
        "puzzles": puzzles,
        "interactions": interactions,
        "gates": gates,
        "currency": state.currency,
        **_progress(puzzles),
    }


def guess_row(guess: Guess) -> Value:
    return {
        "id": guess.id,
        "canonical_input": guess.canonical_input,
        "verdict": guess.verdict,
        "response": guess.response,
        "link": guess.link and {"display": guess.link.display, "href": guess.link.href},
        "timestamp": stamp(guess.at),
    }


def puzzle_page(hunt: Hunt, state: TeamState, slug: str, *, solutions: bool, hints_open: bool) -> Value:
    """A seen puzzle, all but its content."""
    written, puzzle = hunt.puzzles[slug], state.puzzle(slug)
    waits_until = None if puzzle.solved else next_guess_at(puzzle)
    return {
        **puzzle_row(hunt, state, hunt.slot_of[slug]),
        "answers": list(written.answers) if puzzle.solved else [],
        "answer_cost": written.answer_cost if puzzle.unlocked else None,
        "currency": state.currency,
        "strong_currency": state.strong_currency,
        "guesses": [guess_row(guess) for guess in puzzle.guesses],
        "next_guess_at": waits_until and stamp(waits_until),
        "content_version": written.version if puzzle.unlocked else "",
        "opened": _opened_by(hunt, state, puzzle),
        "hints": [
            {
                "id": hint.id,
                "question": hint.question,
                "at": stamp(hint.at),
                "answer": hint.answer,
                "answered_at": hint.answered_at and stamp(hint.answered_at),
            }
            for hint in puzzle.hints
        ],
        "hints_open": hints_open,
        "has_solution": solutions and bool(written.solution_html),
    }


def _opened_by(hunt: Hunt, state: TeamState, puzzle: PuzzleState) -> list[Value]:
    """What came about in the same moment as the solve, and so through it."""
    if puzzle.solved is None:
        return []
    moment = puzzle.solved.at
    return [
        puzzle_row(hunt, state, slot)
        for slug, slot in hunt.slot_of.items()
        if (other := state.puzzle(slug)) is not puzzle
        and any(mark and mark.at == moment for mark in (other.unlocked, other.unlockable))
    ]


def all_puzzles(hunt: Hunt, state: TeamState) -> Value:
    rounds = [{"slug": round_.slug, "title": round_.title} for round_ in _open_rounds(hunt, state)]
    strays = _strays(hunt, state)
    if strays:
        rounds.append({"slug": STRAY_LEADS, "title": "Stray leads"})
    rows = [row for round_ in _open_rounds(hunt, state) for row in seen_rows(hunt, state, round_)]
    return {"rounds": rounds, "puzzles": rows + strays, "currency": state.currency}


def team_info(state: TeamState) -> Value:
    return {
        "id": state.team_id,
        "username": state.username,
        "name": state.name,
        "registered_at": _at(state.registered),
        "solved": sum(puzzle.solved is not None for puzzle in state.puzzles.values()),
        "deactivated": not state.active,
    }
