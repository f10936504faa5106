"""What may stand in `hunt.yaml` and `puzzle.yaml`, where that differs from the structs in `model`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from hunt.content.model import CannedResponse, Condition, Gate, Hint, Interaction, PartialAnswer, Slot


class RoundShape(Struct, frozen=True, kw_only=True):
    slug: str
    title: str
    unlock_if: Condition
    blurb: str = ""
    puzzles: tuple[Slot, ...] = ()
    gates: tuple[Gate, ...] = ()
    interactions: tuple[Interaction, ...] = ()


class HuntShape(Struct, frozen=True, kw_only=True):
    title: str
    rounds: tuple[RoundShape, ...]
    subtitle: str = ""
    start: datetime | None = None
    end: datetime | None = None
    accent: str | None = None
    registration: Literal["open", "closed"] = "open"
    solutions: Literal["released", "hidden"] = "hidden"
    exchange_rate: int = 1


class PuzzleShape(Struct, frozen=True, kw_only=True):
    title: str
    answer: str | None = None
    answers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    answer_cost: int | None = None
    canned_responses: tuple[CannedResponse, ...] = ()
    partial_answers: tuple[PartialAnswer, ...] = ()
    hints: tuple[Hint, ...] = ()
