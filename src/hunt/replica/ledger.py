"""What the log is known to hold for a team, small enough to keep: an id and a hash for each entry.

A team's stream has no digest chain of its own, for the entries between belong to other teams. So a process remembers
what it has read from the log, 16 bytes an entry, and believes a stream only where it says the same.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence

from hunt.replica.messages import Message

LEDGER_ENTRIES = 500_000
"""Over all teams of a process: 8 MB. Beyond it the teams that were not asked for the longest are forgotten."""

NO_STREAM = -1
"""The score of a team that has none."""


class Ledger:
    """One team's entries up to the global id `upto`; `score`: up to where the team's stream went when last seen.

    `has_own`: entries of the team's own are among them, not just those of all teams.
    """

    def __init__(self) -> None:
        self.upto = 0
        self.has_own = False
        self.score = NO_STREAM
        self._ids = array("q")
        self._hashes = array("q")

    def __len__(self) -> int:
        return len(self._ids)

    def learn(self, messages: Sequence[Message], upto: int) -> None:
        """Takes `messages`, read from the log, as all that the team has up to `upto`; known ones are skipped."""
        for id, body in messages:
            if id > self.upto:
                self._ids.append(id)
                self._hashes.append(hash(body))
        self.upto = max(self.upto, upto)

    def count_to(self, id: int) -> int:
        """How many entries the team has up to the global `id`, which must not be above `upto`."""
        return bisect_right(self._ids, id)

    def before_last(self, limit: int, upto: int) -> int:
        """The id after which the team has its last `limit` entries up to `upto`, as far as is known; 0: all of them."""
        before = self.count_to(upto) - limit
        return self._ids[before - 1] if before > 0 else 0

    def confirms(self, after: int, upto: int, limit: int, messages: Sequence[Message]) -> bool:
        """Whether `messages` are exactly the first `limit` entries in (after, upto]."""
        start = self.count_to(after)
        end = min(self.count_to(upto), start + limit)
        if len(messages) != end - start:
            return False
        known = zip(self._ids[start:end], self._hashes[start:end], strict=True)
        return list(known) == [(id, hash(body)) for id, body in messages]


class Ledgers:
    """The ledgers of the teams that were asked for last."""

    def __init__(self, limit: int = LEDGER_ENTRIES) -> None:
        self._limit = limit
        self._ledgers: OrderedDict[int, Ledger] = OrderedDict()

    def get(self, team_id: int) -> Ledger:
        """The team's ledger, a new one when there is none."""
        ledger = self._ledgers.setdefault(team_id, Ledger())
        self._ledgers.move_to_end(team_id)
        return ledger

    def trim(self) -> None:
        """Forgets teams until the limit holds; never the one asked for last."""
        held = sum(map(len, self._ledgers.values()))
        while held > self._limit and len(self._ledgers) > 1:
            held -= len(self._ledgers.popitem(last=False)[1])

    def clear(self) -> None:
        self._ledgers.clear()
