"""Entries as rows, as JSON, and in their chain; against a second computation of the digest written from the docs."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunt.content.model import Link
from hunt.game import entries as e
from playing import KICKOFF, quick

text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)
numbers = st.integers(-(2**40), 2**40)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(text, part, max_size=3),
)
objects = st.none() | st.dictionaries(text, values, max_size=4)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware at once
entries = st.builds(
    e.Entry,
    id=st.integers(1, 2**40),
    team_id=st.none() | st.integers(1, 2**40),
    timestamp=moments,
    type=st.sampled_from(["puzzle_solved", "of_another_version"]) | text,
    slug=st.none() | text,
    currency_delta=numbers,
    strong_currency_delta=numbers,
    data=objects,
    internal_data=objects,
    digest=st.text("0123456789abcdef", min_size=64, max_size=64),
)

EVENTS: list[e.AnyEvent | e.PrizePaid] = [
    e.CurrencyAdjusted(),
    e.PrizePaid("s"),
    e.StrongCurrencyAdjusted(),
    e.StrongCurrencyExchanged(),
    e.RoundUnlocked("s"),
    e.PuzzleVisible("s"),
    e.PuzzleUnlockable("s"),
    e.PuzzleUnlocked("s"),
    e.GuessSubmitted("s", "A", "canned", "Hm.", Link("there", "/there")),
    e.GuessSubmitted("s", "A", "incorrect", "Incorrect."),
    e.PuzzlePartiallySolved("s", prize=True),
    e.PuzzlePartiallySolved("s"),
    e.PuzzleSolved("s", "A"),
    e.AnswerBought("s", "A"),
    e.InteractionUnlocked("i"),
    e.InteractionStarted("i"),
    e.InteractionCompleted("i", "won"),
    e.InteractionCompleted("i"),
    e.GateCompleted("g"),
    e.RateLimitsReset("s"),
    e.HintsUnlocked("s", 3),
    e.HintRequested("s", "why?"),
    e.HintAnswered("s", 5, "because"),
    e.ErratumIssued("s", "oops"),
    e.AnnouncementPublished("hello"),
    e.TeamRegistered("u", "U"),
    e.TeamRenamed("U2"),
    e.TeamDeactivated(),
    e.TeamReactivated(),
]


def sealed(event: e.AnyEvent | e.PrizePaid, id: int = 1, previous: str = e.GENESIS, team_id: int | None = 1) -> e.Entry:
    draft = e.Draft(team_id=team_id, event=event)
    return e.sealed(draft, id=id, timestamp=KICKOFF, previous=previous, internal_data=None)


def digest_by_the_docs(previous: str, row: dict[str, Any]) -> str:
    body = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}{body}".encode()).hexdigest()


def row_by_the_docs(entry: e.Entry) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in entry.__struct_fields__ if name != "digest"}
    return row | {"timestamp": entry.timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


@given(entries, st.text("0123456789abcdef", min_size=64, max_size=64))
@quick(150)
def test_a_digest_equals_the_one_that_the_docs_describe(entry: e.Entry, previous: str) -> None:
    assert e.digest_of(previous, entry) == digest_by_the_docs(previous, row_by_the_docs(entry))


@given(entries)
@quick(150)
def test_an_entry_survives_its_json(entry: e.Entry) -> None:
    body = e.encode_entry(entry)
    assert e.decode_entry(body) == entry
    assert e.decode_entry(body.encode()) == entry
    assert e.decode_entry(json.loads(body)) == entry
    assert json.loads(body) == row_by_the_docs(entry) | {"digest": entry.digest}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_being_an_entry(event: e.AnyEvent) -> None:
    entry = sealed(event)
    assert entry.type == type(event).__struct_config__.tag
    assert e.event_of(entry) == event
    assert e.event_of(e.decode_entry(e.encode_entry(entry))) == event


def test_every_type_of_the_docs_is_known() -> None:
    known = {sealed(event).type for event in EVENTS}
    assert known == {
        "currency_adjusted",
        "round_unlocked",
        "puzzle_visible",
        "puzzle_unlockable",
        "puzzle_unlocked",
        "puzzle_guess_submitted",
        "puzzle_partially_solved",
        "puzzle_solved",
        "puzzle_answer_bought",
        "interaction_unlocked",
        "interaction_started",
        "interaction_completed",
        "gate_completed",
        "rate_limits_reset",
        "strong_currency_adjusted",
        "strong_currency_exchanged",
        "hints_unlocked",
        "hint_requested",
        "hint_answered",
        "erratum_issued",
        "announcement_published",
        "team_registered",
        "team_renamed",
        "team_deactivated",
        "team_reactivated",
    }


@pytest.mark.parametrize(
    ("type", "slug", "data"),
    [
        ("of_another_version", "s", {"a": 1}),
        ("puzzle_solved", "s", {"answer": 5}),
        ("puzzle_solved", "s", None),
        ("puzzle_solved", None, {"answer": "A"}),
        ("puzzle_guess_submitted", "s", {"canonical_input": "A", "verdict": "maybe", "response": ""}),
        ("hint_answered", "s", {"request": "x", "answer": "A"}),
    ],
)
def test_an_unknown_type_or_shape_says_nothing_and_is_no_error(
    type: str, slug: str | None, data: dict[str, Any] | None
) -> None:
    entry = e.Entry(id=1, team_id=1, timestamp=KICKOFF, type=type, slug=slug, data=data)
    assert e.event_of(entry) is None
    assert e.decode_entry(e.encode_entry(entry)) == entry


def test_a_known_type_with_more_data_than_we_know_is_still_known() -> None:
    entry = e.Entry(
        id=1, team_id=1, timestamp=KICKOFF, type="puzzle_solved", slug="s", data={"answer": "A", "more": []}
    )
    assert e.event_of(entry) == e.PuzzleSolved("s", "A")


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"id": "one"}', "not json", b"\xff"])
def test_what_is_no_entry_is_refused(body: str | bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        e.decode_entry(body)


def test_a_time_is_written_in_one_way_and_read_back() -> None:
    moment = datetime(2026, 1, 16, 18, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert e.stamp(moment) == "2026-01-16T17:00:00.000005Z"
    assert e.parse_stamp(e.stamp(moment)) == moment
    assert e.parse_stamp("2026-01-16 17:00:00") == KICKOFF


def chain(length: int) -> list[e.Entry]:
    rows: list[e.Entry] = []
    for id in range(1, length + 1):
        rows.append(sealed(e.GateCompleted(f"g{id}"), id, rows[-1].digest if rows else e.GENESIS))
    return rows


def test_a_chain_holds_from_its_beginning_or_from_any_head() -> None:
    rows = chain(5)
    assert e.check_chain(0, e.GENESIS, rows) == (5, rows[-1].digest)
    assert e.check_chain(3, rows[2].digest, rows[3:]) == (5, rows[-1].digest)
    assert e.check_chain(5, rows[-1].digest, []) == (5, rows[-1].digest)


@pytest.mark.parametrize(
    "change", [{"slug": "other"}, {"team_id": None}, {"currency_delta": 1}, {"digest": "0" * 64}, {"internal_data": {}}]
)
def test_an_edited_entry_breaks_the_chain_at_its_id(change: dict[str, Any]) -> None:
    rows = chain(5)
    rows[2] = msgspec.structs.replace(rows[2], **change)
    with pytest.raises(e.BrokenChain) as broken:
        e.check_chain(0, e.GENESIS, rows)
    assert broken.value.id == 3


def test_a_missing_entry_breaks_the_chain_at_the_next() -> None:
    rows = chain(5)
    del rows[2]
    with pytest.raises(e.BrokenChain, match="entry 4 follows 2"):
        e.check_chain(0, e.GENESIS, rows)
