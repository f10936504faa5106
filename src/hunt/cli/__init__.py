"""The command `hunt`."""

import click

from hunt import logs
from hunt.cli.authors import check, play
from hunt.cli.common import PlainGroup
from hunt.cli.log import log, replica
from hunt.cli.operators import operators
from hunt.cli.server import migrate, reload, serve
from hunt.cli.teams import teams


@click.group(cls=PlainGroup)
@click.version_option(package_name="hunt")
def main() -> None:
    """A puzzle-hunt server: a folder of files becomes a live weekend of puzzles."""
    logs.configure()


for command in (serve, reload, migrate, check, play, teams, operators, log, replica):
    main.add_command(command)
