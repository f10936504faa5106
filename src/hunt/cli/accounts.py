"""What the commands for teams and operators share: accounts by name, who is at the command line, and passwords."""

import getpass
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from hunt.accounts.audit import Actor
from hunt.accounts.password_rules import is_common
from hunt.accounts.sessions import Kind
from hunt.cli.common import Failure
from hunt.headless import Headless

ON_THE_COMMAND_LINE = (
    "Others on this machine can read a password on the command line while it runs: rather use --password-stdin."
)
VERY_COMMON = "Very many people have this password: it is for trying things out only."


async def id_of(data: Headless, kind: Kind, username: str) -> int:
    """The id of an account. Failure where there is none, BadAccount for what can be no user name."""
    row = await data.accounts.named(kind, username)
    if row is None:
        raise Failure(f"There is no {kind} with the user name {username}.")
    return row.id


def somebody_here() -> Actor:
    """Who is at the command line, for the audit."""
    try:
        return Actor(f"command line ({getpass.getuser()})")
    except (OSError, KeyError):  # a container's user may have no name
        return Actor("command line")


def password_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command its `password`: typed twice without being shown, or from one of the two options."""

    @click.option("--password", help="At least 8 characters; asked for unless given. Others can read it here.")
    @click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
    @wraps(command)
    def with_password(*args: Any, password: str | None, password_stdin: bool, **more: Any) -> Any:
        chosen = _password(password, from_stdin=password_stdin)
        done = command(*args, password=chosen, **more)
        if password is not None:
            click.echo(ON_THE_COMMAND_LINE, err=True)
        if is_common(chosen):
            click.echo(VERY_COMMON, err=True)
        return done

    return with_password


def _password(given: str | None, *, from_stdin: bool) -> str:
    if from_stdin and given is not None:
        raise click.UsageError("--password and --password-stdin exclude each other.")
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if given is not None:
        return given
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return prompted
