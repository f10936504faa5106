"""Development servers in processes of their own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from waiting import wait_until

READY_SECONDS = 60.0
STOP_SECONDS = 15.0


class Running:
    """A development server in a process of its own, with its things under `home`."""

    def __init__(self, command: list[str], home: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.output = home / f"output-{self.port}"
        settings = {"HUNT_PORT": str(self.port), "PYTHONUNBUFFERED": "1"} | environment
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=inherited | settings, cwd=home
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def is_announced(self) -> bool:
        return "Ctrl-C stops it." in self.said

    def get(self, path: str, token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=READY_SECONDS)

    def login(self, username: str) -> str:
        body = {"username": username, "password": "password"}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api/login", json=body, timeout=READY_SECONDS)
        token: str = answer.raise_for_status().json()["token"]
        return token

    def me(self, token: str) -> dict[str, Any]:
        state: dict[str, Any] = self.get("/api/me", token).raise_for_status().json()["state"]
        return state

    def wait_ready(self, within: float = READY_SECONDS) -> "Running":
        wait_until(lambda: self.process.poll() is not None or self.is_announced, within=within, what="readiness")
        assert self.process.poll() is None, self.said
        assert self.get("/health/ready").status_code == 200
        return self

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running(home: Path, *options: str, **environment: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "hunt.dev", "--home", str(home / ".dev"), *options]
    server = Running(command, home, **environment)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(STOP_SECONDS)
