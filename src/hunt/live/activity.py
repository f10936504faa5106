"""Log entries as a team reads them."""

from typing import Any

from hunt.content.addresses import puzzle_href, round_href
from hunt.content.model import Hunt
from hunt.game import entries as e
from hunt.game.state import TeamState

Value = dict[str, Any]


_NOT_OF_PUZZLES = {
    "round_unlocked",
    "gate_completed",
    "interaction_unlocked",
    "interaction_started",
    "interaction_completed",
}


def is_shown(state: TeamState, entry: e.Entry) -> bool:
    """Whether the team may read this entry: one about a puzzle that it had not seen by then would name it."""
    if entry.slug is None or entry.type in _NOT_OF_PUZZLES:
        return True
    puzzle = state.puzzle(entry.slug)
    marks = (puzzle.visible, puzzle.unlockable, puzzle.unlocked)
    return any(mark is not None and mark.id <= entry.id for mark in marks)


def guess_entry(entry: e.Entry) -> Value | None:
    """A guess as the dataset `guess_log` carries it; None for any other entry."""
    event = e.event_of(entry)
    if not isinstance(event, e.GuessSubmitted):
        return None
    return {
        "id": entry.id,
        "canonical_input": event.canonical_input,
        "verdict": event.verdict,
        "response": event.response,
        "link": event.link and {"display": event.link.display, "href": event.link.href},
        "timestamp": e.stamp(entry.timestamp),
    }


def activity_entry(hunt: Hunt, entry: e.Entry) -> Value:
    """An entry as the dataset `activity_log` and `/api/activity` carry it; `internal_data` stays here."""
    value: Value = {
        "id": entry.id,
        "timestamp": e.stamp(entry.timestamp),
        "type": entry.type,
        "currency_delta": entry.currency_delta,
        "strong_currency_delta": entry.strong_currency_delta,
    }
    if entry.slug is not None:
        value["slug"] = entry.slug
        title, href = _named(hunt, entry)
        value["title"] = title
        if href:
            value["href"] = href
    event = e.event_of(entry)
    if isinstance(event, e.GuessSubmitted):
        value |= {"canonical_input": event.canonical_input, "verdict": event.verdict, "response": event.response}
    elif isinstance(event, e.PuzzleSolved | e.AnswerBought):
        value["answer"] = event.answer
    value["text"] = _text(event, value.get("title", ""), entry)
    return value


def _named(hunt: Hunt, entry: e.Entry) -> tuple[str, str | None]:
    slug = entry.slug or ""
    if entry.type == "round_unlocked":
        return (hunt.round[slug].title, round_href(slug)) if slug in hunt.round else (slug, None)
    if entry.type == "gate_completed":
        gate = hunt.gates.get(slug)
        return (gate and gate.title) or slug, None
    if entry.type.startswith("interaction_"):
        return hunt.interactions[slug].title if slug in hunt.interactions else slug, None
    puzzle = hunt.puzzles.get(slug)
    return (puzzle.title, puzzle_href(slug)) if puzzle else (slug, None)


def _text(event: "e.AnyEvent | e.PrizePaid | None", title: str, entry: e.Entry) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each type
    """The entry in one sentence."""
    match event:
        case e.RoundUnlocked():
            return f"Round opened: {title}."
        case e.PuzzleVisible():
            return f"{title} came into sight."
        case e.PuzzleUnlockable():
            return f"{title} can be unlocked."
        case e.PuzzleUnlocked():
            return f"{title} unlocked."
        case e.GuessSubmitted(canonical_input=text, verdict=verdict):
            return f"{title}: {text}, {verdict}."
        case e.PuzzlePartiallySolved():
            return f"{title} partly solved."
        case e.PuzzleSolved(answer=answer):
            return f"{title} solved: {answer}."
        case e.AnswerBought():
            return f"Answer bought for {title}."
        case e.InteractionUnlocked():
            return f"{title} is waiting for you."
        case e.InteractionStarted():
            return f"{title} has begun."
        case e.InteractionCompleted():
            return f"{title} is done."
        case e.GateCompleted():
            return f"Reached: {title}."
        case e.RateLimitsReset():
            return f"{title}: you may guess again at once."
        case e.HintsUnlocked():
            return f"Hints for {title} are open or will be."
        case e.HintRequested():
            return f"Hint asked for on {title}."
        case e.HintAnswered():
            return f"Your question about {title} is answered."
        case e.ErratumIssued(text=text) | e.AnnouncementPublished(text=text):
            return text
        case e.CurrencyAdjusted() | e.PrizePaid() | e.StrongCurrencyAdjusted():
            return "Headquarters changed your keys or clues." if entry.slug is None else f"Keys for {title}."
        case e.StrongCurrencyExchanged():
            return "A clue was exchanged for keys."
        case e.TeamRegistered(name=name):
            return f"Team {name} registered."
        case e.TeamRenamed(name=name):
            return f"The team is now called {name}."
        case e.TeamDeactivated():
            return "The team was deactivated."
        case e.TeamReactivated():
            return "The team is active again."
        case None:
            return entry.type.replace("_", " ")
