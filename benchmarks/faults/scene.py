"""What faults may touch, and the list of them."""

import random
from collections.abc import Awaitable, Callable

from msgspec import Struct

from benchmarks.faults.backups import Backups
from benchmarks.faults.cluster import Cluster
from benchmarks.faults.evidence import Restore
from benchmarks.faults.listeners import Audience
from benchmarks.faults.truth import Log, Mirror

STRIKE_SECONDS = 5.0
"""How long a fault waits for the traffic that it is to hit."""

GROWTH_SECONDS = 30.0
"""Within so long the log has grown by that, or there is a stream; other faults may be in the way."""


class NothingToHit(Exception):
    """What the fault is about is not there; the message says what."""


class Scene(Struct, kw_only=True):
    """What faults may touch."""

    cluster: Cluster
    log: Log
    backups: Backups
    mirror: Mirror
    audience: Audience
    restores: list[Restore]
    pause_seconds: float = 10.0
    """How long Redis stands still."""


Injector = Callable[[Scene, random.Random], Awaitable[str]]

INJECTORS: dict[str, Injector] = {}
"""Every kind of fault."""

WRITES_REDIS: set[str] = set()
"""The kinds that change what Redis holds."""


def fault(injector: Injector) -> Injector:
    INJECTORS[injector.__name__] = injector
    return injector


def tampering(injector: Injector) -> Injector:
    """A fault that changes what Redis holds."""
    WRITES_REDIS.add(injector.__name__)
    return fault(injector)
