"""What a team should see, folded from rows alone.

Unlocks and everything else that follows from an act are rows too, so no rule of the game is needed here: only what each
type of row means, written from docs/data.md and docs/protocol.md without a look at the server's own fold.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from benchmarks.faults.evidence import Evidence
from benchmarks.faults.histories import Line

Value = dict[str, Any]

STRAY = "stray_leads"

NOT_OF_PUZZLES = {
    "round_unlocked",
    "gate_completed",
    "interaction_unlocked",
    "interaction_started",
    "interaction_completed",
}
"""Types whose slug is no puzzle's."""


class Anything:
    """Equals whatever it is compared with: for what the evidence does not tell."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment] # it equals what hashes differently

    def __repr__(self) -> str:
        return "…"


ANYTHING = Anything()


class Slot(Struct, frozen=True, kw_only=True):
    id: str
    slug: str
    round: str
    is_meta: bool
    cost: int


class HuntShape:
    """The hunt's rounds, slots, gates and interactions by name."""

    def __init__(self, evidence: Evidence) -> None:
        self.rounds: list[Value] = evidence.hunt.get("rounds") or []
        self.titles = evidence.titles
        self.slots: dict[str, Slot] = {}
        self.gates: dict[str, str] = {}
        self.interactions: dict[str, str] = {}
        for round_ in self.rounds:
            self._read(round_)
        self.round_titles = {round_["slug"]: round_["title"] for round_ in self.rounds}

    def _read(self, round_: Value) -> None:
        for slot in round_.get("puzzles") or []:
            slug = slot.get("slug") or slot["id"]
            self.slots[slug] = Slot(
                id=slot["id"],
                slug=slug,
                round=round_["slug"],
                is_meta=slot.get("is_meta", False),
                cost=slot.get("unlock_cost", 1),
            )
        for gate in round_.get("gates") or []:
            self.gates[gate["id"]] = gate.get("title") or gate["id"]
        for interaction in round_.get("interactions") or []:
            self.interactions[interaction["id"]] = interaction["title"]

    def title(self, slug: str) -> Any:
        return self.titles.get(slug, ANYTHING) if slug in self.slots else slug


class Puzzle(Struct, kw_only=True):
    """What one team has reached on one puzzle; each time with the line that brought it."""

    visible: bool = False
    unlockable: bool = False
    unlocked: Line | None = None
    solved: Line | None = None
    partially_solved: bool = False
    stray: bool = False
    answer: str | None = None
    guesses: list[Value] = []
    wrong: list[str] = []
    hints: list[Value] = []

    @property
    def seen(self) -> bool:
        return self.visible or self.unlockable or self.unlocked is not None

    @property
    def lock(self) -> str:
        if self.unlocked is not None:
            return "unlocked"
        return "unlockable" if self.unlockable else "visible"

    @property
    def next_guess_at(self) -> str | None:
        if self.solved is not None or len(self.wrong) < 2:
            return None
        last = len(self.wrong) - 1
        waits = (_moment(at) + timedelta(minutes=(last - i) ** 2) for i, at in enumerate(self.wrong))
        return max(waits).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TeamFold:
    """One team, line by line. `lines` are those of the team and of all teams, in order."""

    def __init__(self, hunt: HuntShape, team_id: int) -> None:
        self.hunt = hunt
        self.team_id = team_id
        self.keys = self.clues = self.version = 0
        self.username = self.name = ""
        self.registered_at: str | None = None
        self.active = True
        self.rounds: set[str] = set()
        self.gates: dict[str, None] = {}
        self.interactions: dict[str, Value] = {}
        self.puzzles: dict[str, Puzzle] = {}

    def apply(self, line: Line) -> None:
        self.version += 1
        self.keys += line.keys
        self.clues += line.clues
        if line.type in NOT_OF_PUZZLES and line.slug is not None:
            self._reach(line, line.slug)
        elif line.slug is not None:
            self._play(line, self.puzzles.setdefault(line.slug, Puzzle()))
        else:
            self._account(line)

    def _account(self, line: Line) -> None:
        match line.type:
            case "team_registered":
                self.username, self.name = line.data["username"], line.data["name"]
                self.registered_at = line.timestamp
            case "team_renamed":
                self.name = line.data["name"]
            case "team_deactivated" | "team_reactivated":
                self.active = line.type == "team_reactivated"

    def _reach(self, line: Line, slug: str) -> None:
        match line.type:
            case "round_unlocked":
                self.rounds.add(slug)
            case "gate_completed":
                self.gates.setdefault(slug)
            case _:
                before = self.interactions.setdefault(slug, {"state": "unlocked"})
                if before["state"] == "completed":
                    return
                if line.type == "interaction_started":
                    before["state"] = "running"
                elif line.type == "interaction_completed":
                    before["state"] = "completed"
                    if line.data.get("result") is not None:
                        before["result"] = line.data["result"]

    def _play(self, line: Line, puzzle: Puzzle) -> None:
        match line.type:
            case "puzzle_visible":
                puzzle.visible = True
            case "puzzle_unlockable":
                puzzle.unlockable = True
            case "puzzle_unlocked" | "puzzle_solved":
                self._open(line, puzzle)
            case "puzzle_partially_solved":
                puzzle.partially_solved = True
            case "puzzle_guess_submitted":
                puzzle.guesses.append(guess_entry(line))
                if line.data["verdict"] == "incorrect":
                    puzzle.wrong.append(line.timestamp)
            case "rate_limits_reset":
                puzzle.wrong = []
            case "hint_requested":
                question = {"id": line.id, "question": line.data["question"], "at": line.timestamp}
                puzzle.hints.append({**question, "answer": None, "answered_at": None})
            case "hint_answered":
                for hint in puzzle.hints:
                    if hint["id"] == line.data["request"]:
                        hint |= {"answer": line.data["answer"], "answered_at": line.timestamp}

    def _open(self, line: Line, puzzle: Puzzle) -> None:
        slot = self.hunt.slots.get(line.slug or "")
        puzzle.stray = puzzle.stray or slot is None or slot.round not in self.rounds
        puzzle.unlocked = puzzle.unlocked or line
        if line.type == "puzzle_solved":
            puzzle.solved = puzzle.solved or line
            puzzle.answer = line.data["answer"] if puzzle.answer is None else puzzle.answer

    def sees(self, slug: str) -> bool:
        puzzle = self.puzzles.get(slug)
        return puzzle is not None and puzzle.seen

    def shows(self, line: Line) -> bool:
        """Whether the team may read this line, which was just applied."""
        return line.slug is None or line.type in NOT_OF_PUZZLES or self.sees(line.slug)


def guess_entry(line: Line) -> Value:
    """A guess as `guess_log` carries it."""
    return {
        "id": line.id,
        "canonical_input": line.data["canonical_input"],
        "verdict": line.data["verdict"],
        "response": line.data["response"],
        "link": line.data.get("link"),
        "timestamp": line.timestamp,
    }


def activity_entry(hunt: HuntShape, line: Line) -> Value:
    """A line as `activity_log` carries it, but for `href`."""
    value: Value = {
        "id": line.id,
        "timestamp": line.timestamp,
        "type": line.type,
        "currency_delta": line.keys,
        "strong_currency_delta": line.clues,
        "text": line.data.get("text", ANYTHING),
    }
    if line.slug is not None:
        value |= {"slug": line.slug, "title": _title(hunt, line, line.slug)}
    if line.type == "puzzle_guess_submitted":
        value |= {name: line.data[name] for name in ("canonical_input", "verdict", "response")}
    elif line.type in {"puzzle_solved", "puzzle_answer_bought"}:
        value["answer"] = line.data["answer"]
    return value


def _title(hunt: HuntShape, line: Line, slug: str) -> Any:
    if line.type == "round_unlocked":
        return hunt.round_titles.get(slug, slug)
    if line.type == "gate_completed":
        return hunt.gates.get(slug, slug)
    if line.type.startswith("interaction_"):
        return hunt.interactions.get(slug, slug)
    return hunt.title(slug)


class TeamLog:
    """What the growing datasets of a team hold in one history, in order of ids."""

    def __init__(self, hunt: HuntShape, team_id: int, lines: Iterable[Line]) -> None:
        self.lines = [line for line in lines if line.is_of(team_id)]
        self.activity: list[Value] = []
        self.guesses: dict[str, list[Value]] = {}
        self.hidden: set[int] = set()
        fold = TeamFold(hunt, team_id)
        for line in self.lines:
            fold.apply(line)
            if not fold.shows(line):
                self.hidden.add(line.id)
                continue
            self.activity.append(activity_entry(hunt, line))
        for line in self.lines:
            if line.type == "puzzle_guess_submitted" and line.slug is not None:
                self.guesses.setdefault(line.slug, []).append(guess_entry(line))

    def entries(self, dataset: str, slug: str) -> list[Value] | None:
        """All that a growing dataset has; None for one that is not folded here."""
        if dataset == "activity_log":
            return self.activity
        return self.guesses.get(slug, []) if dataset == "guess_log" else None


def without_epoch(value: Any) -> Any:
    return {name: item for name, item in value.items() if name != "epoch"} if isinstance(value, dict) else value


def same_entry(expected: Value, actual: Any) -> bool:
    return isinstance(actual, dict) and expected == {name: item for name, item in actual.items() if name != "href"}
