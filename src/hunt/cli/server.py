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
from multiprocessing.process import BaseProcess
from typing import Any

import click
import structlog
import uvicorn
from litestar import Litestar
from uvicorn.supervisors import Multiprocess

from hunt import logs
from hunt.app import create_app, from_environment, server_config
from hunt.cli.common import Failure, hunt_of
from hunt.content import Loaded
from hunt.http.limits import LIMITS
from hunt.http.open_files import open_files, raise_open_files
from hunt.live.hub import MAX_SOCKETS
from hunt.log import migrations
from hunt.settings import BadSetting, Settings, database_url

logger = structlog.get_logger()

STUBS_SHOWN = 5
"""Puzzles that are not written yet, named when that keeps the hunt from being served."""


@click.command()
def serve() -> None:
    """Serve the hunt, with the settings from HUNT_* in the environment."""
    settings = Settings.from_environment(os.environ)
    loaded = hunt_of(settings)
    _check_servable(loaded, settings)
    if settings.role != "live":
        asyncio.run(migrations.check_schema(settings.database_url))
    raise_open_files()
    logs.configure()
    if open_files() < MAX_SOCKETS + LIMITS.reserved_files:
        logger.warning("few_open_files", limit=open_files(), sockets=MAX_SOCKETS)
    listeners = _listen(settings.host, settings.port)
    if settings.workers == 1:
        _serve_alone(create_app(settings, loaded.hunt), settings, listeners)
    else:
        _serve_together(settings, listeners)


def _check_servable(loaded: Loaded, settings: Settings) -> None:
    if loaded.errors:
        raise Failure("\n".join(map(str, [*loaded.errors, "The hunt has errors: nothing is served."])))
    stubs = sorted(puzzle.slug for puzzle in loaded.hunt.puzzles.values() if puzzle.is_stub)
    if stubs and not settings.stubs:
        names = ", ".join(stubs[:STUBS_SHOWN]) + (", …" if len(stubs) > STUBS_SHOWN else "")
        raise BadSetting(f"{len(stubs)} puzzles are not written yet ({names}): write them, or set HUNT_STUBS to 1.")


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
    Multiprocess(config, sockets=listeners).run()


def worker() -> Litestar:
    """The application of one of several processes, which ends when the one that started it has, in whatever way."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor,), daemon=True).start()
    return from_environment()


def _end_after(supervisor: BaseProcess) -> None:
    supervisor.join()
    os.kill(os.getpid(), signal.SIGTERM)


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema. Safe when several copies start at once."""
    asyncio.run(migrations.migrate(database_url(os.environ)))
    click.echo("The database is up to date.")
