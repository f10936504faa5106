"""The command `hunt`."""

from importlib import import_module

import click

from hunt import logs
from hunt.cli.common import PlainGroup

COMMANDS = {
    "serve": "server",
    "reload": "server",
    "migrate": "server",
    "check": "authors",
    "play": "authors",
    "teams": "teams",
    "operators": "operators",
    "guesses": "tables",
    "solves": "tables",
    "log": "log",
    "replica": "log",
}
"""The module of each command: only that one is imported, for the whole server takes a second to import."""


class Commands(PlainGroup):
    """Finds a command by its name in `COMMANDS`."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"hunt.cli.{COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.group(cls=Commands)
@click.version_option(package_name="hunt")
def main() -> None:
    """A puzzle-hunt server: a folder of files becomes a live weekend of puzzles."""
    logs.configure()
