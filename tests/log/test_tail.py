"""The committed log as one process holds it."""

from collections.abc import Sequence

import pytest

from hunt.game.entries import GENESIS, Draft, Entry, GateCompleted, sealed
from hunt.log.tail import RING_ENTRIES, Gap, Tail
from playing import KICKOFF
from stores import HUNT


def chain(length: int, gate: str = "g", after: Sequence[Entry] = ()) -> list[Entry]:
    rows = list(after)
    for id in range(len(rows) + 1, length + 1):
        draft = Draft(team_id=1, event=GateCompleted(gate))
        previous = rows[-1].digest if rows else GENESIS
        rows.append(sealed(draft, id=id, timestamp=KICKOFF, previous=previous, internal_data=None))
    return rows


def test_a_tail_takes_entries_in_order_and_tells_its_listeners_once() -> None:
    rows = chain(7)
    tail = Tail(HUNT)
    heard: list[list[int]] = []
    tail.listeners.append(lambda entries: heard.append([entry.id for entry in entries]))
    tail.accept(rows[:2], GENESIS)
    tail.accept(rows[:4], GENESIS)
    tail.accept(rows[1:3], rows[0].digest)
    with pytest.raises(Gap):
        tail.accept([rows[4], rows[6]], rows[3].digest)
    with pytest.raises(Gap) as gap:
        tail.accept(rows[5:], rows[4].digest)
    assert (gap.value.head, gap.value.got) == (4, 6)
    assert heard == [[1, 2], [3, 4]]
    assert tail.between(1, 3) == rows[1:3]
    assert tail.between(0, 99) == rows[:4]
    assert tail.between(4, 4) == []
    assert [tail.digest_at(id) for id in (0, 1, 4, 5)] == [None, rows[0].digest, rows[3].digest, None]


def test_two_histories_are_never_joined() -> None:
    rows = chain(6)
    other = chain(6, "another", after=rows[:2])
    tail = Tail(HUNT)
    tail.accept(other[:4], GENESIS)
    with pytest.raises(Gap):
        tail.accept(rows[2:6], rows[1].digest)
    with pytest.raises(Gap):
        tail.accept(rows[4:6], rows[3].digest)
    assert tail.digest == other[3].digest
    tail.accept(other[2:], other[1].digest)
    assert tail.digest == other[5].digest


def test_only_the_newest_entries_are_kept() -> None:
    rows = chain(RING_ENTRIES + 10)
    tail = Tail(HUNT)
    tail.accept(rows, GENESIS)
    assert tail.between(5, 20) is None
    assert tail.between(9, 20) is None
    assert tail.between(10, 20) == rows[10:20]
    assert tail.digest_at(10) is None
    assert tail.digest_at(11) == rows[10].digest
    assert len(tail.ring) == RING_ENTRIES
