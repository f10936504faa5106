"""PostgreSQL, Redis and the servers between them, all of them this run's own and all to be broken."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from msgspec import Struct

from benchmarks import REPOSITORY
from benchmarks.faults.proxy import Proxy
from benchmarks.stage import free_port
from servers import PostgresServer, RedisServer

HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 8.0
POLL_SECONDS = 0.05
OUTPUT_CHARACTERS = 2000
"""Of what a server said that does not start."""

PROBE_SECONDS = 1.0
"""How long a health check may take."""

CANCEL_AGAIN_SECONDS = 0.5

SOCKET_NAME = ".s.PGSQL.5432"
"""How a client of PostgreSQL calls the socket in the folder that it is given."""


class DidNotStart(Exception):
    """A server of the cluster does not come up; the message names it and holds the end of what it said."""


async def until(condition: Callable[[], Awaitable[bool]], within: float) -> bool:
    """Wait until the condition holds; False where it does not within so many seconds."""
    deadline = time.monotonic() + within
    while not (met := await condition()) and time.monotonic() < deadline:  # noqa: ASYNC110 - it is others' doing
        await asyncio.sleep(POLL_SECONDS)
    return met


async def ended(tasks: Sequence[asyncio.Task[Any]]) -> list[Any]:
    """Cancel them until they have ended, for a library may swallow one cancel; what each gave, or what it raised."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_SECONDS)
    return await asyncio.gather(*tasks, return_exceptions=True)


class Tempo(Struct, frozen=True, kw_only=True):
    """Settings of the servers that say how soon they notice things."""

    reconcile_seconds: float = 1.0
    scrub_entries_per_second: int = 4000
    slow_seconds: float = 2.0
    head_seconds: float = 3.0


class Process:
    """One server, started again on the same port whenever it has ended."""

    def __init__(self, name: str, environment: dict[str, str], arguments: list[str], folder: Path) -> None:
        self.name = name
        self.port = int(environment["HUNT_PORT"])
        self.control = folder / name
        self.control.mkdir()
        self.output = folder / f"{name}.log"
        self.starts = 0
        self.complaints: list[str] = []
        self._environment = environment
        self._command = [sys.executable, "-m", "benchmarks.faults.launch", "--control", str(self.control), *arguments]
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def writes(self) -> bool:
        return self._environment["HUNT_ROLE"] != "live"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        code = None if self._running is None else self._running.poll()
        if code is not None and code <= 0 and code != -signal.SIGKILL:  # others are told in its output
            self.complaints.append(f"{self.name} ended with status {code}, and nobody had asked for that")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
        self.starts += 1
        with self.output.open("ab") as output:
            self._running = subprocess.Popen(
                self._command, env=inherited | self._environment, cwd=REPOSITORY, stdout=output, stderr=output
            )

    def kill(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait(STOP_SECONDS)

    def ask(self, name: str, text: str = "") -> None:
        """Put a file into the control folder, whole."""
        draft = self.control / f".{name}"
        draft.write_text(text)
        draft.rename(self.control / name)

    def ask_no_more(self, name: str) -> None:
        (self.control / name).unlink(missing_ok=True)

    async def is_ready(self, client: httpx.AsyncClient) -> bool:
        health = await self._health(client)
        return health is not None and health.is_success

    async def knows(self, id: int, client: httpx.AsyncClient) -> bool:
        """Whether it stands at this entry of the log."""
        health = await self._health(client)
        return health is not None and bool(health.json().get("feed_head") == id)

    async def _health(self, client: httpx.AsyncClient) -> httpx.Response | None:
        try:
            return await client.get(f"{self.url}/health/ready", timeout=PROBE_SECONDS)
        except httpx.HTTPError:
            return None


class Cluster:
    """Everything that runs. `processes` are two that write, and one for sockets only where the server can do that."""

    def __init__(self, *, live: bool, tempo: Tempo, plant: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="hunt-faults-"))
        self.content = self.folder / "hunt"
        self.tempo = tempo
        self.service_token = secrets.token_hex(16)
        self.secret_key = secrets.token_hex(16)
        self.postgres = PostgresServer()
        self.redis = RedisServer()
        self.sql_proxy = Proxy(self.folder / SOCKET_NAME, self.postgres.folder / SOCKET_NAME)
        self.redis_proxy = Proxy(self.folder / "redis.sock", self.redis.socket)
        self.database = ""
        self.processes: list[Process] = []
        self.client = httpx.AsyncClient(trust_env=False)
        self._live = live
        self._plant = plant
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> float:
        """Bring everything up; how long the servers took, in seconds, from both migrating an empty database at once."""
        await asyncio.gather(asyncio.to_thread(self.postgres.start), asyncio.to_thread(self.redis.start))
        self.database = await asyncio.to_thread(self.postgres.database)
        await self.sql_proxy.start()
        await self.redis_proxy.start()
        self.processes = self._planned()
        began = time.monotonic()
        writers = [process for process in self.processes if process.writes]
        for process in writers:
            process.start()
        await self.all_ready(writers)
        took = time.monotonic() - began
        for process in self.processes:
            if not process.writes:
                process.start()
        self._watching = asyncio.create_task(self._keep_running())
        return took

    def _planned(self) -> list[Process]:
        tempo = self.tempo
        arguments = ["--slow-seconds", str(tempo.slow_seconds), "--head-seconds", str(tempo.head_seconds)]
        arguments += ["--plant", self._plant] if self._plant else []
        ports = [free_port() for _ in range(3)]
        roles = ("all", "all", "live" if self._live else "all")
        return [
            Process(
                f"{role}-{number}",
                self._environment(role, port, ports[0]),
                arguments + (["--migrate"] if role == "all" else []),
                self.folder,
            )
            for number, (role, port) in enumerate(zip(roles, ports, strict=True), 1)
        ]

    def _environment(self, role: str, port: int, log_port: int) -> dict[str, str]:
        given = {
            "REDIS_URL": f"unix://{self.redis_proxy.path}",
            "CONTENT": str(self.content),
            "SECRET_KEY": self.secret_key,
            "SERVICE_TOKEN": self.service_token,
            "HOST": HOST,
            "PORT": str(port),
            "ROLE": role,
            "STUBS": "1",
            "RECONCILE_SECONDS": str(self.tempo.reconcile_seconds),
            "SCRUB_ENTRIES_PER_SECOND": str(self.tempo.scrub_entries_per_second),
        }
        if role == "live":
            given["LOG_URL"] = f"http://{HOST}:{log_port}"
        else:
            given["DATABASE_URL"] = f"postgresql+asyncpg://postgres@/{self.database}?host={self.folder}"
        return {f"HUNT_{name}": value for name, value in given.items()}

    @property
    def writers(self) -> list[Process]:
        return [process for process in self.processes if process.writes]

    @property
    def database_url(self) -> str:
        """The database without the proxy between."""
        return self.postgres.url(self.database)

    async def all_ready(self, processes: list[Process] | None = None) -> None:
        """Raises DidNotStart where that takes too long."""
        if unready := await self.unready(START_SECONDS, processes):
            said = "\n".join(process.output.read_text()[-OUTPUT_CHARACTERS:] for process in unready)
            raise DidNotStart(f"{', '.join(process.name for process in unready)}: {said}")

    async def unready(self, within: float, processes: list[Process] | None = None) -> list[Process]:
        """Those that are not ready within so many seconds."""
        asked = self.processes if processes is None else processes
        ready = await asyncio.gather(*(until(partial(process.is_ready, self.client), within) for process in asked))
        return [process for process, is_ready in zip(asked, ready, strict=True) if not is_ready]

    async def _keep_running(self) -> None:
        """What an init system does: start again whatever has ended."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for process in self.processes:
                if not process.is_running:
                    process.start()

    async def close(self) -> None:
        if self._watching:
            await ended([self._watching])
        for process in self.processes:
            process.kill()
        await self.client.aclose()
        await self.sql_proxy.close()
        await self.redis_proxy.close()
        await asyncio.to_thread(self.postgres.close)
        await asyncio.to_thread(self.redis.close)
        shutil.rmtree(self.folder, ignore_errors=True)


@asynccontextmanager
async def running_cluster(*, live: bool, tempo: Tempo, plant: str | None = None) -> AsyncIterator[Cluster]:
    """A cluster whose servers are still to be started."""
    cluster = Cluster(live=live, tempo=tempo, plant=plant)
    try:
        yield cluster
    finally:
        await cluster.close()
