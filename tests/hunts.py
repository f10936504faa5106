"""Hunt folders for tests, of the size and shape of a real one."""

import random
from pathlib import Path
from typing import Any

import yaml

Mapping = dict[str, Any]

FREE = 3
"""Slots of the first round that are open at once: the keys for all others come from their solves."""

EARLY = 5
"""Slots of each round that can be unlocked as soon as the round is."""


def write_stub_hunt(
    folder: Path, *, rounds: int = 7, slots: int = 171, gates: int = 46, interactions: int = 12, seed: int = 1
) -> Path:
    """Writes a `hunt.yaml` of stubs into the folder, made if need be, and gives the folder.

    To play it: satisfy `hunt_started`, then solve, unlock and complete whatever is open; an interaction of each round
    opens the next. The last round has no puzzles, and completing `the_end` in it ends the hunt. Three puzzles are free
    at first, and every other costs one key, so a team that solves what it unlocks never runs dry. Gates without
    `satisfied_if` wait for operators; the metas can be reached without them.
    """
    if rounds < 2 or gates < 1 or interactions < rounds or slots < 4 * (rounds - 1):
        raise ValueError("such a hunt is too small for its rounds")
    folder.mkdir(parents=True, exist_ok=True)
    hunt = _Writer(random.Random(seed)).hunt(rounds, slots, gates, interactions)
    (folder / "hunt.yaml").write_text(yaml.safe_dump(hunt, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder


class _Writer:
    def __init__(self, random: random.Random) -> None:
        self._random = random

    def hunt(self, rounds: int, slots: int, gates: int, interactions: int) -> Mapping:
        middle = rounds - 1
        shares = zip(
            self._shares(slots, middle, least=4),
            self._shares(gates - 1, middle, least=0),
            self._shares(interactions - 1, middle, least=1),
            strict=True,
        )
        written = [self._round(number, *share) for number, share in enumerate(shares, 1)]
        written[0]["gates"].insert(0, {"id": "hunt_started"})
        return {"title": "A Hunt of Stubs", "rounds": [*written, _last_round(rounds)]}

    def _shares(self, total: int, parts: int, *, least: int) -> list[int]:
        """The total in parts of at least that size, the rest handed out one by one at random."""
        shares = [least] * parts
        for _ in range(total - least * parts):
            shares[self._random.randrange(parts)] += 1
        return shares

    def _round(self, number: int, slots: int, gates: int, interactions: int) -> Mapping:
        slug, metas = f"round_{number}", max(1, slots // 9)
        gate_ids = [f"r{number}g{index:02}" for index in range(1, gates + 1)]
        feeders = [self._feeder(number, index, gate_ids) for index in range(1, slots - metas + 1)]
        metas_written = [self._meta(number, index, feeders) for index in range(1, metas + 1)]
        return {
            "slug": slug,
            "title": f"Round {number}",
            "unlock_if": [_opener(number)],
            "puzzles": [*feeders, *metas_written],
            "gates": [self._gate(id, feeders) for id in gate_ids],
            "interactions": [_interaction(number, index, metas) for index in range(1, interactions + 1)],
        }

    def _feeder(self, number: int, index: int, gates: list[str]) -> Mapping:
        slot: Mapping = {"id": f"r{number}p{index:02}", "slug": f"feeder_{number}_{index}"}
        if number == 1 and index <= FREE:
            return slot | {"unlocked_if": {"gate_satisfied": "hunt_started"}}
        if index <= EARLY:
            return slot | {"unlockable_if": {"round_unlocked": f"round_{number}"}, "unlock_cost": 1}
        solved: Mapping = {"puzzles_solved": (index - EARLY + 1) // 2}
        if gates and self._random.random() < 0.25:
            return slot | {"unlockable_if": {"any_of": [solved, {"gate_satisfied": self._random.choice(gates)}]}}
        return slot | {"unlockable_if": solved, "unlock_cost": 1}

    def _meta(self, number: int, index: int, feeders: list[Mapping]) -> Mapping:
        listed = sorted(self._random.sample([slot["id"] for slot in feeders], min(7, len(feeders))))
        count = {"puzzles_solved": max(1, len(listed) - 2), "slots": listed}
        return {"id": f"r{number}m{index:02}", "slug": f"meta_{number}_{index}", "is_meta": True, "unlocked_if": count}

    def _gate(self, id: str, feeders: list[Mapping]) -> Mapping:
        if self._random.random() < 0.9:
            return {"id": id}
        return {"id": id, "title": "By itself", "satisfied_if": {"slot_solved": self._random.choice(feeders)["id"]}}


def _opener(number: int) -> Mapping:
    """What opens a round: the start of the hunt, later the first interaction of the round before."""
    return {"gate_satisfied": "hunt_started"} if number == 1 else {"interaction_completed": f"r{number - 1}i01"}


def _interaction(number: int, index: int, metas: int) -> Mapping:
    unlock_if = [{"slot_solved": f"r{number}m{min(index, metas):02}"}]
    return {"id": f"r{number}i{index:02}", "title": f"Meeting {number}.{index}", "unlock_if": unlock_if}


def _last_round(number: int) -> Mapping:
    end = {"id": "the_end", "title": "The End", "unlock_if": [{"round_unlocked": f"round_{number}"}]}
    completed = [{"interaction_completed": f"r{before}i01"} for before in range(1, number)]
    return {
        "slug": f"round_{number}",
        "title": "The Last",
        "unlock_if": completed,
        "puzzles": [],
        "interactions": [end],
    }
