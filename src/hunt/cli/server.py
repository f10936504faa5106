"""Commands that serve the hunt and prepare the database."""

import asyncio
import os

import click
import uvicorn
from litestar import Litestar
from uvicorn.supervisors import Multiprocess

from hunt.app import create_app, server_config
from hunt.cli.common import CommandFailed, plainly
from hunt.content import Loaded, load
from hunt.log import migrations
from hunt.settings import BadSetting, Settings, database_url

STUBS_SHOWN = 5
"""Puzzles that are not written yet, named when that keeps the hunt from being served."""


@click.command()
def serve() -> None:
    """Serve the hunt, with the settings from HUNT_* in the environment."""
    with plainly():
        settings = Settings.from_environment(os.environ)
        loaded = load(settings.content)
        _check_servable(loaded, settings)
        if settings.role != "live":
            asyncio.run(migrations.check_schema(settings.database_url))
        if settings.workers == 1:
            _serve_alone(create_app(settings, loaded.hunt), settings)
        else:
            _serve_together(settings)


def _check_servable(loaded: Loaded, settings: Settings) -> None:
    if loaded.errors:
        raise CommandFailed("\n".join(map(str, [*loaded.errors, "The hunt has errors: nothing is served."])))
    stubs = sorted(puzzle.slug for puzzle in loaded.hunt.puzzles.values() if puzzle.is_stub)
    if stubs and not settings.stubs:
        names = ", ".join(stubs[:STUBS_SHOWN]) + (", …" if len(stubs) > STUBS_SHOWN else "")
        raise BadSetting(f"{len(stubs)} puzzles are not written yet ({names}): write them, or set HUNT_STUBS to 1.")


def _serve_alone(app: Litestar, settings: Settings) -> None:
    uvicorn.Server(server_config(app, settings)).run()


def _serve_together(settings: Settings) -> None:
    config = server_config("hunt.app:from_environment", settings, factory=True, workers=settings.workers)
    listener = config.bind_socket()
    Multiprocess(config, sockets=[listener]).run()


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema. Safe when several copies start at once."""
    with plainly():
        asyncio.run(migrations.migrate(database_url(os.environ)))
    click.echo("The database is up to date.")
