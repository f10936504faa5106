"""From a seed to a plan: which faults, in which order, how long between. The same seed gives the same plan."""

import random

from msgspec import Struct

from benchmarks.faults.cluster import Tempo
from benchmarks.faults.injectors import INJECTORS

OVERLAP_SHARE = 0.25
"""Of the strikes in the long form that are two faults at once."""

RESTORES = {"sql_restored", "sql_restored_from_a_fresh_dump"}
APART = RESTORES | {"postgres_restarted"}
"""Not at one moment: nobody would know whether the restore was committed."""

ALONE = {"entry_edited"}
"""With nothing beside it that may have the stream rebuilt before the scrub comes by."""

SHORT_KINDS = (
    "publish_suppressed",
    "extra_entry_with_head",
    "entry_edited",
    "redis_cut_in_answer",
    "sql_restored",
    "sql_restored_from_a_fresh_dump",
    "killed_after_commit",
    "redis_flushed",
    "commit_cut_after",
)
"""Enough to meet every kind of event that a run must meet. The rest is left to the long form."""

SHORT_TEMPO = Tempo(slow_seconds=1.0, reconcile_seconds=0.5)

PLANT_TEMPO = Tempo(slow_seconds=1.0, reconcile_seconds=2.0)
PLANT_ROUNDS = 4
PLANT_SECONDS = 5.0

TEMPOS = (
    Tempo(reconcile_seconds=0.5),
    Tempo(),
    Tempo(reconcile_seconds=5.0, scrub_entries_per_second=800),
)
"""The long form takes one of these; the last is that of a server whose settings nobody has touched."""

PLAYER_PAUSES = (0.1, 0.3)
"""Seconds between two commands of a team."""

DECKS = 200
"""More than any run has the time for."""


class Hit(Struct, frozen=True):
    """One fault; its own seed, so that what it picks does not depend on the others."""

    kind: str
    seed: int


class Strike(Struct, frozen=True):
    """Faults at one moment, `pause` seconds after the last ones were repaired."""

    pause: float
    hits: list[Hit]


class Plan(Struct, frozen=True, kw_only=True):
    """`least` strikes are carried out whatever the time; then as many as begin within `seconds`."""

    seed: int
    strikes: list[Strike]
    least: int
    seconds: float
    load_seconds: float = 0.0
    """How long the load goes on at least."""
    stalls: bool = False
    """Whether a socket stops reading beside it all, from the first strike on."""
    teams: int = 12
    sockets: int = 50
    pause_seconds: float = 10.0
    player_pause: float = 0.3
    tempo: Tempo = Tempo()
    live: bool = True
    plant: str | None = None


def short_plan(seed: int) -> Plan:
    """A handful of faults, within about 25 s."""
    rng = random.Random(seed)
    kinds = list(SHORT_KINDS)
    rng.shuffle(kinds)
    strikes = [Strike(rng.uniform(0.1, 0.4), [_hit(kind, rng)]) for kind in kinds]
    return Plan(seed=seed, strikes=strikes, least=len(strikes), seconds=0.0, stalls=True, tempo=SHORT_TEMPO)


def long_plan(seed: int, minutes: float) -> Plan:
    """Every kind of fault at least once, again and again in other orders, sometimes two at once."""
    rng = random.Random(seed)
    strikes: list[Strike] = []
    least = 0
    for _ in range(DECKS):
        kinds = sorted(INJECTORS)
        rng.shuffle(kinds)
        while kinds:
            next_two = set(kinds[-2:])
            may_overlap = len(next_two) > 1 and not next_two <= APART and not next_two & ALONE
            together = may_overlap and rng.random() < OVERLAP_SHARE
            hits = [_hit(kinds.pop(), rng) for _ in range(2 if together else 1)]
            strikes.append(Strike(rng.uniform(0.2, 3.0), hits))
        least = least or len(strikes)
    return Plan(
        seed=seed,
        strikes=strikes,
        least=least,
        seconds=minutes * 60,
        player_pause=rng.choice(PLAYER_PAUSES),
        tempo=rng.choice(TEMPOS),
    )


def plan_of(kinds: tuple[str, ...], seed: int, plant: str) -> Plan:
    """These faults, for a server with a bug that they bring to light, or that plain load does."""
    rng = random.Random(seed)
    strikes = [Strike(rng.uniform(0.5, 1.0), [_hit(kind, rng)]) for kind in kinds * PLANT_ROUNDS]
    return Plan(
        seed=seed,
        strikes=strikes,
        least=len(strikes),
        seconds=0.0,
        load_seconds=PLANT_SECONDS,
        tempo=PLANT_TEMPO,
        plant=plant,
    )


def _hit(kind: str, rng: random.Random) -> Hit:
    return Hit(kind, rng.randrange(2**32))
