"""Keeps one server process running and replaces it when the code changes.

The supervisor owns the listening socket, so a browser that asks during a restart waits a moment instead of being
refused. It imports little, so that it is up at once.
"""

import argparse
import errno
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
from watchfiles import watch

from hunt.dev.place import ROOT, Plan, complain, prepare, say
from hunt.settings import BadSetting

BACKLOG = 2048
"""Connections that may wait while the server restarts."""

STOP_SECONDS = 4.0
"""How long a server may take to end after it was asked to; then it is killed."""

LOOK_MILLISECONDS = 200
"""How often the supervisor looks whether its server is still there."""

_spawn = multiprocessing.get_context("spawn")


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 when it was asked to stop, 1 when it cannot serve (and has said why)."""
    try:
        plan = _plan(arguments)
        listener = listen(plan.settings.host, plan.settings.port)
    except (BadSetting, CannotServe) as error:
        return complain(str(error))
    except OSError as error:
        return complain(f"{error.filename} cannot be written: {error.strerror}.")
    with listener:
        if plan.reload:
            return Supervisor(plan, listener).run()
        from hunt.dev.server import serve  # noqa: PLC0415 - the supervisor itself must not wait for all of the server

        return serve(plan, listener)


def _plan(arguments: Sequence[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m hunt.dev")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--reset", action="store_true")
    parser.add_argument("--no-reload", action="store_true")
    parser.add_argument("--teams", type=int, default=0)
    options = parser.parse_args(arguments)
    settings = prepare(os.environ, options.home, reset=options.reset)
    return Plan(settings=settings, reset=options.reset, reload=not options.no_reload, extra_teams=options.teams)


class CannotServe(Exception):
    """The address cannot be served on; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that processes started from here may use; CannotServe where that is impossible."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise CannotServe(f"{host} is no address of this machine: choose another one with --host.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere this would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotServe(_why_not(error, host, port)) from None
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if isinstance(error, PermissionError):
        return f"There is no permission to serve on port {port}: choose a port above 1023 with --port."
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop that one, or choose another port with --port."
    return f"{host} is no address of this machine: choose another one with --host."


class Supervisor:
    """Runs the server in a process of its own until it is asked to stop."""

    def __init__(self, plan: Plan, listener: socket.socket) -> None:
        self._plan = plan
        self._listener = listener
        self._stopping = threading.Event()
        self._ready = _spawn.Event()
        self._server: SpawnProcess | None = None

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopping.set())
        self._start()
        try:
            return self._watch()
        finally:
            self._end_server()

    def _watch(self) -> int:
        changes = watch(
            *(path for path in (ROOT / "src" / "hunt", ROOT / "migrations") if path.is_dir()),
            stop_event=self._stopping,
            rust_timeout=LOOK_MILLISECONDS,
            debounce=LOOK_MILLISECONDS,
            yield_on_timeout=True,
        )
        for changed in changes:
            if changed:
                self._restart(sorted(path for _, path in changed))
            elif self._server is not None and self._server.exitcode is not None:
                if not self._ready.is_set():
                    return self._server.exitcode
                self._server = None
                say("The server has stopped. It is started again when a file changes.")
        return 0

    def _restart(self, paths: list[str]) -> None:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        say(f"{os.path.relpath(paths[0], ROOT)}{more} changed: restarting.")
        self._end_server()
        self._start()

    def _start(self) -> None:
        self._server = _spawn.Process(target=_serve, args=(self._plan, self._listener, self._ready))
        with _interrupts_held():
            self._server.start()
        # What is wanted once only must not happen again when the code changes.
        self._plan = msgspec.structs.replace(self._plan, reset=False, fresh=False)

    def _end_server(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.terminate()
        server.join(STOP_SECONDS)
        if server.exitcode is None:
            server.kill()
            server.join()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; what is started in here leaves it to the supervisor."""
    if sys.platform == "win32":
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _serve(plan: Plan, listener: socket.socket, ready: Event) -> None:
    from hunt.dev.server import serve  # noqa: PLC0415 - imported in the server's process, with the code as it is now

    sys.exit(serve(plan, listener, ready))
