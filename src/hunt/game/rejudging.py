"""What a corrected hunt would say today of the guesses that were made before."""

from collections.abc import Mapping

from msgspec import Struct

from hunt.content import spellings
from hunt.content.model import Hunt
from hunt.game.entries import Verdict
from hunt.game.guesses import judged
from hunt.game.state import PuzzleState, TeamState


class ChangedVerdict(Struct, frozen=True, kw_only=True):
    """A guess of a team that was judged `before` and is judged `now`. `guess` is in its canonical form."""

    team_id: int
    guess: str
    before: Verdict
    now: Verdict


def changed_verdicts(hunt: Hunt, teams: Mapping[int, TeamState]) -> dict[str, list[ChangedVerdict]]:
    """By slug, the guesses that today's hunt judges otherwise; puzzles without any are left out.

    Those which a team would hear of if it guessed the same again, and the solves that stand on an answer which is wrong
    now. Of a text that was guessed more than once the last time counts.
    """
    found: dict[str, list[ChangedVerdict]] = {}
    verdicts: dict[tuple[str, str], Verdict] = {}
    for team_id, state in teams.items():
        for slug, puzzle in state.puzzles.items():
            if slug in hunt.puzzles and (changed := _changed(hunt, team_id, slug, puzzle, verdicts)):
                found.setdefault(slug, []).extend(changed)
    return found


def _changed(
    hunt: Hunt, team_id: int, slug: str, puzzle: PuzzleState, verdicts: dict[tuple[str, str], Verdict]
) -> list[ChangedVerdict]:
    last: dict[str, ChangedVerdict | None] = {}
    for guess in puzzle.guesses:
        text = guess.text
        now = verdicts.get((slug, text))
        if now is None:
            now = verdicts[slug, text] = judged(hunt.puzzles[slug], spellings(text), text).verdict
        if now != guess.verdict:
            last[text] = ChangedVerdict(team_id=team_id, guess=guess.canonical_input, before=guess.verdict, now=now)
        elif last:
            last[text] = None
    solved = puzzle.solved is not None
    return [change for change in last.values() if change and (not solved or change.before == "correct")]
