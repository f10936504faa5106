"""How much is done at once, for a Redis of its own and for one that lives in this process."""

from msgspec import Struct


class Pace(Struct, frozen=True):
    """`interval`: seconds to collect entries before publishing; `batch`: entries a script call; `rest`: seconds after a
    call of a long job, in which others run.
    """

    interval: float
    batch: int
    rest: float


_SERVER_BATCH = 512
_FAKE_BATCH = 64
_FAKE_REST_SECONDS = 0.003


def pace_of(publish_interval: float) -> Pace:
    """Waiting to publish is for a Redis inside this process, which must not hold the event loop either."""
    if publish_interval > 0:
        return Pace(publish_interval, _FAKE_BATCH, _FAKE_REST_SECONDS)
    return Pace(0.0, _SERVER_BATCH, 0.0)
