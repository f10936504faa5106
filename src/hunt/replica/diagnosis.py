"""What to do about a replica, given what it says of itself and what the log says."""

from typing import Literal

from msgspec import Struct

from hunt.replica.scripts import Inspection

Action = Literal["fill", "rebuild"]


class Finding(Struct, frozen=True):
    action: Action
    reason: str
    gen: str
    """The replica's that was looked at."""


def diagnose(replica: Inspection, head: int, digest_there: str | None) -> Finding | None:
    """None for a replica that is as it should be.

    `head` is the log's, `digest_there` the log's digest at the replica's head. Both must have been read after the
    replica: then a replica that is ahead of the log holds another history, and is not just newer.
    """
    action, reason = _judge(replica, head, digest_there)
    return Finding(action, reason, replica.gen) if action else None


def _judge(replica: Inspection, head: int, digest_there: str | None) -> tuple[Action | None, str]:
    if replica.damage:
        return "rebuild", replica.damage
    if digest_there is None:
        return "rebuild", f"The replica stood at entry {replica.head}, which the log does not have."
    if digest_there != replica.digest:
        return "rebuild", f"The replica held another entry {replica.head} than the log."
    if replica.head < head:
        return "fill", f"The replica ended at entry {replica.head}, the log at {head}."
    return None, ""
