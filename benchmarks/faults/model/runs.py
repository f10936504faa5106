"""Runs of the model by their seeds."""

from collections.abc import Sequence
from typing import Final

from benchmarks.faults.evidence import Evidence
from benchmarks.faults.model.loop import VirtualLoop
from benchmarks.faults.model.seeding import seeded
from benchmarks.faults.model.sql import in_place_of_sql
from benchmarks.faults.model.world import World

STEPS: Final = 100
"""Commands that are sent in a run."""


class Broken(Exception):
    """A task of a server died, or a good client was refused: not something that a checker could see from outside."""


def simulate(seed: int, steps: int = STEPS, plants: Sequence[str] = ()) -> Evidence:
    """What a run leaves behind: the same for the same seed, byte for byte. Raises Broken and Stuck."""
    del plants
    loop = VirtualLoop()
    with seeded(seed, loop), in_place_of_sql():
        world = World(seed, steps, loop)
        evidence = loop.run(world.play())
    if world.broken:
        raise Broken("\n".join(world.broken))
    return evidence
