"""What can go wrong, as far as a caller can do something about it."""

from redis.exceptions import RedisError

from hunt.log.source import LogAway


class Unreadable(Exception):
    """The replica cannot answer; read the log instead."""


class Away(Unreadable):
    """Redis does not answer, or not in time."""


class Behind(Unreadable):
    """The replica ends before the entry that was asked for."""

    def __init__(self, head: int, asked: int) -> None:
        super().__init__(f"The replica ends at entry {head}, before entry {asked}.")
        self.head = head


class TooFar(Unreadable):
    """More has come since than is read in one go. What lies between cannot be proven by the replica's head."""

    def __init__(self, head: int, asked: int) -> None:
        super().__init__(f"The replica stands at entry {head}, far beyond entry {asked}.")


class Gone(Unreadable):
    """The replica is missing or damaged."""


class RebuildFailed(Exception):
    """The replica was not rebuilt; the message says why."""


PASSING = (RedisError, LogAway)
"""What a background task survives: it tries again later."""
