"""The command `hunt`."""

import asyncio
import csv
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
import msgspec
import uvicorn
from litestar import Litestar
from sqlalchemy.exc import SQLAlchemyError
from uvicorn.supervisors import Multiprocess

from hunt import logs
from hunt.accounts.errors import BadAccount
from hunt.app import create_app, server_config
from hunt.content import HuntUnreadable, Loaded, load
from hunt.game.entries import BrokenChain
from hunt.game.play import BadAction, Game, Unreadable, read_action
from hunt.game.refusals import Refused
from hunt.log import transfer
from hunt.log.database import DatabaseAway, connect
from hunt.log.migrations import SchemaMismatch, check_schema, migrate
from hunt.log.reader import LogReader
from hunt.log.writer import Unavailable
from hunt.replica import Away, LogAway, RebuildFailed
from hunt.services import Services, build, writing
from hunt.settings import BadSetting, Settings

T = TypeVar("T")

FORESEEN = (
    BadSetting,
    BadAccount,
    Refused,
    DatabaseAway,
    SchemaMismatch,
    SQLAlchemyError,
    Unavailable,
    BrokenChain,
    transfer.NotEmpty,
    transfer.BadLine,
    Away,
    LogAway,
    RebuildFailed,
    OSError,
    UnicodeDecodeError,
    csv.Error,
)
"""What a person can get wrong, or a machine; told in a sentence."""

PASSWORD_BYTES = 9


class Finding(click.ClickException):
    """Ends a command with exit status 1 and a sentence."""

    def show(self, file: TextIO | None = None) -> None:  # type: ignore[override] # click says IO[Any]
        click.echo(self.message, file=file or sys.stderr)


@contextmanager
def plainly() -> Iterator[None]:
    """Turns what was foreseen into a sentence."""
    try:
        yield
    except HuntUnreadable as error:
        raise Finding("\n".join(map(str, error.problems))) from None
    except FORESEEN as error:
        raise Finding(str(error) or type(error).__name__) from None


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


def _run(work: Coroutine[Any, Any, T]) -> T:
    with plainly():
        return asyncio.run(work)


async def _with_services(work: Callable[[Services], Awaitable[T]]) -> T:
    """Do something with the log and its writer, beside a server that may be running."""
    settings = _settings()
    services = build(settings, load(settings.content).hunt, lambda _name, _value: "")
    async with writing(services):
        return await work(services)


def _with_accounts(work: Callable[[Services], Awaitable[T]]) -> T:
    return _run(_with_services(work))


@click.group()
@click.version_option(package_name="hunt")
def main() -> None:
    """A puzzle-hunt server: a folder of files becomes a live weekend of puzzles."""
    logs.configure()


# --- the server


@main.command()
def serve() -> None:
    """Serve the hunt, with the settings from HUNT_* in the environment."""
    with plainly():
        settings = _settings()
        _check_servable(load(settings.content), settings)
        asyncio.run(check_schema(settings.database_url))
        if settings.workers == 1:
            _serve_alone(create_app(settings), settings)
        else:
            _serve_together(settings)


def _check_servable(loaded: Loaded, settings: Settings) -> None:
    if loaded.errors:
        raise Finding("\n".join(map(str, [*loaded.errors, "The hunt has errors: nothing is served."])))
    stubs = sorted(puzzle.slug for puzzle in loaded.hunt.puzzles.values() if puzzle.is_stub)
    if stubs and not settings.stubs:
        names = ", ".join(stubs[:STUBS_SHOWN]) + (", …" if len(stubs) > STUBS_SHOWN else "")
        raise BadSetting(f"{len(stubs)} puzzles are not written yet ({names}): write them, or set HUNT_STUBS to 1.")


STUBS_SHOWN = 5


def _serve_alone(app: Litestar, settings: Settings) -> None:
    uvicorn.Server(server_config(app, settings)).run()


def _serve_together(settings: Settings) -> None:
    config = server_config("hunt.app:from_environment", settings, factory=True, workers=settings.workers)
    listener = config.bind_socket()
    Multiprocess(config, sockets=[listener]).run()


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema. Safe when several copies start at once."""
    with plainly():
        url = os.environ.get("HUNT_DATABASE_URL", "")
        if not url:
            raise BadSetting("HUNT_DATABASE_URL is not set: it says where the log is kept.")
        asyncio.run(migrate(url))
        click.echo("The database is up to date.")


# --- for authors

FOLDER = click.Path(path_type=Path, file_okay=False)


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
def check(folder: Path) -> None:
    """Read a hunt folder and print every error and warning in it; exit status 1 on an error."""
    with plainly():
        loaded = load(folder)
    for problem in loaded.problems:
        click.echo(str(problem))
    hunt = loaded.hunt
    counts = f"{len(hunt.rounds)} rounds, {len(hunt.slots)} puzzles"
    click.echo(f"{hunt.title}: {counts}, {len(loaded.errors)} errors, {len(loaded.warnings)} warnings.")
    if loaded.errors:
        raise SystemExit(1)


@main.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("file", metavar="[FILE|-]", type=click.File(), default="-")
def play(folder: Path, file: TextIO) -> None:
    """Play JSON Lines of actions against a hunt folder and print the team's state after each."""
    with plainly():
        loaded = load(folder)
        for problem in loaded.problems:
            click.echo(str(problem), err=True)
        game = Game(loaded.hunt)
        for number, line in enumerate(file, start=1):
            if line.strip():
                _play_line(game, number, line)


def _play_line(game: Game, number: int, line: str) -> None:
    try:
        said = game.play(read_action(line))
    except BadAction as error:
        said = str(error)
    except Unreadable as error:
        raise Finding(f"line {number} is not JSON: {error}") from None
    if said:
        click.echo(f"line {number}: {said}", err=True)
    click.echo(msgspec.json.encode(game.state).decode())


# --- accounts


@main.group()
def teams() -> None:
    """The teams' accounts."""


PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="At least 8 characters."
)


@teams.command("add")
@click.argument("username")
@click.option("--name", help="The name that others see; the user name unless given.")
@PASSWORD
def add_team(username: str, name: str | None, password: str) -> None:
    """Register a team."""
    team_id, _ = _with_accounts(lambda services: services.accounts.register(username, name or username, password))
    click.echo(f"Team {team_id}: {username}")


@teams.command("list")
def list_teams() -> None:
    """All teams: id, user name, name, and whether deactivated."""

    async def states(services: Services) -> list[tuple[int, str, str, bool]]:
        board = services.tail.board.teams
        rows = await services.accounts.teams()
        return [(row.id, row.username, row.name, row.id in board and board[row.id].active) for row in rows]

    for team_id, username, name, active in _with_accounts(states):
        click.echo("\t".join([str(team_id), username, name, *([] if active else ["(deactivated)"])]))


@teams.command("import")
@click.argument("file", metavar="FILE.csv", type=click.File(encoding="utf-8-sig"))
def import_teams(file: TextIO) -> None:
    """Register the teams of a CSV file with the columns username, name, password; no password makes one up."""
    with plainly():
        rows = list(csv.DictReader(file))
    if not rows or "username" not in rows[0]:
        raise Finding("The file needs a header line with username, name and password.")

    async def register(services: Services) -> None:
        with click.progressbar(rows, label="Registering", file=sys.stderr) as progress:
            for row in progress:
                await _register_row(services, row)

    _with_accounts(register)
    click.echo(f"{len(rows)} teams registered.", err=True)


async def _register_row(services: Services, row: dict[str, str]) -> None:
    username, password = row["username"] or "", row.get("password") or ""
    made_up = "" if password else secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        await services.accounts.register(username, row.get("name") or username, password or made_up)
    except (BadAccount, Refused) as error:
        raise Finding(
            f"{username}: {error} The teams above are registered; this line and those below are not."
        ) from None
    if made_up:  # told as soon as it counts, for nobody can look it up later
        click.echo(f"{username}\t{made_up}")


async def _team_id(services: Services, username: str) -> int:
    row = await services.accounts.team_named(username)
    if row is None:
        raise Finding(f"There is no team with the user name {username}.")
    return row.id


@teams.command("deactivate")
@click.argument("username")
def deactivate_team(username: str) -> None:
    """End a team's sessions and let it neither log in nor play."""

    async def deactivate(services: Services) -> None:
        await services.accounts.set_active(await _team_id(services, username), active=False)

    _with_accounts(deactivate)
    click.echo(f"{username} is deactivated.")


@teams.command("set-password")
@click.argument("username")
@PASSWORD
def set_team_password(username: str, password: str) -> None:
    """Give a team another password; its sessions end."""

    async def store(services: Services) -> None:
        await services.accounts.set_password("team", await _team_id(services, username), password)

    _with_accounts(store)
    click.echo(f"{username} has a new password.")


@main.group()
def operators() -> None:
    """The accounts of headquarters."""


@operators.command("add")
@click.argument("username")
@PASSWORD
def add_operator(username: str, password: str) -> None:
    """Add somebody to headquarters."""
    _with_accounts(lambda services: services.accounts.add_operator(username, password))
    click.echo(f"Operator {username} added.")


@operators.command("list")
def list_operators() -> None:
    """All operators."""
    for row in _with_accounts(lambda services: services.accounts.operators()):
        click.echo(f"{row.id}\t{row.username}")


@operators.command("set-password")
@click.argument("username")
@PASSWORD
def set_operator_password(username: str, password: str) -> None:
    """Give an operator another password; their sessions end."""

    async def store(services: Services) -> None:
        row = await services.accounts.operator_named(username)
        if row is None:
            raise Finding(f"There is no operator with the user name {username}.")
        await services.accounts.set_password("operator", row.id, password)

    _with_accounts(store)
    click.echo(f"{username} has a new password.")


# --- the log and its replica


@main.group("log")
def log_group() -> None:
    """The activity log as JSON Lines."""


async def _with_log(work: Callable[[Any], Awaitable[T]]) -> T:
    settings = _settings()
    await check_schema(settings.database_url)
    engine = connect(settings.database_url)
    try:
        return await work(engine)
    finally:
        await engine.dispose()


@log_group.command("export")
@click.argument("file", metavar="FILE|-", type=click.File("w", lazy=False))
def export_log(file: TextIO) -> None:
    """Write every entry as a line of JSON."""
    count = _run(_with_log(lambda engine: transfer.export(engine, file)))
    click.echo(f"{count} entries written.", err=True)


@log_group.command("import")
@click.argument("file", metavar="FILE", type=click.File())
def import_log(file: TextIO) -> None:
    """Fill an empty log from a file; a broken chain is refused whole."""
    count = _run(_with_log(lambda engine: transfer.load(engine, file)))
    click.echo(f"{count} entries read.", err=True)


@log_group.command("verify")
def verify_log() -> None:
    """Recompute the digest chain; exit status 1 and the first bad id where it does not hold."""
    head, digest = _run(_with_log(transfer.verify))
    click.echo(f"{head} entries, all in order; the digest at the head is {digest}.")


@main.group()
def replica() -> None:
    """The copy of the log in Redis."""


def _with_replica(work: Callable[[Services], Awaitable[T]]) -> T:
    if os.environ.get("HUNT_REDIS_URL", "fake://").startswith("fake://"):
        raise Finding(
            "HUNT_REDIS_URL is fake://: such a replica lives inside the server and cannot be reached from here."
        )
    return _run(_with_services(work))


@replica.command("status")
def replica_status() -> None:
    """How the replica stands beside the SQL log; exit status 1 when Redis does not answer."""
    status = _with_replica(lambda services: services.replica.status())
    head, _ = _run(_with_log(_log_head))
    click.echo(msgspec.json.format(msgspec.json.encode({"log_head": head, **msgspec.to_builtins(status)})).decode())
    if not status.available:
        raise SystemExit(1)


async def _log_head(engine: Any) -> tuple[int, str]:
    return await LogReader(engine).head()


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
