"""What to do about a replica, given what it says of itself and what the log says."""

from typing import Literal

from msgspec import Struct

from hunt.replica.scripts import Inspection


class Finding(Struct, frozen=True):
    action: Literal["fill", "rebuild"]
    reason: str
    gen: str
    """The replica's that was looked at."""
    foreign: bool = False
    """Whether that may be the replica of another log, kept by others."""


def diagnose(replica: Inspection, head: int, digest_there: str | None) -> Finding | None:
    """None for a replica that is as it should be.

    `head` is the log's, `digest_there` the log's digest at the replica's head. Both must have been read after the
    replica: then a replica that is ahead of the log holds another history, and is not just newer.
    """
    gen = replica.gen
    if replica.damage:
        return Finding("rebuild", replica.damage, gen, foreign=bool(replica.oddity))
    if digest_there is None:
        reason = f"The replica stood at entry {replica.head}, which the log does not have."
        return Finding("rebuild", reason, gen, foreign=True)
    if digest_there != replica.digest:
        return Finding("rebuild", f"The replica held another entry {replica.head} than the log.", gen, foreign=True)
    if replica.head < head:
        return Finding("fill", f"The replica ended at entry {replica.head}, the log at {head}.", gen)
    return None
