"""Entries as they are passed on, as text, which is proven without being read.

A body is the canonical JSON of a row with its digest among the other keys. So without the piece that says the digest it
is the text over which the digest was computed.
"""

import hashlib
from typing import NamedTuple

from hunt.game.entries import Entry, encode_entry

_BEFORE_DIGEST, _AFTER_DIGEST = b'"digest":"', b'",'
_PIECE_BYTES = len(_BEFORE_DIGEST) + 64 + len(_AFTER_DIGEST)

LINE_END = b"\n"
"""Stands in no body: canonical JSON has it escaped."""


class Line(NamedTuple):
    """An entry as it is passed on: `body` is what `encode_entry` makes of it, in UTF-8."""

    id: int
    digest: str
    body: bytes


def line_of(entry: Entry) -> Line:
    return Line(entry.id, entry.digest, encode_entry(entry).encode())


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
