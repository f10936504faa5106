"""Hunts and acts at random, small enough that many things meet."""

from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st

from hunt.content import model as c
from hunt.game import commands as cmd
from playing import KICKOFF, slug_of

SLOTS = tuple(f"s{n}" for n in range(4))
GATES = tuple(f"g{n}" for n in range(2))
INTERACTIONS = ("i0", "i1")
ROUNDS = ("r0", "r1")
TEXTS = ("answer", "ANSWER!", "other", "half", "half", "part", "canned", "x1", "x2", "x3", "!?")

slots = st.sampled_from((*SLOTS, *SLOTS, "nobody"))
gates = st.sampled_from((*GATES, "nobody"))
interactions = st.sampled_from((*INTERACTIONS, "nobody"))
moments = st.integers(0, 5).map(lambda hours: KICKOFF + timedelta(hours=hours))
twice = slots.map(lambda slot_id: (slot_id, slot_id))
lists = st.none() | st.lists(slots, max_size=4).map(tuple) | twice
counts = st.integers(0, 3)

leaves = st.one_of(
    st.builds(c.SlotSolved, slots),
    st.builds(c.SlotUnlocked, slots),
    st.builds(c.PuzzlesSolved, counts, lists),
    st.builds(c.PuzzlesUnlocked, counts, lists),
    st.builds(c.InteractionCompleted, interactions),
    st.builds(c.GateSatisfied, gates),
    st.builds(c.RoundUnlocked, st.sampled_from((*ROUNDS, "nobody"))),
    st.builds(c.After, moments),
)


def groups(part: st.SearchStrategy[c.Condition]) -> st.SearchStrategy[c.Condition]:
    several = st.lists(part, max_size=3).map(tuple)
    return st.builds(c.AnyOf, several) | st.builds(c.AllOf, several)


conditions: st.SearchStrategy[c.Condition] = st.recursive(leaves, groups, max_leaves=4)
doors = st.just(c.AllOf(())) | conditions
maybe = st.none() | doors


@st.composite
def hunts(draw: st.DrawFn) -> c.Hunt:
    """Two rounds over which the slots, gates and interactions are dealt out."""
    written = [
        c.Slot(
            id=id,
            slug=slug_of(id),
            is_meta=draw(st.booleans()),
            prize=draw(st.none() | st.integers(0, 2)),
            unlock_cost=draw(st.integers(0, 2)),
            visible_if=draw(maybe),
            unlockable_if=draw(maybe),
            unlocked_if=draw(maybe),
        )
        for id in SLOTS
    ]
    gates_written = [c.Gate(id=id, satisfied_if=draw(maybe)) for id in GATES]
    talks = [
        c.Interaction(id=id, title=id, unlock_if=draw(doors), by=draw(st.sampled_from(["hq", "team"])))
        for id in INTERACTIONS
    ]
    rounds = tuple(
        c.Round(
            slug=slug,
            title=slug,
            unlock_if=draw(doors | st.builds(c.GateSatisfied, st.sampled_from(GATES))),
            puzzles=tuple(written[n::2]),
            gates=tuple(gates_written[n::2]),
            interactions=tuple(talks[n::2]),
        )
        for n, slug in enumerate(ROUNDS)
    )
    return c.Hunt(title="Random", rounds=rounds, root=Path(), puzzles=dict(map(_puzzle, SLOTS)), exchange_rate=2)


def _puzzle(id: str) -> tuple[str, c.Puzzle]:
    slug = slug_of(id)
    return slug, c.Puzzle(
        slug=slug,
        title=id,
        answers=("ANSWER", "OTHER"),
        answer_cost=None if id == "s0" else 1,
        canned_responses=(c.CannedResponse(guess=("CANNED",), response="Hm."),),
        partial_answers=(
            c.PartialAnswer(guess=("PART",), response="Go on."),
            c.PartialAnswer(guess=("HALF",), response="Go on.", prize=True),
        ),
    )


TEAMS = (1, 2)
teams = st.sampled_from((1, 1, 1, 2))
several = st.none() | st.lists(st.sampled_from((*TEAMS, *TEAMS, 99)), max_size=2).map(tuple)
puzzles = slots.map(slug_of)

acts: st.SearchStrategy[cmd.Command] = st.one_of(
    st.builds(cmd.SatisfyGate, teams=several, id=gates),
    st.builds(cmd.Grant, teams=several, keys=st.integers(-1, 3), clues=st.integers(0, 2)),
    st.builds(cmd.OpenPuzzle, teams=several, slug=puzzles),
    st.builds(cmd.SolvePuzzle, teams=several, slug=puzzles),
    st.builds(cmd.ResetRateLimit, teams=several, slug=puzzles),
    st.builds(cmd.OpenHints, teams=several, slug=puzzles, after_hours=st.integers(-1, 2)),
    st.builds(
        cmd.MoveInteraction,
        teams=several,
        id=interactions,
        to=st.sampled_from(["unlocked", "running", "completed"]),
        result=st.none() | st.just("won"),
    ),
)
plays: st.SearchStrategy[cmd.Command] = st.one_of(
    st.builds(cmd.UnlockPuzzle, team_id=teams, slug=puzzles),
    st.builds(cmd.BuyAnswer, team_id=teams, slug=puzzles),
    st.builds(cmd.ExchangeCurrency, team_id=teams),
    st.builds(cmd.StartInteraction, team_id=teams, id=interactions),
    st.builds(cmd.CompleteInteraction, team_id=teams, id=interactions),
    st.builds(cmd.RequestHint, team_id=teams, slug=puzzles, question=st.just("Why?")),
    st.builds(cmd.SetTeamActive, team_id=teams, active=st.sampled_from([True, True, False])),
    st.builds(cmd.RenameTeam, team_id=teams, name=st.sampled_from(["A", "B"])),
)
few = st.none() | st.just((1,))
solves = st.builds(cmd.SolvePuzzle, teams=few, slug=st.sampled_from(SLOTS).map(slug_of))
openings = st.builds(cmd.OpenPuzzle, teams=few, slug=st.sampled_from(SLOTS).map(slug_of)) | st.builds(
    cmd.SatisfyGate, teams=few, id=st.sampled_from(GATES)
)
guesses = st.builds(
    cmd.SubmitGuess, team_id=teams, slug=st.sampled_from(SLOTS).map(slug_of), text=st.sampled_from(TEXTS)
)
commands = st.one_of(acts, plays, *[guesses] * 8, *[solves] * 3, *[openings] * 3)
"""Whatever anybody may ask for, by two teams or on them, possible or not."""
