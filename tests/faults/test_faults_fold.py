"""The checker's own fold of the rows says what the server says, entry by entry."""

import random
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from benchmarks.faults.evidence import Evidence, Redis
from benchmarks.faults.fold import HuntShape, TeamFold, TeamLog, same_entry
from benchmarks.faults.fold_values import DATASETS, same
from benchmarks.faults.histories import Histories
from faults_evidence import row_of

from hunt.content.loader import load
from hunt.content.model import Hunt
from hunt.game import commands as cmd
from hunt.game.board import Ahead, Board
from hunt.game.decide import decide
from hunt.game.entries import Entry, encode_entry
from hunt.game.refusals import Refused
from hunt.live.activity import activity_entry, guess_entry, is_shown
from hunt.live.datasets import TEAM_DATASETS, View
from playing import KICKOFF
from small_hunt import write_small_hunt

TEAMS = (1, 2, 3)
SLUGS = ("lantern", "mirror", "ladder", "meta", "vault", "attic", "drifter")
GUESSES = ("lamp", "light", "LIGHTHOUSE", "MOON", "RUNG", "NIGHTFALL", "QUICKSILVER", "one", "two", "three")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_hunt(tmp_path_factory.mktemp("hunt"))


def a_command(dice: random.Random) -> cmd.Command:
    """Something that a team or headquarters may do, sensible or not."""
    team_id, slug = dice.choice(TEAMS), dice.choice(SLUGS)
    teams = None if dice.random() < 0.3 else (team_id,)
    interaction = dice.choice(("tea", "parade", "under_the_stairs"))
    return dice.choice(
        (
            cmd.SubmitGuess(team_id=team_id, slug=slug, text=dice.choice(GUESSES)),
            cmd.SubmitGuess(team_id=team_id, slug=slug, text=dice.choice(GUESSES)),
            cmd.UnlockPuzzle(team_id=team_id, slug=slug),
            cmd.BuyAnswer(team_id=team_id, slug=slug),
            cmd.ExchangeCurrency(team_id=team_id),
            cmd.RequestHint(team_id=team_id, slug=slug, question="How?"),
            cmd.Grant(teams=teams, keys=dice.randrange(3), clues=dice.randrange(2)),
            cmd.OpenPuzzle(teams=teams, slug=slug),
            cmd.SolvePuzzle(teams=teams, slug=slug),
            cmd.ResetRateLimit(teams=teams, slug=slug),
            cmd.OpenHints(teams=teams, slug=slug, after_hours=0),
            cmd.MoveInteraction(teams=teams, id=interaction, to=dice.choice(("unlocked", "running", "completed"))),
            cmd.RenameTeam(team_id=team_id, name=f"Team {dice.randrange(9)}"),
            cmd.SetTeamActive(team_id=team_id, active=dice.random() < 0.8),
        )
    )


def played(hunt: Hunt, seed: int, steps: int = 120) -> list[Entry]:
    dice, board, now = random.Random(seed), Board(hunt), KICKOFF
    log: list[Entry] = []
    first: list[cmd.Command] = [cmd.RegisterTeam(team_id=id, username=f"t{id}", name=f"T {id}") for id in TEAMS[:2]]
    first.append(cmd.SatisfyGate(teams=None, id="hunt_started"))
    first.append(cmd.RegisterTeam(team_id=3, username="t3", name="T 3"))
    for command in [*first, *(a_command(dice) for _ in range(steps))]:
        now += timedelta(seconds=dice.randrange(300))
        ahead = Ahead(board, now)
        try:
            decide(command, ahead)
        except Refused:
            continue
        for entry in ahead.entries:
            board.apply(entry)
            log.append(entry)
    return log


def evidence_of(hunt: Hunt, folder: Path, log: list[Entry]) -> Evidence:
    return Evidence(
        seed=0,
        secret_key="",
        rows=[row_of(entry) for entry in log],
        redis=Redis(stream=[], teams={}, scores={}),
        commands=[],
        listeners=[],
        hunt=yaml.safe_load((folder / "hunt.yaml").read_text()),
        titles={slug: puzzle.title for slug, puzzle in hunt.puzzles.items()},
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_fold_gives_the_values_that_the_server_gives(folder: Path, seed: int) -> None:
    hunt = load(folder).hunt
    log = played(hunt, seed)
    evidence = evidence_of(hunt, folder, log)
    shape, history = HuntShape(evidence), Histories(evidence).final
    board, folds = Board(hunt), {id: TeamFold(shape, id) for id in TEAMS}
    for entry, line in zip(log, history.lines, strict=True):
        board.apply(entry)
        for id, fold in folds.items():
            if line.is_of(id):
                fold.apply(line)
                if id in board.teams:
                    compare(View(hunt=hunt, state=board.teams[id], now=KICKOFF), fold)


def compare(view: View, fold: TeamFold) -> None:
    slugs = {"puzzle": SLUGS, "round": [*view.hunt.round, "stray_leads", "no_round"]}
    for name, fold_of in DATASETS.items():
        dataset = TEAM_DATASETS[name]
        make: Any = dataset.make
        for slug in slugs.get(name, [""]):
            right = make(view, slug) if dataset.is_open_to(view, slug) else None
            assert same(name, fold_of(fold, slug), right), (name, slug, fold_of(fold, slug), right)


@pytest.mark.parametrize("seed", range(3))
def test_the_fold_gives_the_entries_that_the_server_gives(folder: Path, seed: int) -> None:
    hunt = load(folder).hunt
    log = played(hunt, seed)
    evidence = evidence_of(hunt, folder, log)
    history, board = Histories(evidence).final, Board(hunt)
    for entry in log:
        board.apply(entry)
    for id in TEAMS:
        mine, team = (
            [entry for entry in log if entry.team_id in {None, id}],
            TeamLog(HuntShape(evidence), id, history.lines),
        )
        right = [activity_entry(hunt, entry) for entry in mine if is_shown(board.teams[id], entry)]
        assert len(right) == len(team.activity)
        assert all(map(same_entry, team.activity, right))
        guesses = [guess_entry(entry) for entry in mine if entry.slug == "lantern"]
        assert team.entries("guess_log", "lantern") == [guess for guess in guesses if guess]
        assert team.hidden or len(right) == len(mine)


def test_the_body_of_a_line_is_what_the_stream_carries(folder: Path) -> None:
    hunt = load(folder).hunt
    log = played(hunt, 7)
    lines = Histories(evidence_of(hunt, folder, log)).final.lines
    assert [line.body for line in lines] == [encode_entry(entry) for entry in log]
    assert all(after.follows(before.digest) for before, after in pairwise(lines))
