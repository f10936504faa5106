"""`hunt serve` as a process: where it listens, and how it ends."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from apps import fresh_sqlite
from small_hunt import write_small_hunt
from waiting import wait_until

HUNT = Path(sys.executable).with_name("hunt")
START_SECONDS = 30.0


@pytest.fixture
def env(tmp_path: Path, redis_url: str) -> dict[str, str]:
    """Good settings, and a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "PATH": os.environ["PATH"],
        "HUNT_DATABASE_URL": asyncio.run(fresh_sqlite(tmp_path)),
        "HUNT_REDIS_URL": redis_url,
        "HUNT_CONTENT": str(write_small_hunt(tmp_path / "hunt")),
        "HUNT_SECRET_KEY": "s" * 32,
        "HUNT_PORT": str(port),
    }


@contextmanager
def serving(env: dict[str, str], command: Sequence[str | Path] = (HUNT, "serve")) -> Iterator[subprocess.Popen[str]]:
    """A server that answers."""
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            wait_until(lambda: answers(env), within=START_SECONDS, what="an answer")
            yield server
        finally:
            server.kill()


def answers(env: dict[str, str], host: str = "127.0.0.1") -> bool:
    try:
        return httpx.get(f"http://{host}:{env['HUNT_PORT']}/health/live").is_success
    except httpx.TransportError:
        return False


def refused(env: dict[str, str], **more: str) -> str:
    """The one line of a server that does not start."""
    told = subprocess.run([HUNT, "serve"], env=env | more, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.count("\n") == 1
    return told.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_told_by_its_setting(env: dict[str, str], workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        assert refused(env, HUNT_PORT=port, HUNT_WORKERS=workers).startswith(f"HUNT_PORT is {port}, ")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("host", ["256.1.1.1", "203.0.113.1", "no..host"])
def test_a_host_that_is_none_of_this_machine_is_told_by_its_setting(
    env: dict[str, str], host: str, workers: str
) -> None:
    assert refused(env, HUNT_HOST=host, HUNT_WORKERS=workers).startswith(f"HUNT_HOST is `{host}`, ")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_was_asked_to_stop_has_not_failed(
    env: dict[str, str], workers: str, number: signal.Signals
) -> None:
    with serving(env | {"HUNT_WORKERS": workers, "HUNT_HOST": "localhost"}) as server:
        server.send_signal(number)
        _, told = server.communicate(timeout=START_SECONDS)
        assert server.returncode == 0
        assert "Traceback" not in told


def test_a_secret_that_could_be_guessed_is_named_and_refused_where_the_server_is_public(env: dict[str, str]) -> None:
    with serving(env) as server:
        server.terminate()
        _, told = server.communicate(timeout=START_SECONDS)
    assert '"weak_secret"' in told
    assert "HUNT_SECRET_KEY could be guessed" in refused(env, HUNT_PUBLIC_URL="https://hunt.team-owls.org")


def test_workers_whose_supervisor_was_killed_leave_the_port(env: dict[str, str]) -> None:
    with serving(env | {"HUNT_WORKERS": "2"}) as server:
        server.kill()
        server.wait()
        wait_until(lambda: not answers(env), within=START_SECONDS, what="the end of the workers")
        with serving(env):
            pass


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("host", ["::", "0:0::0"])
@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_any_address_of_ipv6_is_any_of_ipv4_too(env: dict[str, str], host: str, workers: str) -> None:
    with serving(env | {"HUNT_HOST": host, "HUNT_WORKERS": workers}):
        assert answers(env, "[::1]")


def half_requests(port: int, stack: ExitStack) -> None:
    """Connections that want everything and finish nothing."""
    head = b"HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    for text in (
        b"",
        b"GET / HT",
        b"POST /api/login " + head + b"content-length: 50\r\n\r\n{",
        b"POST /api/login " + head + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"\x01\r\n\r\n",
        b"GET /ws " + head + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n",
        b"GET /login " + head + b"\r\n",
    ):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        client.sendall(text)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_half_requests_do_not_keep_a_server_from_stopping_and_every_line_is_json(
    env: dict[str, str], workers: str
) -> None:
    with serving(env | {"HUNT_WORKERS": workers}) as server, ExitStack() as stack:
        half_requests(int(env["HUNT_PORT"]), stack)
        assert answers(env)
        server.terminate()
        _, told = server.communicate(timeout=START_SECONDS)
    assert server.returncode == 0
    assert all(json.loads(line)["event"] for line in told.splitlines())


def test_where_few_files_may_be_open_clients_are_told_and_the_server_goes_on(env: dict[str, str]) -> None:
    command = ["sh", "-c", f"ulimit -n 200 && exec {HUNT} serve"]
    with serving(env, command) as server:
        with ExitStack() as stack:
            refused_by: list[bytes] = []
            for _ in range(190):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", int(env["HUNT_PORT"]))))
                client.settimeout(START_SECONDS)
                client.sendall(b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                refused_by.append(client.recv(100).split(b"\r\n")[0])
            assert {line.split()[1] for line in refused_by} == {b"200", b"503"}
        wait_until(lambda: answers(env), what="room for another connection")
        server.terminate()
        _, told = server.communicate(timeout=START_SECONDS)
    assert {"few_open_files", "connections_full"} <= {json.loads(line)["event"] for line in told.splitlines()}
