"""The Redis replica of the activity log."""

from hunt.replica.connection import blocking, connect
from hunt.replica.derived import Derived
from hunt.replica.errors import Away, Behind, Gone, RebuildFailed, Unreadable
from hunt.replica.pace import pace_of
from hunt.replica.replica import Replica
from hunt.replica.status import Counters, Status

__all__ = [
    "Away",
    "Behind",
    "Counters",
    "Derived",
    "Gone",
    "RebuildFailed",
    "Replica",
    "Status",
    "Unreadable",
    "blocking",
    "connect",
    "pace_of",
]
