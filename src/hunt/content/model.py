"""What the authors wrote, as immutable structs.

Nothing here knows about teams, time or storage. A `Hunt` is made by `hunt.content.load` and replaced as a whole when
the folder changes.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from hunt.content.contact import Contact, contact_of
from hunt.content.spelling import folded

STRAY_LEADS = "stray_leads"
"""The name under which puzzles of a locked round are listed; no round may have it as its slug."""

STUB_ANSWER = "ANSWER"

ART_FILES = ("art.svg", "art.png", "art.jpg", "art.webp")
"""The names that a round's picture may have; the first that is there counts."""

STYLE_FILE = "style.css"


class SlotSolved(Struct, frozen=True):
    id: str


class SlotUnlocked(Struct, frozen=True):
    id: str


class PuzzlesSolved(Struct, frozen=True):
    n: int
    slots: tuple[str, ...] | None = None


class PuzzlesUnlocked(Struct, frozen=True):
    n: int
    slots: tuple[str, ...] | None = None


class InteractionCompleted(Struct, frozen=True):
    id: str


class GateSatisfied(Struct, frozen=True):
    id: str


class RoundUnlocked(Struct, frozen=True):
    slug: str


class After(Struct, frozen=True):
    """True from this moment (UTC) on."""

    at: datetime


class AnyOf(Struct, frozen=True):
    conditions: "tuple[Condition, ...]"


class AllOf(Struct, frozen=True):
    conditions: "tuple[Condition, ...]"


Condition = (
    SlotSolved
    | SlotUnlocked
    | PuzzlesSolved
    | PuzzlesUnlocked
    | InteractionCompleted
    | GateSatisfied
    | RoundUnlocked
    | After
    | AnyOf
    | AllOf
)
"""A monotone condition: once true for a team it stays true."""


class Slot(Struct, frozen=True, kw_only=True):
    """A place in a round that a puzzle fills. `slug` is always set after loading (the id for a stub without one)."""

    id: str
    slug: str = ""
    is_meta: bool = False
    prize: int | None = None
    unlock_cost: int = 1
    visible_if: Condition | None = None
    unlockable_if: Condition | None = None
    unlocked_if: Condition | None = None

    @property
    def earns(self) -> int:
        """The keys that its solve earns: `prize`, else 0 for a meta and 1 for any other."""
        if self.prize is not None:
            return self.prize
        return 0 if self.is_meta else 1


class Gate(Struct, frozen=True, kw_only=True):
    id: str
    title: str | None = None
    satisfied_if: Condition | None = None


class Interaction(Struct, frozen=True, kw_only=True):
    """Something done with people; `by` says who starts and completes it."""

    id: str
    title: str
    unlock_if: Condition
    by: Literal["hq", "team"] = "hq"


class RoundYaml(Struct, frozen=True, kw_only=True):
    """What `hunt.yaml` says of a round."""

    slug: str
    title: str
    unlock_if: Condition
    blurb: str = ""
    puzzles: tuple[Slot, ...] = ()
    gates: tuple[Gate, ...] = ()
    interactions: tuple[Interaction, ...] = ()


class Round(RoundYaml, frozen=True, kw_only=True):
    """A whole round; `html` is ready to serve, `assets` are files by the name under which they are served."""

    html: str = ""
    assets: dict[str, Path] = {}

    @property
    def art(self) -> str | None:
        """The file name of the round's picture, if it has one."""
        return next((name for name in ART_FILES if name in self.assets), None)

    @property
    def style(self) -> str | None:
        return STYLE_FILE if STYLE_FILE in self.assets else None


class Link(Struct, frozen=True):
    display: str
    href: str


class CannedResponse(Struct, frozen=True, kw_only=True):
    """A reply to guesses that are not the answer but deserve one. `guess` holds canonical texts, every spelling."""

    guess: tuple[str, ...]
    response: str
    link: Link | None = None


class PartialAnswer(Struct, frozen=True, kw_only=True):
    """A step on the way ("keep going"). With `prize` the team earns the puzzle's keys already here."""

    guess: tuple[str, ...]
    response: str
    prize: bool = False


class Hint(Struct, frozen=True, kw_only=True):
    about: str
    text: str


class PuzzleYaml(Struct, frozen=True, kw_only=True):
    """What `puzzle.yaml` says. `answers` are as shown to people, the first is *the* answer."""

    title: str
    answers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    canned_responses: tuple[CannedResponse, ...] = ()
    partial_answers: tuple[PartialAnswer, ...] = ()
    hints: tuple[Hint, ...] = ()
    answer_cost: int | None = None


class Puzzle(PuzzleYaml, frozen=True, kw_only=True):
    """A whole puzzle; `html` and `solution_html` are ready to serve."""

    slug: str
    answers: tuple[str, ...]
    html: str = ""
    assets: dict[str, Path] = {}
    solution_html: str = ""
    solution_assets: dict[str, Path] = {}
    is_stub: bool = False

    @property
    def version(self) -> str:
        """A short hash of what a solver reads, so that an open page notices a change."""
        return hashlib.sha256(f"{self.title}\0{self.html}".encode()).hexdigest()[:12]


class Page(Struct, frozen=True):
    name: str
    title: str
    html: str


class HuntYaml(Struct, frozen=True, kw_only=True):
    """What `hunt.yaml` says."""

    title: str
    rounds: tuple[RoundYaml, ...]
    subtitle: str = ""
    start: datetime | None = None
    end: datetime | None = None
    contact: str = ""
    accent: str | None = None
    registration: Literal["open", "closed"] = "open"
    solutions: Literal["released", "hidden"] = "hidden"
    exchange_rate: int = 1


class Hunt(HuntYaml, frozen=True, kw_only=True, dict=True):
    """A whole hunt. The cached properties are indexes over `rounds`, in file order."""

    rounds: tuple[Round, ...]
    root: Path
    puzzles: dict[str, Puzzle] = {}
    pages: dict[str, Page] = {}
    theme: dict[str, Path] = {}
    """The files of the theme by their path in it."""

    @cached_property
    def how_to_ask(self) -> Contact:
        """How teams reach the organisers, for every text that sends somebody to them."""
        return contact_of(self.contact)

    @cached_property
    def slots(self) -> dict[str, Slot]:
        """Every slot by id."""
        return {slot.id: slot for round_ in self.rounds for slot in round_.puzzles}

    @cached_property
    def slot_of(self) -> dict[str, Slot]:
        """Every slot by the slug of its puzzle."""
        return {slot.slug: slot for round_ in self.rounds for slot in round_.puzzles}

    @cached_property
    def round_of(self) -> dict[str, Round]:
        """The round of every puzzle, by the puzzle's slug."""
        return {slot.slug: round_ for round_ in self.rounds for slot in round_.puzzles}

    @cached_property
    def round(self) -> dict[str, Round]:
        return {round_.slug: round_ for round_ in self.rounds}

    @cached_property
    def gates(self) -> dict[str, Gate]:
        return {gate.id: gate for round_ in self.rounds for gate in round_.gates}

    @cached_property
    def interactions(self) -> dict[str, Interaction]:
        return {item.id: item for round_ in self.rounds for item in round_.interactions}

    @cached_property
    def _spellings(self) -> dict[str, dict[str, str]]:
        """By the segment of addresses that comes before it, each name by the form that all its spellings share."""
        kinds: dict[str, Iterable[str]] = {
            "puzzles": self.slot_of,
            "rounds": self.round,
            "pages": self.pages,
            "gates": self.gates,
            "interactions": self.interactions,
        }
        return {kind: {folded(name): name for name in names} for kind, names in kinds.items()}

    def spelled(self, kind: str, name: str) -> str:
        """A name of `puzzles`, `rounds`, `pages`, `gates` or `interactions` as the hunt spells it.

        What is no name of that kind is given back as it is.
        """
        return self._spellings[kind].get(folded(name), name)

    @cached_property
    def version(self) -> str:
        """A hash of everything that rules and pages depend on; files count by name, so it is the same everywhere."""
        encoded = msgspec.json.encode(self, enc_hook=lambda _path: "", order="deterministic")
        return hashlib.sha256(encoded).hexdigest()[:16]


def all_conditions(hunt: HuntYaml) -> Iterator[tuple[Condition, RoundYaml]]:
    """Every condition of a hunt, those within others too, each with the round that it is written in."""
    for round_ in hunt.rounds:
        outer: list[Condition | None] = [round_.unlock_if]
        outer += [item.unlock_if for item in round_.interactions]
        outer += [gate.satisfied_if for gate in round_.gates]
        for slot in round_.puzzles:
            outer += [slot.visible_if, slot.unlockable_if, slot.unlocked_if]
        for condition in outer:
            yield from ((part, round_) for part in _parts(condition))


def _parts(condition: Condition | None) -> Iterator[Condition]:
    if condition is not None:
        yield condition
    if isinstance(condition, AllOf | AnyOf):
        for inner in condition.conditions:
            yield from _parts(inner)
