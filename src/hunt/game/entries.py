"""The activity log's entries, what they mean, and the digest chain that binds them.

An `Entry` is a row exactly as stored. An `Event` is what a row of a known type says. A row of an unknown type, or with
data of another shape, was written by a newer version: it is kept and shown, and its two deltas still count.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct

from hunt.content.model import Link

GENESIS = "0" * 64
"""The digest before the first entry."""

InternalData = dict[str, Any] | None
"""What operators may see of an entry: who did it, and by which request."""

Verdict = Literal["correct", "incorrect", "partial", "canned"]


class Event(Struct, frozen=True, tag_field="type", omit_defaults=True):
    """What an entry says. Fields other than `slug` are the entry's `data`."""


class CurrencyAdjusted(Event, frozen=True, tag="currency_adjusted"):
    pass


class PrizePaid(Event, frozen=True, tag="currency_adjusted"):
    """A `currency_adjusted` that names a puzzle: the keys for a solve that was written for all teams at once."""

    slug: str


class StrongCurrencyAdjusted(Event, frozen=True, tag="strong_currency_adjusted"):
    pass


class StrongCurrencyExchanged(Event, frozen=True, tag="strong_currency_exchanged"):
    pass


class RoundUnlocked(Event, frozen=True, tag="round_unlocked"):
    slug: str


class PuzzleVisible(Event, frozen=True, tag="puzzle_visible"):
    slug: str


class PuzzleUnlockable(Event, frozen=True, tag="puzzle_unlockable"):
    slug: str


class PuzzleUnlocked(Event, frozen=True, tag="puzzle_unlocked"):
    slug: str


class GuessSubmitted(Event, frozen=True, tag="puzzle_guess_submitted"):
    """`typed` is the guess as the team typed it; empty where that is `canonical_input`, and in old entries."""

    slug: str
    canonical_input: str
    verdict: Verdict
    response: str
    link: Link | None = None
    typed: str = ""


class PuzzlePartiallySolved(Event, frozen=True, tag="puzzle_partially_solved"):
    """`prize` says that the puzzle's keys were earned here and will not be on the solve."""

    slug: str
    prize: bool = False


class PuzzleSolved(Event, frozen=True, tag="puzzle_solved"):
    slug: str
    answer: str


class AnswerBought(Event, frozen=True, tag="puzzle_answer_bought"):
    slug: str
    answer: str


class InteractionUnlocked(Event, frozen=True, tag="interaction_unlocked"):
    slug: str


class InteractionStarted(Event, frozen=True, tag="interaction_started"):
    slug: str


class InteractionCompleted(Event, frozen=True, tag="interaction_completed"):
    slug: str
    result: str | None = None


class GateCompleted(Event, frozen=True, tag="gate_completed"):
    slug: str


class RateLimitsReset(Event, frozen=True, tag="rate_limits_reset"):
    slug: str


class HintsUnlocked(Event, frozen=True, tag="hints_unlocked"):
    """Hints may be asked for on this puzzle, from `after_hours` hours after the team unlocked it."""

    slug: str
    after_hours: int = 0


class HintRequested(Event, frozen=True, tag="hint_requested"):
    slug: str
    question: str


class HintAnswered(Event, frozen=True, tag="hint_answered"):
    """`request` is the id of the entry that asked."""

    slug: str
    request: int
    answer: str


class ErratumIssued(Event, frozen=True, tag="erratum_issued"):
    slug: str
    text: str


class AnnouncementPublished(Event, frozen=True, tag="announcement_published"):
    text: str


class TeamRegistered(Event, frozen=True, tag="team_registered"):
    username: str
    name: str


class TeamRenamed(Event, frozen=True, tag="team_renamed"):
    """A team has another name; another user name too where what identifies people was erased."""

    name: str
    username: str | None = None


class TeamDeactivated(Event, frozen=True, tag="team_deactivated"):
    pass


class TeamReactivated(Event, frozen=True, tag="team_reactivated"):
    pass


AnyEvent = (
    CurrencyAdjusted
    | StrongCurrencyAdjusted
    | StrongCurrencyExchanged
    | RoundUnlocked
    | PuzzleVisible
    | PuzzleUnlockable
    | PuzzleUnlocked
    | GuessSubmitted
    | PuzzlePartiallySolved
    | PuzzleSolved
    | AnswerBought
    | InteractionUnlocked
    | InteractionStarted
    | InteractionCompleted
    | GateCompleted
    | RateLimitsReset
    | HintsUnlocked
    | HintRequested
    | HintAnswered
    | ErratumIssued
    | AnnouncementPublished
    | TeamRegistered
    | TeamRenamed
    | TeamDeactivated
    | TeamReactivated
)


# Looked up by name: converting to the union itself would make msgspec analyse its 25 members at every call.
_event_types: dict[str, type[AnyEvent | PrizePaid]] = {cls.__struct_config__.tag: cls for cls in get_args(AnyEvent)}


class Entry(Struct, frozen=True, kw_only=True):
    """One row of the log. `timestamp` is UTC with microseconds; `digest` is lower-case hex."""

    id: int
    team_id: int | None
    timestamp: datetime
    type: str
    slug: str | None = None
    currency_delta: int = 0
    strong_currency_delta: int = 0
    data: dict[str, Any] | None = None
    internal_data: InternalData = None
    digest: str = ""


class Draft(Struct, frozen=True, kw_only=True):
    """What a command wants to append; the writer adds id, time and digest."""

    team_id: int | None
    event: "AnyEvent | PrizePaid"
    currency_delta: int = 0
    strong_currency_delta: int = 0


def event_of(entry: Entry) -> "AnyEvent | PrizePaid | None":
    """What the entry says, or None for a type or a shape that this version does not know."""
    event_type = _event_types.get(entry.type)
    if event_type is None:
        return None
    if event_type is CurrencyAdjusted and entry.slug is not None:
        event_type = PrizePaid
    fields: dict[str, Any] = dict(entry.data or {})
    if entry.slug is not None:
        fields["slug"] = entry.slug
    try:
        return msgspec.convert(fields, event_type)
    except msgspec.ValidationError:
        return None


def stamp(moment: datetime) -> str:
    """The one way a time is written: `2026-01-16T17:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_stamp(text: str) -> datetime:
    """The inverse of `stamp`; ValueError for anything that is not a time."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def canonical_json(value: object) -> str:
    """The one way in which JSON is written where its bytes count: sorted keys, no spaces, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _row(entry: Entry) -> dict[str, Any]:
    row = msgspec.structs.asdict(entry)
    del row["digest"]
    row["timestamp"] = stamp(entry.timestamp)
    return row


def digest_of(previous: str, entry: Entry) -> str:
    """The entry's digest: SHA-256 over the previous one and the row's canonical JSON (see docs/data.md)."""
    return hashlib.sha256((previous + canonical_json(_row(entry))).encode()).hexdigest()


def encode_entry(entry: Entry) -> str:
    """The row as the JSON that the stream, the log API and an export carry."""
    return canonical_json({**_row(entry), "digest": entry.digest})


DEEPEST = 100
"""Lists and objects within each other; an entry has three. What is much deeper cannot be written as JSON again."""

NOT_READABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)
"""What decoding and `stamp` raise for texts that nobody here has written."""


def decode_entry(body: str | bytes | Mapping[str, Any]) -> Entry:
    """The inverse of `encode_entry`; one of NOT_READABLE for anything else, a year that UTC does not have excepted."""
    if isinstance(body, Mapping):
        return msgspec.convert(body, Entry)
    return _decoder.decode(body)


_decoder = msgspec.json.Decoder(Entry)


class BrokenChain(Exception):
    """The entry `id` does not follow from what stands before it."""

    def __init__(self, id: int, reason: str) -> None:
        super().__init__(f"entry {id} {reason}")
        self.id = id


def check_chain(head: int, digest: str, entries: Iterable[Entry]) -> tuple[int, str]:
    """The new head and digest after `entries`, each recomputed; BrokenChain at the first that does not fit."""
    for entry in entries:
        if entry.id != head + 1:
            raise BrokenChain(entry.id, f"follows {head}: ids must be dense")
        if entry.digest != digest_of(digest, entry):
            raise BrokenChain(entry.id, "has a digest that does not follow from its content and the entry before it")
        head, digest = entry.id, entry.digest
    return head, digest


def sealed(draft: Draft, *, id: int, timestamp: datetime, previous: str, internal_data: InternalData) -> Entry:
    """The draft as a complete entry that follows the one with digest `previous`."""
    fields = msgspec.to_builtins(draft.event)
    kind = fields.pop("type")
    slug = fields.pop("slug", None)
    entry = Entry(
        id=id,
        team_id=draft.team_id,
        timestamp=timestamp,
        type=kind,
        slug=slug,
        currency_delta=draft.currency_delta,
        strong_currency_delta=draft.strong_currency_delta,
        data=fields or None,
        internal_data=internal_data,
    )
    return msgspec.structs.replace(entry, digest=digest_of(previous, entry))
