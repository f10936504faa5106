"""Runs of the model by their seeds: one, or as many as there is time for."""

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from msgspec import Struct, field

from benchmarks.faults.checker import check, frames_checked
from benchmarks.faults.evidence import REQUIRED, Evidence, Finding
from benchmarks.faults.model.loop import Stuck, VirtualLoop
from benchmarks.faults.model.seeding import seeded
from benchmarks.faults.model.sql import in_place_of_sql
from benchmarks.faults.model.world import World
from benchmarks.faults.planted import PLANTS, planted

STEPS = 100
"""Commands that are sent in a run."""

ENOUGH_SEEDS = 20
"""So many seeds meet every kind of event, unless something is wrong with the model."""

PROGRESS_SEEDS = 100

BROKEN = "broken"
"""The name of a finding that no checker could make from outside: a task of a server died, a good client was refused."""


class Broken(Exception):
    """A task of a server died, a good client was refused, or the run did not end."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one seed."""

    seed: int
    findings: list[Finding]
    events_met: dict[str, int]
    faults: dict[str, int]
    commands: int
    frames: int

    @property
    def replay(self) -> str:
        """The command that runs exactly this again."""
        return f"python -m benchmarks.faults --model 1 --seed {self.seed}"


class Summary(Struct, kw_only=True):
    """What came of many. `events_met` counts events, `seeds_with` in how many seeds each kind was met."""

    seeds: int = 0
    failed: list[Outcome] = []
    events_met: Counter[str] = field(default_factory=Counter)
    seeds_with: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    frames: int = 0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.events_met.update(outcome.events_met)
        self.seeds_with.update(kind for kind, count in outcome.events_met.items() if count)
        self.faults.update(outcome.faults)
        self.commands += outcome.commands
        self.frames += outcome.frames
        if outcome.findings:
            self.failed.append(outcome)

    @property
    def is_green(self) -> bool:
        """Nothing was found; and, where there were enough seeds for it to mean something, every kind was met."""
        return not self.failed and (self.seeds < ENOUGH_SEEDS or not self.not_covered)

    def as_text(self) -> str:
        """What came of it all, in lines for people."""
        met = ", ".join(f"{kind} {self.events_met[kind]} in {self.seeds_with[kind]} seeds" for kind in REQUIRED)
        lines = [
            f"{self.seeds} seeds, {len(self.failed)} with findings",
            f"{self.commands} commands, {self.frames} frames, {self.faults.total()} faults",
            f"met: {met}",
        ]
        if self.not_covered:
            lines.append(f"under-covered: no {', no '.join(self.not_covered)}")
        return "\n".join([*lines, *(f"again: {outcome.replay}" for outcome in self.failed)])

    @property
    def not_covered(self) -> list[str]:
        """Kinds of events that no seed has met: what was found, or not, then says too little."""
        return [kind for kind in REQUIRED if not self.events_met.get(kind)]


def simulate(
    seed: int, steps: int = STEPS, plants: Sequence[str] = (), faults: Sequence[str] | None = None
) -> Evidence:
    """What a run leaves behind: the same for the same arguments, byte for byte. Raises Broken.

    `plants` are names in `PLANTS`; `faults` are names of injectors, all of them unless given. A run with plants has by
    itself the faults that bring these to light, and nobody minds what else breaks in it.
    """
    if faults is None and plants:
        faults = [fault for name in plants for fault in PLANTS[name].model_faults]
    loop = VirtualLoop()
    with seeded(seed, loop), in_place_of_sql(), ExitStack() as stack:
        for name in plants:
            stack.enter_context(planted(name))
        world = World(seed, steps, loop, faults)
        try:
            evidence = loop.run(world.play())
        except Stuck as stuck:
            raise Broken(str(stuck)) from stuck
    if world.broken and not plants:
        raise Broken("\n".join(world.broken))
    return evidence


def judge(seed: int, steps: int = STEPS) -> Outcome:
    """Runs a seed and has the checker look at it. Whatever goes wrong on the way is a finding too."""
    try:
        evidence = simulate(seed, steps)
        findings = check(evidence)
    except Exception:  # noqa: BLE001 - one bad seed must not end a run of thousands
        findings = [Finding(name=BROKEN, text=traceback.format_exc())]
        return Outcome(seed=seed, findings=findings, events_met={}, faults={}, commands=0, frames=0)
    return Outcome(
        seed=seed,
        findings=findings,
        events_met=evidence.events_met,
        faults=Counter(fault.kind for fault in evidence.faults),
        commands=len(evidence.commands),
        frames=frames_checked(evidence),
    )


def run_seeds(first: int, count: int, progress: Callable[[Outcome], None] = lambda _: None) -> Summary:
    """Judges `count` seeds from `first` on, on all cores; `progress` hears of each, in order of the seeds."""
    summary = Summary()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for outcome in pool.map(judge, range(first, first + count), chunksize=4):
            summary.add(outcome)
            progress(outcome)
    return summary


def tell(outcome: Outcome) -> None:
    """Prints a seed that failed, with what was found and how to run it again."""
    if not outcome.findings:
        return
    print(f"seed {outcome.seed} failed; again: {outcome.replay}", flush=True)
    for finding in outcome.findings:
        print(f"  {finding.name}: {finding.text}", flush=True)


def teller() -> Callable[[Outcome], None]:
    """Tells of each seed that fails, and now and then how many there were."""
    began, done = time.monotonic(), 0

    def progress(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        tell(outcome)
        if done % PROGRESS_SEEDS == 0:
            print(f"{done} seeds after {time.monotonic() - began:.0f} s", flush=True)

    return progress
