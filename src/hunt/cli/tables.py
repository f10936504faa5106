"""Tables of a hunt for the wrap-up, as CSV."""

import csv
from collections.abc import AsyncIterator, Callable
from typing import Any, TextIO

import click

from hunt.cli.common import with_data
from hunt.game.entries import GuessSubmitted, event_of, stamp
from hunt.headless import Headless

PAGE_ENTRIES = 1_000

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

TARGET = click.argument("target", metavar="[FILE|-]", type=click.File("w", encoding="utf-8", lazy=True), default="-")
AS_CSV = click.option("--csv", is_flag=True, help="As CSV in UTF-8, which is the only form so far.")

Rows = AsyncIterator[list[Any]]


def export(target: TextIO, header: list[str], rows: Callable[[Headless], Rows]) -> None:
    """Write a table with these columns, and with the rows that `rows` gives."""

    async def write(data: Headless) -> None:
        writer = csv.writer(target)
        writer.writerow(header)
        async for row in rows(data):
            writer.writerow(map(_cell, row))

    with_data(write)


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would compute becomes one that it shows."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


@click.group()
def guesses() -> None:
    """What the teams guessed."""


@guesses.command("export")
@AS_CSV
@TARGET
def export_guesses(target: TextIO, **_: bool) -> None:
    """Every guess: when, who, which puzzle, as typed and as compared, and what was said."""
    header = ["id", "time_utc", "team_id", "team", "slug", "puzzle", "typed", "compared", "verdict", "response"]
    export(target, header, _guesses)


async def _guesses(data: Headless) -> Rows:
    teams, puzzles, last = data.tail.board.teams, data.hunt.puzzles, 0
    while page := await data.reader.entries(last, PAGE_ENTRIES):
        last = page[-1].id
        for entry in page:
            event = event_of(entry)
            if isinstance(event, GuessSubmitted) and entry.team_id in teams:
                title = puzzles[event.slug].title if event.slug in puzzles else ""
                said = [event.typed or event.canonical_input, event.canonical_input, event.verdict, event.response]
                who = [entry.team_id, teams[entry.team_id].name]
                yield [entry.id, stamp(entry.timestamp), *who, event.slug, title, *said]


@click.group()
def solves() -> None:
    """What the teams solved."""


@solves.command("export")
@AS_CSV
@TARGET
def export_solves(target: TextIO, **_: bool) -> None:
    """Every solve: when, who, which puzzle, the answer, and when the puzzle was unlocked."""
    header = ["id", "time_utc", "team_id", "team", "slug", "puzzle", "is_meta", "answer", "unlocked_utc"]
    export(target, header, _solves)


async def _solves(data: Headless) -> Rows:
    hunt = data.hunt
    found = [
        (puzzle.solved, team_id, state.name, slot, puzzle)
        for team_id, state in data.tail.board.teams.items()
        for slug, slot in hunt.slot_of.items()
        if (puzzle := state.puzzle(slug)).solved
    ]
    for solved, team_id, name, slot, puzzle in sorted(found, key=lambda each: (each[0].id, each[1])):
        unlocked = stamp(puzzle.unlocked.at) if puzzle.unlocked else ""
        what = [slot.slug, hunt.puzzles[slot.slug].title, slot.is_meta, puzzle.answer, unlocked]
        yield [solved.id, stamp(solved.at), team_id, name, *what]


TEAM_COLUMNS = [
    *(
        "id",
        "username",
        "name",
        "email",
        "active",
        "registered_utc",
        "solves",
        "metas",
        "keys",
        "clues",
        "last_solve_utc",
    )
]


async def team_rows(data: Headless) -> Rows:
    """A row for each team, as `TEAM_COLUMNS` names it."""
    metas = {slug for slug, slot in data.hunt.slot_of.items() if slot.is_meta}
    for row in await data.accounts.teams():
        state = data.tail.board.teams.get(row.id)
        if state is None:
            continue
        solved = {slug: puzzle.solved for slug, puzzle in state.puzzles.items() if puzzle.solved}
        last = max((mark.at for mark in solved.values()), default=None)
        yield [
            *(row.id, row.username, row.name, row.email or "", state.active),
            stamp(state.registered.at) if state.registered else "",
            *(len(solved), len(metas & solved.keys()), state.currency, state.strong_currency),
            stamp(last) if last else "",
        ]
