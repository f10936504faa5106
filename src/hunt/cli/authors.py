"""Commands for those who write a hunt: no database, no settings."""

from pathlib import Path
from typing import TextIO

import click
import msgspec

from hunt.cli.common import Failure
from hunt.content import load
from hunt.game.play import BadAction, Game, NotJson, read_action

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
def check(folder: Path) -> None:
    """Read a hunt folder and print every error and warning in it; exit status 1 on an error."""
    loaded = load(folder)
    for problem in loaded.problems:
        click.echo(str(problem))
    hunt = loaded.hunt
    things = {"round": hunt.rounds, "puzzle": hunt.slots, "error": loaded.errors, "warning": loaded.warnings}
    counts = (f"{len(those)} {noun}" + ("" if len(those) == 1 else "s") for noun, those in things.items())
    click.echo(f"{hunt.title}: {', '.join(counts)}.")
    if loaded.errors:
        raise SystemExit(1)


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
