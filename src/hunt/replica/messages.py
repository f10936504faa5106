"""Messages of a stream: their ids and bodies, checked as far as that needs no log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from hunt.game.entries import DEEPEST, NOT_READABLE, Entry, decode_entry, stamp
from hunt.replica import keys

RawMessages = Sequence[tuple[bytes, Mapping[bytes, bytes] | None]]
"""What XRANGE gives; None for a message in which a field stands twice, for the mapping would hide one of them."""

_ANSWER = list[tuple[bytes, list[bytes]]]

Message = tuple[int, bytes]
"""The entry's id and the JSON of the entry."""


class BadMessage(Exception):
    """A message that this room has not written."""


def raw_messages(response: Any, **_options: Any) -> RawMessages:
    """What Redis answers to XRANGE, as this room's clients give it; ValueError for an answer of another form."""
    return [(id, _mapping(fields)) for id, fields in msgspec.convert(response, _ANSWER)]


def _mapping(fields: Sequence[bytes]) -> Mapping[bytes, bytes] | None:
    found = dict(zip(fields[::2], fields[1::2], strict=True))
    return found if 2 * len(found) == len(fields) else None


def parse(raw: RawMessages) -> list[Message]:
    """What XRANGE or XREAD gave as messages; BadMessage for one of another form."""
    return [(_entry_id(id), _body(id, fields)) for id, fields in raw]


def _entry_id(id: bytes) -> int:
    time, _, number = id.partition(b"-")
    if time != b"0" or not number.isdigit():
        raise BadMessage(f"Message {id!r} has an id that is no entry's.")
    return int(number)


def _body(id: bytes, fields: Mapping[bytes, bytes] | None) -> bytes:
    if not fields or fields.keys() != {keys.FIELD}:
        raise BadMessage(f"Message {id!r} does not have the one field that an entry has.")
    return fields[keys.FIELD]


def decode(message: Message) -> Entry:
    """The entry in a message; BadMessage when it is none or has another id than the message."""
    id, body = message
    try:
        entry = decode_entry(body)
        stamp(entry.timestamp)  # a time may be valid and yet in no year that UTC has
    except NOT_READABLE as error:
        raise BadMessage(f"Message 0-{id} does not hold an entry.") from error
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth([entry.data, entry.internal_data]) > DEEPEST:
        raise BadMessage(f"Message 0-{id} holds lists or objects too deep within each other.")
    if entry.id != id:
        raise BadMessage(f"Message 0-{id} holds the entry {entry.id}.")
    return entry


def _depth(value: Any) -> int:
    """How deep lists and objects are within each other."""
    level, depth = [value], 0
    while level := [inner for outer in level for inner in _inner(outer)]:
        depth += 1
    return depth


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def decode_dense(after: int, messages: Iterable[Message]) -> list[Entry]:
    """The entries after + 1, after + 2, …; BadMessage for a hole or anything that is no entry."""
    entries: list[Entry] = []
    for expected, message in enumerate(messages, after + 1):
        if message[0] != expected:
            raise BadMessage(f"Message 0-{message[0]} stands where 0-{expected} belongs.")
        entries.append(decode(message))
    return entries
