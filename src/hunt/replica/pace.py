"""How much is done at once, for a Redis of its own and for one that lives in this process."""

from msgspec import Struct


class Pace(Struct, frozen=True):
    """`collect_seconds`: for which entries are collected before they are published; `batch`: entries a script call;
    `rest_seconds`: after a call of a long job, in which others run.
    """

    collect_seconds: float
    batch: int
    rest_seconds: float


SERVER = Pace(collect_seconds=0.0, batch=512, rest_seconds=0.0)

IN_PROCESS = Pace(collect_seconds=0.05, batch=64, rest_seconds=0.003)
"""fakeredis costs about 250 µs a script call and 40 µs an entry, on the event loop that serves the pages."""


def pace_of(url: str) -> Pace:
    """The pace for the Redis at `url`."""
    return IN_PROCESS if url.startswith("fake://") else SERVER
