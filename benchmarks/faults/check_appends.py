"""Frames of datasets that grow: each must hold exactly what the dataset has between the one before and its own id."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from benchmarks.faults.check_values import Values
from benchmarks.faults.fold import Value, same_entry
from benchmarks.faults.histories import Histories, History
from benchmarks.faults.subscriptions import Held, Subscription

Add = Callable[[str, str], None]
"""Takes down a finding: (name, what was seen)."""


class Appends:
    """Judges the frames of one listener."""

    def __init__(self, histories: Histories, values: Values, add: Add) -> None:
        self._histories = histories
        self._values = values
        self._add = add

    def append(self, subscription: Subscription, frame: Value) -> None:
        held, prev, id = subscription.held, frame["prev"], frame["id"]
        told = f"{held.name}, frame {prev} to {id}"
        if prev != subscription.cursor:
            name = "gap_in_frames" if prev > subscription.cursor else "overlapping_frames"
            self._add(name, f"{told}, where the client stood at {subscription.cursor}")
            subscription.blame()
            return
        history = self._history(subscription, frame, told)
        if history is None:
            subscription.blame()
        elif not self._is_whole(held, history, frame):
            self._blame(held, history, frame, told)
        held.entries += [entry for entry in frame["entries"] if isinstance(entry, dict) and "id" in entry]
        subscription.advance(id, frame["mac"])

    def head(self, subscription: Subscription, frame: Value) -> None:
        """`head` says that there is nothing more up to its id."""
        held, told = subscription.held, f"{subscription.held.name}, head {frame['id']}"
        whole = {"prev": subscription.cursor, "id": frame["id"], "mac": frame["mac"], "entries": []}
        history = self._history(subscription, whole, told)
        if history is None:
            subscription.blame()
            return
        if not self._is_whole(held, history, whole):
            self._blame(held, history, whole, told)
        subscription.advance(frame["id"], frame["mac"])

    def end(self, held: Held) -> None:
        """What the client has gathered is all that there is."""
        if held.is_blamed:
            return
        right = self._entries(held, self._histories.final, held.base, self._histories.final.head)
        if len(right) != len(held.entries) or not all(map(same_entry, right, held.entries)):
            have = [entry["id"] for entry in held.entries]
            want = [entry["id"] for entry in right]
            odd = sorted(set(have) ^ set(want))[:5]
            self._add(
                "not_converged",
                f"{held.name} ends with {len(have)} entries instead of {len(want)}; see {odd or want[-1:]}",
            )

    def _history(self, subscription: Subscription, frame: Value, told: str) -> History | None:
        """The history that the frame is of, when the client's piece is of it too."""
        cursor, id = subscription.cursor, frame["id"]
        histories = self._histories.with_mac(id, frame["mac"])
        if not histories:
            self._add("phantom", f"{told}: the log never had the mac {frame['mac']} there")
            return None
        fitting = [history for history in histories if not cursor or history.mac(cursor) == subscription.mac]
        if not fitting:
            self._add("skipped_reset", f"{told}: the client's piece up to {cursor} is of another history")
            return None
        if id < cursor:
            self._add("cursor_went_back", f"{told}, where the client stood at {cursor}")
            return None
        return fitting[-1]

    def _entries(self, held: Held, history: History, after: int, upto: int) -> list[Value]:
        entries = self._values.log(held.team_id, history).entries(held.dataset, held.slug) or []
        return entries[bisect_right(entries, after, key=_id) : bisect_right(entries, upto, key=_id)]

    def _is_whole(self, held: Held, history: History, frame: Value) -> bool:
        right = self._entries(held, history, frame["prev"], frame["id"])
        return len(right) == len(frame["entries"]) and all(map(same_entry, right, frame["entries"]))

    def _blame(self, held: Held, history: History, frame: Value, told: str) -> None:
        """Names what is wrong with a frame."""
        held.is_blamed = True
        right = {entry["id"]: entry for entry in self._entries(held, history, frame["prev"], frame["id"])}
        last, seen = frame["prev"], set[int]()
        for entry in frame["entries"]:
            id = entry.get("id") if isinstance(entry, dict) else None
            if not isinstance(id, int):
                self._add("missing_field", f"{told}: an entry without an id: {entry}")
                continue
            if id in seen or id <= frame["prev"]:
                self._add("seen_twice", f"{told}: entry {id}")
            elif id in right and id < last:
                self._add("unordered", f"{told}: entry {id} after {last}")
            elif id not in right:
                self._add(self._stranger(held, history, id), f"{told}: {entry}")
            elif not same_entry(right[id], entry):
                self._add("wrong_entry", f"{told}: {entry} instead of {right[id]}")
            seen.add(id)
            last = max(last, id)
        for id in right.keys() - seen:
            self._add("lost_entry", f"{told}: entry {id} is not in it")

    def _stranger(self, held: Held, history: History, id: int) -> str:
        """What an entry is that does not belong into the frame."""
        if not 0 < id <= history.head:
            return "phantom"
        if history.lines[id - 1].team_id not in {None, held.team_id}:
            return "foreign_entry"
        return "locked_entry" if id in self._values.log(held.team_id, history).hidden else "wrong_entry"


def _id(entry: Any) -> int:
    id: int = entry["id"]
    return id
