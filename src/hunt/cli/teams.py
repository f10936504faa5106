"""Commands for the teams' accounts."""

import asyncio
import secrets
import sys
from collections.abc import Sequence
from typing import BinaryIO, TextIO

import click

from hunt.accounts.errors import BadAccount
from hunt.accounts.names import name_key, name_shape
from hunt.accounts.team_file import MAX_FILE_BYTES, NewTeam, read_team_file
from hunt.cli.accounts import id_of, password_options, somebody_here
from hunt.cli.common import Failure, plural, with_data
from hunt.cli.tables import AS_CSV, TARGET, TEAM_COLUMNS, export, team_rows
from hunt.headless import Headless

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
    team_id, _ = with_data(lambda data: data.accounts.register(username, name or username, password))
    click.echo(f"Team {team_id}: {username}")


@teams.command("list")
def list_teams() -> None:
    """All teams: id, user name, name, and whether deactivated."""

    async def states(data: Headless) -> list[tuple[int, str, str, bool]]:
        board = data.tail.board.teams
        rows = await data.accounts.teams()
        return [(row.id, row.username, row.name, row.id in board and board[row.id].active) for row in rows]

    for team_id, username, name, active in with_data(states):
        click.echo("\t".join([str(team_id), username, name, *([] if active else ["(deactivated)"])]))


@teams.command("import")
@click.argument("file", metavar="FILE.csv", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what is wrong with the file and what would be done.")
def import_teams(file: BinaryIO, *, dry_run: bool) -> None:
    """Register the teams of a table with the columns username, name, password, email; no password makes one up.

    Comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252. With anything wrong in it nothing is written.
    """
    read = read_team_file(file.read(MAX_FILE_BYTES + 1))
    for column in read.unknown_columns:
        click.echo(f"The column `{column}` is not used.", err=True)

    async def register(data: Headless) -> None:
        problems = [*read.problems, *await _problems_with(data, read.teams)]
        if problems:
            raise Failure("\n".join([*problems, "Nothing is registered."]))
        if dry_run:
            click.echo(f"{plural(len(read.teams), 'team')} would be registered.", err=True)
            return
        await _register(data, read.teams)
        click.echo(f"{plural(len(read.teams), 'team')} registered.", err=True)

    with_data(register)


async def _problems_with(data: Headless, new: Sequence[NewTeam]) -> list[str]:
    """What keeps teams of the file from being registered, beside those that are registered already."""
    rows = await data.accounts.teams()
    usernames = {row.username for row in rows}
    names = {look: row.name for row in rows for look in (name_key(row.name), name_shape(row.name))}
    problems = []
    for team in new:
        if team.username in usernames:
            problems.append(f"Line {team.line}: a team has the user name {team.username} already.")
        if taken := names.get(name_key(team.name)) or names.get(name_shape(team.name)):
            problems.append(f"Line {team.line}: a team is called {taken} already, which {team.name} looks like.")
        try:
            if team.password:
                data.accounts.rules.check(team.password, (team.username, team.name))
        except BadAccount as error:
            problems.append(f"Line {team.line}: {error}")
    return problems


async def _register(data: Headless, new: Sequence[NewTeam]) -> None:
    """Hash all passwords, which takes long, then register all teams at once: in one transaction, if one holds them."""
    hashed: list[str] = []
    made_up = {team.username: secrets.token_urlsafe(PASSWORD_BYTES) for team in new if not team.password}
    with click.progressbar(new, label="Registering", file=sys.stderr) as progress:
        for team in progress:
            password = team.password or made_up[team.username]
            hashed.append(await data.accounts.passwords.hash(password))
    outcomes = await asyncio.gather(
        *(
            data.accounts.register(team.username, team.name, "", password_hash=stored, email=team.email)
            for team, stored in zip(new, hashed, strict=True)
        ),
        return_exceptions=True,
    )
    failed = []
    for team, outcome in zip(new, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            failed.append(f"{team.username}: {outcome}")
        elif team.username in made_up:  # said now, because it cannot be looked up later
            click.echo(f"{team.username}\t{made_up[team.username]}")
    if failed:
        raise Failure("\n".join([*failed, "These were not registered; all others of the file are."]))


@teams.command("deactivate")
@click.argument("username")
def deactivate_team(username: str) -> None:
    """End a team's sessions and let it neither log in nor play."""

    async def deactivate(data: Headless) -> None:
        await data.accounts.set_active(await id_of(data, "team", username), active=False)

    with_data(deactivate)
    click.echo(f"{username} is deactivated.")


@teams.command("set-password")
@click.argument("username")
@password_options
def set_team_password(username: str, password: str) -> None:
    """Give a team another password; its sessions end."""

    async def store(data: Headless) -> None:
        await data.accounts.set_password("team", await id_of(data, "team", username), password, by=somebody_here())

    with_data(store)
    click.echo(f"{username} has a new password.")


@teams.command("unlock")
@click.argument("username")
def unlock_team(username: str) -> None:
    """Forget a team's wrong passwords: it can log in at once, from anywhere."""

    async def unlock(data: Headless) -> None:
        await data.accounts.unlock("team", await id_of(data, "team", username), by=somebody_here())

    with_data(unlock)
    click.echo(f"{username} can log in again.")


@teams.command("rename")
@click.argument("username")
@click.argument("name")
def rename_team(username: str, name: str) -> None:
    """Give a team another name; its user name stays."""

    async def rename(data: Headless) -> None:
        await data.accounts.rename(await id_of(data, "team", username), name)

    with_data(rename)
    click.echo(f"{username} is now called {name}.")


@teams.command("erase")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_team(username: str, *, yes: bool) -> None:
    """Take away what identifies the people of a team: names, e-mail address, password, sessions.

    What the team did stays, under a name like "Team 17". Entries of the past keep the name that it had then.
    """
    if not yes:
        click.confirm(f"Erase who {username} are? This cannot be taken back", abort=True, err=True)

    async def erase(data: Headless) -> str:
        return await data.accounts.erase(await id_of(data, "team", username), by=somebody_here())

    click.echo(f"{username} is {with_data(erase)} from now on.")


@teams.command("export")
@AS_CSV
@TARGET
def export_teams(target: TextIO, **_: bool) -> None:
    """Every team: names, e-mail address, when it registered, what it solved and has."""
    export(target, TEAM_COLUMNS, team_rows)
