"""The development server's own process: the database made ready and filled, then the application."""

import asyncio
import multiprocessing
import socket
import sys
from multiprocessing.synchronize import Event

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from hunt import logs
from hunt.app import create_app, server_config
from hunt.content import Hunt, HuntUnreadable, Loaded, Problem, load
from hunt.dev import fixtures
from hunt.dev.fixtures import Fixtures
from hunt.dev.place import ACCOUNTS, Plan, complain, say
from hunt.headless import headless
from hunt.log.database import DatabaseAway, reason_of
from hunt.log.migrations import SchemaMismatch, migrate
from hunt.log.reset import reset
from hunt.settings import BadSetting, Settings

PROBLEMS_SHOWN = 20
"""Problems of the hunt folder that a start lists; `hunt check` lists them all."""

GRACE_SECONDS = 2
"""How long requests may go on after the server was asked to stop."""


def serve(plan: Plan, listener: socket.socket, ready: Event | None = None) -> int:
    """Serve until asked to stop; 0, or 1 where that cannot begin, which is then said in one sentence.

    `ready` is set as soon as requests are answered.
    """
    logs.configure()
    try:
        loaded = load(plan.settings.content)
        _show(loaded.problems)
        server = _Server(plan, loaded, ready)
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(server.fill_and_serve(listener))
    except HuntUnreadable as error:
        return complain(f"There is no hunt to serve in {plan.settings.content}: {error.problems[0]}")
    except SchemaMismatch as error:
        return complain(f"{error} With --reset a fresh one is made.")
    except (BadSetting, DatabaseAway, SQLAlchemyError, OSError) as error:
        return complain(f"{reason_of(error)}.")
    except KeyboardInterrupt:
        return 0
    return 0


def _show(problems: tuple[Problem, ...]) -> None:
    for problem in problems[:PROBLEMS_SHOWN]:
        say(str(problem))
    if len(problems) > PROBLEMS_SHOWN:
        say(f"… and {len(problems) - PROBLEMS_SHOWN} more: `hunt check` lists them all.")


async def _fill(plan: Plan, hunt: Hunt, accounts: Fixtures) -> bool:
    """Load the fixtures into an empty database; whether their accounts are in it."""
    async with headless(plan.settings, hunt) as services:
        loaded = await fixtures.load(services.accounts, accounts, extra_teams=plan.extra_teams)
        if plan.extra_teams and plan.fresh and not loaded:
            say("The database has teams already, so --teams adds none: use it together with --reset.")
        return all([await services.accounts.named("team", team.username) for team in accounts.teams])


def _greeting(settings: Settings, hunt: Hunt, accounts: Fixtures) -> str:
    """Where the server is, and who may log in."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://{host}:{settings.port}"
    lines = [f"{hunt.title} is on {here}/ (its API: {here}/api/schema)"]
    lines += [f"  log in as team `{team.username}` with password `{accounts.password}`" for team in accounts.teams]
    lines += [
        f"  or, by the API alone, as operator `{each.username}` with password `{accounts.password}`"
        for each in accounts.operators
    ]
    return "\n".join([*lines, "Ctrl-C stops it."])


class _Server(uvicorn.Server):
    """Fills the database before it serves, tells when it is ready, and ends when its supervisor has."""

    def __init__(self, plan: Plan, loaded: Loaded, ready: Event | None) -> None:
        config = server_config(create_app(plan.settings, loaded), plan.settings)
        config.timeout_graceful_shutdown = GRACE_SECONDS
        super().__init__(config)
        self._plan = plan
        self._hunt = loaded.hunt
        self._ready = ready
        self._greeting = "Ready again."

    async def fill_and_serve(self, listener: socket.socket) -> None:
        url = self._plan.settings.database_url
        if self._plan.reset:
            await reset(url)
        await migrate(url)
        accounts = fixtures.read(ACCOUNTS)
        known = await _fill(self._plan, self._hunt, accounts)
        if self._plan.fresh:
            self._greeting = _greeting(self._plan.settings, self._hunt, accounts if known else Fixtures(""))
        await self.serve(sockets=[listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if (supervisor := multiprocessing.parent_process()) is not None and sys.platform != "win32":
            asyncio.get_running_loop().add_reader(supervisor.sentinel, self._end)
        say(self._greeting)
        if self._ready is not None:
            self._ready.set()

    def _end(self) -> None:
        self.should_exit = True
