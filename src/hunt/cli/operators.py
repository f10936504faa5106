"""Commands for the accounts of headquarters."""

import asyncio
import os

import click

from hunt.accounts import audit as kept
from hunt.accounts.tables import AuditRow
from hunt.cli.accounts import id_of, password_options, somebody_here
from hunt.cli.common import with_data
from hunt.game.entries import stamp
from hunt.headless import Headless
from hunt.log.database import connect
from hunt.log.migrations import check_schema
from hunt.settings import database_url

MAX_AUDIT_ROWS = 1_000_000


@click.group()
def operators() -> None:
    """The accounts of headquarters."""


@operators.command("add")
@click.argument("username")
@password_options
def add_operator(username: str, password: str) -> None:
    """Add somebody to headquarters."""
    with_data(lambda data: data.accounts.operators.add(username, password, by=somebody_here()))
    click.echo(f"Operator {username} added.")


@operators.command("list")
def list_operators() -> None:
    """All operators: id, user name, and whether disabled."""
    for row in with_data(lambda data: data.accounts.operators.all()):
        click.echo("\t".join([str(row.id), row.username, *(["(disabled)"] if row.disabled else [])]))


@operators.command("set-password")
@click.argument("username")
@password_options
def set_operator_password(username: str, password: str) -> None:
    """Give an operator another password; their sessions end."""

    async def store(data: Headless) -> None:
        await data.accounts.set_password(
            "operator", await id_of(data, "operator", username), password, by=somebody_here()
        )

    with_data(store)
    click.echo(f"{username} has a new password.")


@operators.command("disable")
@click.argument("username")
def disable_operator(username: str) -> None:
    """End an operator's sessions and let them not log in until they are enabled."""
    _set_disabled(username, disabled=True)
    click.echo(f"{username} is disabled.")


@operators.command("enable")
@click.argument("username")
def enable_operator(username: str) -> None:
    """Let an operator who was disabled log in again."""
    _set_disabled(username, disabled=False)
    click.echo(f"{username} can log in again.")


def _set_disabled(username: str, *, disabled: bool) -> None:
    async def change(data: Headless) -> None:
        id = await id_of(data, "operator", username)
        await data.accounts.operators.set_disabled(id, disabled=disabled, by=somebody_here())

    with_data(change)


@operators.command("remove")
@click.argument("username")
def remove_operator(username: str) -> None:
    """Remove an operator's account; their sessions end. What they did stays in the log and in the audit."""

    async def remove(data: Headless) -> None:
        id = await id_of(data, "operator", username)
        await data.accounts.operators.remove(id, by=somebody_here())

    with_data(remove)
    click.echo(f"{username} is removed.")


@operators.command("unlock")
@click.argument("username")
def unlock_operator(username: str) -> None:
    """Forget an operator's wrong passwords: they can log in at once, from anywhere."""

    async def unlock(data: Headless) -> None:
        await data.accounts.unlock("operator", await id_of(data, "operator", username), by=somebody_here())

    with_data(unlock)
    click.echo(f"{username} can log in again.")


@operators.command("audit")
@click.option("--limit", type=click.IntRange(1, MAX_AUDIT_ROWS), default=100, show_default=True, help="How many rows.")
def print_audit(limit: int) -> None:
    """Logins, failures and changes of accounts, the newest last: time, action, account, who did it, from where."""

    async def read() -> list[AuditRow]:
        url = database_url(os.environ)
        await check_schema(url)
        engine = connect(url)
        try:
            return await kept.newest(engine, limit)
        finally:
            await engine.dispose()

    for row in asyncio.run(read()):
        click.echo("\t".join([stamp(row.at), row.action, f"{row.kind} {row.username}", row.actor, row.address]))
