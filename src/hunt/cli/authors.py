"""Commands for those who write a hunt: no database, no settings."""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
import msgspec

from hunt.cli.common import Failure, plural
from hunt.content import Hunt, load, spellings
from hunt.content.problems import printable
from hunt.game.play import BadAction, Game, NotJson, read_action

ANSWERS_SHOWN = 20
"""Answers that a check prints unasked."""

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--answers", is_flag=True, help="Also print every answer, as guesses are compared with it.")
def check(folder: Path, *, answers: bool) -> None:
    """Read a hunt folder and print every error and warning in it; exit status 1 on an error.

    Answers that are compared otherwise than they are written are printed as guesses are compared with them.
    """
    loaded = load(folder)
    for problem in loaded.problems:
        click.echo(str(problem))
    hunt = loaded.hunt
    lines = list(_answers(hunt, plain_too=answers))
    shown = lines if answers else lines[:ANSWERS_SHOWN]
    for line in shown:
        click.echo(line)
    if len(lines) > len(shown):
        click.echo(f"… and {len(lines) - len(shown)} more answers: see them all with --answers.")
    things = {"round": hunt.rounds, "puzzle": hunt.slots, "error": loaded.errors, "warning": loaded.warnings}
    counts = (plural(len(those), noun) for noun, those in things.items())
    click.echo(f"{hunt.title}: {', '.join(counts)}.")
    if loaded.errors:
        raise SystemExit(1)


def _answers(hunt: Hunt, *, plain_too: bool) -> Iterator[str]:
    """A line for every answer: what a guess has to be once its case, blanks and accents are left out."""
    for puzzle in hunt.puzzles.values():
        for answer in () if puzzle.is_stub else puzzle.answers:
            forms = spellings(answer)
            if plain_too or forms != (answer,):
                compared = " or ".join(map(printable, forms))
                yield f"{printable(puzzle.slug)}: {printable(answer)} is compared as {compared}"


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("file", metavar="[FILE|-]", type=click.File(encoding="utf-8-sig"), default="-")
def play(folder: Path, file: TextIO) -> None:
    """Play JSON Lines of actions against a hunt folder and print the team's state after each."""
    loaded = load(folder)
    for problem in loaded.problems:
        click.echo(str(problem), err=True)
    game = Game(loaded.hunt)
    for number, line in enumerate(file, start=1):
        if line.strip():
            _play_line(game, number, line)


def _play_line(game: Game, number: int, line: str) -> None:
    try:
        said = game.play(read_action(line))
    except BadAction as error:
        said = str(error)
    except NotJson as error:
        raise Failure(f"line {number} is not JSON: {error}") from None
    if said:
        click.echo(f"line {number}: {said}", err=True)
    click.echo(msgspec.json.encode(game.state).decode())
