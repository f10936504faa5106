"""Commands for the accounts of teams and operators."""

import csv
import secrets
import sys
from typing import TextIO

import click

from hunt.accounts.errors import BadAccount
from hunt.accounts.sessions import Kind
from hunt.cli.common import Failure, with_services
from hunt.game.refusals import Refused
from hunt.services import Services

PASSWORD_BYTES = 9
"""Of randomness in a password that is made up."""

PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="At least 8 characters."
)


@click.group()
def teams() -> None:
    """The teams' accounts."""


@teams.command("add")
@click.argument("username")
@click.option("--name", help="The name that others see; the user name unless given.")
@PASSWORD
def add_team(username: str, name: str | None, password: str) -> None:
    """Register a team."""
    team_id, _ = with_services(lambda services: services.accounts.register(username, name or username, password))
    click.echo(f"Team {team_id}: {username}")


@teams.command("list")
def list_teams() -> None:
    """All teams: id, user name, name, and whether deactivated."""

    async def states(services: Services) -> list[tuple[int, str, str, bool]]:
        board = services.tail.board.teams
        rows = await services.accounts.teams()
        return [(row.id, row.username, row.name, row.id in board and board[row.id].active) for row in rows]

    for team_id, username, name, active in with_services(states):
        click.echo("\t".join([str(team_id), username, name, *([] if active else ["(deactivated)"])]))


@teams.command("import")
@click.argument("file", metavar="FILE.csv", type=click.File(encoding="utf-8-sig"))
def import_teams(file: TextIO) -> None:
    """Register the teams of a CSV file with the columns username, name, password; no password makes one up."""
    rows = list(csv.DictReader(file))
    if not rows or "username" not in rows[0]:
        raise Failure("The file needs a header line with username, name and password.")

    async def register(services: Services) -> None:
        with click.progressbar(rows, label="Registering", file=sys.stderr) as progress:
            for row in progress:
                await _register_row(services, row)

    with_services(register)
    click.echo(f"{len(rows)} teams registered.", err=True)


async def _register_row(services: Services, row: dict[str, str]) -> None:
    username, password = row["username"] or "", row.get("password") or ""
    made_up = "" if password else secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        await services.accounts.register(username, row.get("name") or username, password or made_up)
    except (BadAccount, Refused) as error:
        raise Failure(
            f"{username}: {error} The teams above are registered; this line and those below are not."
        ) from None
    if made_up:  # told as soon as it counts, for nobody can look it up later
        click.echo(f"{username}\t{made_up}")


@teams.command("deactivate")
@click.argument("username")
def deactivate_team(username: str) -> None:
    """End a team's sessions and let it neither log in nor play."""

    async def deactivate(services: Services) -> None:
        await services.accounts.set_active(await _id_of(services, "team", username), active=False)

    with_services(deactivate)
    click.echo(f"{username} is deactivated.")


@teams.command("set-password")
@click.argument("username")
@PASSWORD
def set_team_password(username: str, password: str) -> None:
    """Give a team another password; its sessions end."""

    async def store(services: Services) -> None:
        await services.accounts.set_password("team", await _id_of(services, "team", username), password)

    with_services(store)
    click.echo(f"{username} has a new password.")


async def _id_of(services: Services, kind: Kind, username: str) -> int:
    row = await services.accounts.named(kind, username)
    if row is None:
        raise Failure(f"There is no {kind} with the user name {username}.")
    return row.id


@click.group()
def operators() -> None:
    """The accounts of headquarters."""


@operators.command("add")
@click.argument("username")
@PASSWORD
def add_operator(username: str, password: str) -> None:
    """Add somebody to headquarters."""
    with_services(lambda services: services.accounts.operators.add(username, password))
    click.echo(f"Operator {username} added.")


@operators.command("list")
def list_operators() -> None:
    """All operators."""
    for row in with_services(lambda services: services.accounts.operators.all()):
        click.echo(f"{row.id}\t{row.username}")


@operators.command("set-password")
@click.argument("username")
@PASSWORD
def set_operator_password(username: str, password: str) -> None:
    """Give an operator another password; their sessions end."""

    async def store(services: Services) -> None:
        await services.accounts.set_password("operator", await _id_of(services, "operator", username), password)

    with_services(store)
    click.echo(f"{username} has a new password.")
