"""Everything that would be different in a second run: time, chance and the order of sets; and limits made small.

The limits are the real ones made so small that a log of a few hundred entries meets them.
"""

import importlib
import logging
from collections.abc import Callable, Iterator, MutableSet
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

import structlog

from benchmarks.faults.model.loop import VirtualLoop

T = TypeVar("T")

LIMITS: dict[str, dict[str, int | float]] = {
    "hunt.log.tail": {"RING_ENTRIES": 24},
    "hunt.log.history": {"RING_ENTRIES": 24, "PAGE_ENTRIES": 16},
    "hunt.live.history": {"PAGE_ENTRIES": 8},
    "hunt.live.connection": {"SLOW_SECONDS": 3.0, "HEAD_SECONDS": 2.5},
    "hunt.live.feed": {"STREAM_ENTRIES": 16},
    "hunt.live.protocol": {"MAX_FRAME_BYTES": 4096},
    "hunt.replica.derived": {"DERIVE_SECONDS": 2.0, "SAMPLE_SECONDS": 3.0},
    "hunt.replica.derived.loader": {"RING_ENTRIES": 24, "PAGE_ENTRIES": 16, "START_RING_ENTRIES": 12},
    "hunt.replica.auditor": {"PAGE_ENTRIES": 32},
    "hunt.replica.keeper": {"PAGE_ENTRIES": 32},
    "hunt.replica.publisher": {"BUFFER_ENTRIES": 60},
    "hunt.replica.rebuild": {"PAGE_BATCHES": 2},
    "hunt.replica.scrubber": {"WINDOW_ENTRIES": 25, "SLICE_ENTRIES": 10},
}
"""By module, as each looks them up when it uses them."""


class Ordered(MutableSet[T]):
    """A set that is gone through in the order in which it was filled, not by the address of what is in it."""

    def __init__(self) -> None:
        self._items: dict[T, None] = {}

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def add(self, value: T) -> None:
        self._items[value] = None

    def discard(self, value: T) -> None:
        self._items.pop(value, None)


@contextmanager
def seeded(seed: int, loop: VirtualLoop) -> Iterator[None]:
    """Inside, time is the loop's, chance is the seed's, limits are small, and nothing is logged."""
    chance = Random(f"{seed}/hunt")
    structure = structlog.get_config()
    with ExitStack() as stack:
        stack.enter_context(patch("time.time", loop.wall))
        stack.enter_context(patch("secrets.token_hex", _tokens(chance)))
        for module in ("reconciler", "derived.sampler"):
            stack.enter_context(patch(f"hunt.replica.{module}._random", chance))
        for module, limits in LIMITS.items():
            for name, value in limits.items():
                stack.enter_context(patch.object(importlib.import_module(module), name, value))
        stack.callback(structlog.configure, **structure)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        yield


def _tokens(chance: Random) -> Callable[[int | None], str]:
    def token_hex(size: int | None = None) -> str:
        return chance.randbytes(size or 32).hex()

    return token_hex


def chance_of(seed: int, what: str) -> Random:
    """A source of chance of its own for each part, so that one that asks more often does not change the others."""
    return Random(f"{seed}/{what}")


def as_any(value: object) -> Any:
    """The value where a real object takes the place of a type that it only resembles."""
    return value
