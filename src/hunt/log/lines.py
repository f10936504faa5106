"""Entries as they are passed on, as text: made from what SQL holds as text, and proven without being read.

A body is the canonical JSON of a row with its digest among the other keys. So without the piece that says the digest it
is the text over which the digest was computed.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hunt.game.entries import Entry, canonical_json, encode_entry, stamp

KNOWN_TEXTS = 4_096
"""Slugs and types whose JSON is remembered."""

_BEFORE_DIGEST, _AFTER_DIGEST = b'"digest":"', b'",'
_PIECE_BYTES = len(_BEFORE_DIGEST) + 64 + len(_AFTER_DIGEST)
_UTC_OFFSET = "+00:00"

_json_of_text = lru_cache(KNOWN_TEXTS)(canonical_json)


class Line(NamedTuple):
    """An entry as it is passed on: `body` is what `encode_entry` makes of it, in UTF-8. It has no line end."""

    id: int
    digest: str
    body: bytes


def line_of(entry: Entry) -> Line:
    return Line(entry.id, entry.digest, encode_entry(entry).encode())


def line_of_row(previous: str, row: Sequence[Any]) -> Line | None:
    """The line of a row of SQL, if the row's digest follows from `previous` and just this text; else None.

    `row`: the values of id, team_id, timestamp (as SQLite or as PostgreSQL has it), type, slug, currency_delta,
    strong_currency_delta, data, internal_data, digest.
    """
    id, team_id, moment, kind, slug, keys, clues, data, internal_data, digest = row
    team = "null" if team_id is None else team_id
    time = moment if isinstance(moment, str) else _stamp(moment)
    head = f'{{"currency_delta":{keys},"data":{"null" if data is None else data},'
    tail = (
        f'"id":{id},"internal_data":{"null" if internal_data is None else internal_data},'
        f'"slug":{_json_of_text(slug)},"strong_currency_delta":{clues},"team_id":{team},'
        f'"timestamp":"{time}","type":{_json_of_text(kind)}}}'
    )
    if hashlib.sha256(f"{previous}{head}{tail}".encode()).hexdigest() != digest:
        return None
    body = f'{head}"digest":"{digest}",{tail}'
    return None if "\n" in body else Line(id, digest, body.encode())


def digest_in(previous: str, id: int, body: bytes) -> str | None:
    """The digest that `body` says, if it is proven by nothing but the text: it then is the body of entry `id`.

    None says nothing: perhaps the text is in another form, or holds the same words twice. Then read the entry.
    """
    anchor = b'"id":%d,"internal_data":' % id
    at = body.find(anchor)
    start = at - _PIECE_BYTES
    # At the only place where the words stand at all: a piece that was moved into a value stands before none.
    if start < 0 or body.find(anchor, at + 1) >= 0 or not body.startswith(_BEFORE_DIGEST, start):
        return None
    hashed = hashlib.sha256(previous.encode())
    hashed.update(body[:start])
    hashed.update(body[at:])
    digest = hashed.hexdigest()
    said = body[start + len(_BEFORE_DIGEST) : at]
    return digest if said == digest.encode() + _AFTER_DIGEST else None


def _stamp(moment: datetime) -> str:
    """What `stamp` gives, sooner where the time is in UTC already."""
    text = moment.isoformat(timespec="microseconds")
    return f"{text.removesuffix(_UTC_OFFSET)}Z" if text.endswith(_UTC_OFFSET) else stamp(moment)
