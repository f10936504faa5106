"""Commands that serve the hunt and prepare the database."""

import asyncio
import errno
import ipaddress
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import click
import structlog
import uvicorn
from litestar import Litestar
from uvicorn.supervisors import Multiprocess

from hunt import logs
from hunt.app import create_app, server_config
from hunt.cli.common import Failure, hunt_of
from hunt.content import Loaded
from hunt.content.problems import printable
from hunt.control import ask_all
from hunt.http.limits import LIMITS
from hunt.http.open_files import open_files, raise_open_files
from hunt.live.hub import MAX_SOCKETS
from hunt.log import migrations
from hunt.settings import BadSetting, Settings, content, database_url

STUBS_SHOWN = 5
"""Puzzles that are not written yet, named when that keeps the hunt from being served."""

WORKER_SECONDS = 60
"""How long a worker may be silent before it is replaced by another. To start takes long on a busy machine."""

LOOK_AGAIN_SECONDS = 1.0
"""How often a worker that waits looks whether the folder can be served."""

NOT_SERVED = (
    "The hunt has errors: nothing is served. Mend them, or put back the version of the folder that was served before."
)

logger = structlog.get_logger()


@click.command()
def serve() -> None:
    """Serve the hunt, with the settings from HUNT_* in the environment."""
    settings = Settings.from_environment(os.environ)
    loaded = _servable(settings)
    if settings.role != "live":
        asyncio.run(migrations.check_schema(settings.database_url))
    raise_open_files()
    logs.configure()
    if open_files() < MAX_SOCKETS + LIMITS.reserved_files:
        logger.warning("few_open_files", limit=open_files(), sockets=MAX_SOCKETS)
    listeners = _listen(settings.host, settings.port)
    if settings.workers == 1:
        _serve_alone(create_app(settings, loaded), settings, listeners)
    else:
        _serve_together(settings, listeners)


def _servable(settings: Settings) -> Loaded:
    """The hunt that is to be served. BadSetting and Failure where it is not ready for that."""
    loaded = hunt_of(settings)
    if loaded.errors:
        raise Failure("\n".join(map(str, [*loaded.errors, NOT_SERVED])))
    stubs = sorted(puzzle.slug for puzzle in loaded.hunt.puzzles.values() if puzzle.is_stub)
    if stubs and not settings.stubs:
        names = ", ".join(stubs[:STUBS_SHOWN]) + (", …" if len(stubs) > STUBS_SHOWN else "")
        are = "puzzle is" if len(stubs) == 1 else "puzzles are"
        raise BadSetting(f"{len(stubs)} {are} not written yet ({names}): write them, or set HUNT_STUBS to 1.")
    return loaded


def _listen(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of the host, bound but not listening yet. BadSetting where there is none to be had.

    `::` is every address of the machine, those of IPv4 too.
    """
    if _is_any_ipv6(host):
        host = ""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        found = []
    listeners: list[socket.socket] = []
    for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
        try:
            listeners.append(_bound(family, address))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise BadSetting(f"HUNT_PORT is {port}, which cannot be used: {error.strerror}.") from None
    if not listeners:
        raise BadSetting(f"HUNT_HOST is `{host}`, which is no address of this machine.")
    return listeners


def _is_any_ipv6(host: str) -> bool:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return found.version == 6 and found.is_unspecified  # noqa: PLR2004 - of the protocol


def _bound(family: int, address: Any) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _serve_alone(app: Litestar, settings: Settings, listeners: list[socket.socket]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them once more when it has stopped
        signal.signal(number, lambda *_: sys.exit())
    uvicorn.Server(server_config(app, settings)).run(listeners)


def _serve_together(settings: Settings, listeners: list[socket.socket]) -> None:
    config = server_config("hunt.cli.server:worker", settings, factory=True, workers=settings.workers)
    config.timeout_worker_healthcheck = WORKER_SECONDS
    Multiprocess(config, sockets=listeners).run()


def worker() -> Litestar:
    """The application of one of several processes, which ends when the one that started it has, in whatever way.

    A worker that takes the place of another may find the folder as it cannot be served. It waits until it can be: the
    others still play what they have in memory.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor,), daemon=True).start()
    settings = Settings.from_environment(os.environ)
    reason = ""
    while True:
        try:
            return create_app(settings, _servable(settings))
        except (BadSetting, Failure) as error:
            again, reason = reason, str(error)
        if reason != again:
            logs.configure()
            logger.error("worker_waits", reason=reason)
        time.sleep(LOOK_AGAIN_SECONDS)


def _end_after(supervisor: BaseProcess) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema. Safe when several copies start at once."""
    asyncio.run(migrations.migrate(database_url(os.environ)))
    click.echo("The database is up to date.")


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
def reload(folder: Path | None) -> None:
    """Have the servers of this machine that play a hunt folder (HUNT_CONTENT) take it over as it is now.

    What cannot be played stays as it was, and the exit status is 1. Only the servers of the same user are reached.
    """
    folder = folder or content(os.environ)
    answers = asyncio.run(ask_all(folder))
    if not answers:
        raise Failure(f"No server of this user plays {folder} on this machine, so there is nothing to reload.")
    taken_over = [answer.taken_over for answer in answers if answer.taken_over is not None]
    failures = [answer.failure for answer in answers if answer.taken_over is None]
    lines = [line for each in taken_over for line in (*each.problems, *each.changes, *each.verdicts)]
    for line in dict.fromkeys([*lines, *failures]):
        click.echo(printable(line))
    count = f"{len(taken_over)} process" + ("" if len(taken_over) == 1 else "es")
    unchanged = "" if any(each.changes for each in taken_over) else " Nothing has changed."
    click.echo(f"{count} took the folder over.{unchanged}")
    if failures or any(each.errors for each in taken_over):
        raise SystemExit(1)
