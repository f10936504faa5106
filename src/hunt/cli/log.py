"""Commands for the log and its replica."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TextIO, TypeVar

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from hunt.cli.common import Failure
from hunt.log import transfer
from hunt.log.database import connect
from hunt.log.migrations import check_schema
from hunt.log.reader import LogReader
from hunt.replica import Away, RebuildFailed, Replica, Status
from hunt.replica import connect as connect_redis
from hunt.settings import FAKE_REDIS, Settings, database_url

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

    return asyncio.run(inside())


@log.command("export")
@click.argument("file", metavar="FILE|-", type=click.Path(dir_okay=False, allow_dash=True))
def export_log(file: str) -> None:
    """Write every entry as a line of JSON."""

    async def write(engine: AsyncEngine) -> int:
        with click.open_file(file, "w", encoding="utf-8") as lines:
            return await transfer.export(engine, lines)

    count = _with_database(write)
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


def _with_replica(work: Callable[[Replica, LogReader], Awaitable[T]]) -> T:
    settings = Settings.from_environment(os.environ)
    if settings.redis_url.startswith(FAKE_REDIS):
        raise Failure(
            "HUNT_REDIS_URL is fake://: such a replica lives inside the server and cannot be reached from here."
        )

    async def inside(engine: AsyncEngine) -> T:
        redis, log = connect_redis(settings.redis_url), LogReader(engine)
        replica = Replica(redis, log, settings.secret_key)
        try:
            return await work(replica, log)
        except (Away, RebuildFailed) as error:
            raise Failure(str(error)) from None
        finally:
            await replica.aclose()
            await redis.aclose()

    return _with_database(inside)


@replica.command("status")
def replica_status() -> None:
    """How the replica stands beside the SQL log; exit status 1 when Redis does not answer."""

    async def heads(replica: Replica, log: LogReader) -> tuple[Status, int]:
        log_head, _ = await log.head()
        return await replica.status(), log_head

    status, log_head = _with_replica(heads)
    shown = {"log_head": log_head, **msgspec.to_builtins(status)}
    click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    if not status.available:
        raise SystemExit(1)


@replica.command("verify")
def replica_verify() -> None:
    """Compare the whole replica with SQL; exit status 1 and a sentence for each difference."""
    findings = _with_replica(lambda replica, _log: replica.verify())
    for finding in findings:
        click.echo(finding)
    if findings:
        raise SystemExit(1)
    click.echo("The replica equals the log.")


@replica.command("rebuild")
def replica_rebuild() -> None:
    """Build the replica anew beside the old one and put it in its place."""
    _with_replica(lambda replica, _log: replica.rebuild())
    click.echo("The replica is rebuilt.")
