"""Commands for the teams' accounts."""

import csv
import secrets
import sys
from typing import TextIO

import click

from hunt.accounts.errors import BadAccount
from hunt.cli.accounts import id_of, password_options, somebody_here
from hunt.cli.common import Failure, with_services
from hunt.game.refusals import Refused
from hunt.services import Services

PASSWORD_BYTES = 9
"""Of randomness in a password that is made up."""


@click.group()
def teams() -> None:
    """The teams' accounts."""


@teams.command("add")
@click.argument("username")
@click.option("--name", help="The name that others see; the user name unless given.")
@password_options
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
        await services.accounts.set_active(await id_of(services, "team", username), active=False)

    with_services(deactivate)
    click.echo(f"{username} is deactivated.")


@teams.command("set-password")
@click.argument("username")
@password_options
def set_team_password(username: str, password: str) -> None:
    """Give a team another password; its sessions end."""

    async def store(services: Services) -> None:
        await services.accounts.set_password(
            "team", await id_of(services, "team", username), password, by=somebody_here()
        )

    with_services(store)
    click.echo(f"{username} has a new password.")


@teams.command("unlock")
@click.argument("username")
def unlock_team(username: str) -> None:
    """Forget a team's wrong passwords: it can log in at once, from anywhere."""

    async def unlock(services: Services) -> None:
        await services.accounts.unlock("team", await id_of(services, "team", username), by=somebody_here())

    with_services(unlock)
    click.echo(f"{username} can log in again.")
