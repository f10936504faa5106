"""Commands for the log and its replica."""

import os
from collections.abc import Awaitable, Callable
from typing import TextIO, TypeVar

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from hunt.cli.common import CommandFailed, run, with_services
from hunt.log import transfer
from hunt.log.database import connect
from hunt.log.migrations import check_schema
from hunt.replica import Status
from hunt.services import Services
from hunt.settings import database_url

T = TypeVar("T")


@click.group()
def log() -> None:
    """The activity log as JSON Lines. Needs HUNT_DATABASE_URL alone."""


def _with_database(work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    async def inside() -> T:
        url = database_url(os.environ)
        await check_schema(url)
        engine = connect(url)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return run(inside())


@log.command("export")
@click.argument("file", metavar="FILE|-", type=click.File("w", encoding="utf-8", lazy=False))
def export_log(file: TextIO) -> None:
    """Write every entry as a line of JSON."""
    count = _with_database(lambda engine: transfer.export(engine, file))
    click.echo(f"{count} entries written.", err=True)


@log.command("import")
@click.argument("file", metavar="FILE", type=click.File(encoding="utf-8"))
def import_log(file: TextIO) -> None:
    """Fill an empty log from a file; a broken chain is refused whole."""
    count = _with_database(lambda engine: transfer.load(engine, file))
    click.echo(f"{count} entries read.", err=True)


@log.command("verify")
def verify_log() -> None:
    """Recompute the digest chain; exit status 1 and the first bad id where it does not hold."""
    head, digest = _with_database(transfer.verify)
    click.echo(f"{head} entries, all in order; the digest at the head is {digest}.")


@click.group()
def replica() -> None:
    """The copy of the log in Redis."""


def _with_replica(work: Callable[[Services], Awaitable[T]]) -> T:
    if os.environ.get("HUNT_REDIS_URL", "fake://").startswith("fake://"):
        raise CommandFailed(
            "HUNT_REDIS_URL is fake://: such a replica lives inside the server and cannot be reached from here."
        )
    return with_services(work)


@replica.command("status")
def replica_status() -> None:
    """How the replica stands beside the SQL log; exit status 1 when Redis does not answer."""

    async def heads(services: Services) -> tuple[Status, int]:
        status = await services.replica.status()
        log_head, _ = await services.reader.head()
        return status, log_head

    status, log_head = _with_replica(heads)
    shown = {"log_head": log_head, **msgspec.to_builtins(status)}
    click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    if not status.available:
        raise SystemExit(1)


@replica.command("verify")
def replica_verify() -> None:
    """Compare the whole replica with SQL; exit status 1 and a sentence for each difference."""
    findings = _with_replica(lambda services: services.replica.verify())
    for finding in findings:
        click.echo(finding)
    if findings:
        raise SystemExit(1)
    click.echo("The replica equals the log.")


@replica.command("rebuild")
def replica_rebuild() -> None:
    """Build the replica anew beside the old one and put it in its place."""
    _with_replica(lambda services: services.replica.rebuild())
    click.echo("The replica is rebuilt.")
