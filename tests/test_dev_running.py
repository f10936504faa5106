"""The server that `python devserver.py` runs: first and second start, what it says, code and content that change."""

import asyncio
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest

from dev_process import READY_SECONDS, Running, running
from hunt.dev.place import ROOT
from hunt.log.migrations import migrate
from servers import CannotRun, need
from waiting import wait_until

INSTALL_SECONDS = 600.0
UNTRACKED = shutil.ignore_patterns(
    ".venv", ".dev", ".git", ".*_cache", ".hypothesis", "__pycache__", "tests", "benchmarks"
)


def test_the_first_start_begins_the_hunt_and_the_second_goes_on_with_it(tmp_path: Path) -> None:
    with running(tmp_path, "--teams", "2") as server:
        said = server.wait_ready().said
        assert f"http://127.0.0.1:{server.port}/" in said
        assert all(f"`{name}`" in said for name in ("team", "rivals", "hq", "password"))
        token = server.login("team")
        assert server.me(server.login("load0002"))["rounds"]
        state = server.me(token)
        assert "hunt_started" in state["gates_satisfied"]
        assert any(puzzle["lock"] == "unlocked" and not puzzle.get("answer") for puzzle in state["puzzles"].values())
        assert server.end() == 0
    with running(tmp_path, "--no-reload") as server:
        assert server.wait_ready().me(token)["epoch"] == state["epoch"]
        server.end()
    with running(tmp_path, "--reset") as server:
        server.wait_ready()
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            server.me(token)


def test_a_broken_hunt_is_told_and_played_all_the_same(tmp_path: Path) -> None:
    hunt = tmp_path / "hunt"
    hunt.mkdir()
    slot = "[{id: first, unlocked_if: {gate_satisfied: hunt_strated}}]"
    (hunt / "hunt.yaml").write_text(
        f"title: Broken\nrounds:\n  - {{slug: one, title: One, unlock_if: [], puzzles: {slot}, gates: [{{id: hunt_started}}]}}\n"
    )
    with running(tmp_path, HUNT_CONTENT=str(hunt)) as server:
        assert "did you mean `hunt_started`?" in server.wait_ready().said
        assert server.me(server.login("team"))["rounds"]


def said_instead(home: Path, *options: str, **environment: str) -> str:
    """What a start says that cannot serve; one sentence on one line."""
    with running(home, *options, **environment) as server:
        assert server.process.wait(READY_SECONDS) == 1
        assert server.said.count("\n") == 1, server.said
        return server.said


def test_a_hunt_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "hunt.yaml").write_text("title: [")
    assert said_instead(tmp_path, HUNT_CONTENT=str(tmp_path)).startswith("There is no hunt to serve in ")


def test_a_schema_from_a_newer_version_is_one_sentence(tmp_path: Path, sqlite_url: str) -> None:
    asyncio.run(migrate(sqlite_url))
    connection = sqlite3.connect(tmp_path / "hunt.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "newer version" in said_instead(tmp_path, HUNT_DATABASE_URL=sqlite_url)
    with running(tmp_path, "--reset", HUNT_DATABASE_URL=sqlite_url) as server:
        server.wait_ready()


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    assert said_instead(tmp_path, HUNT_DATABASE_URL="mysql://").startswith("HUNT_DATABASE_URL ")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".dev").touch()
    assert ".dev cannot be written" in said_instead(tmp_path)


def test_it_serves_postgres_and_redis_too(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    for option in ([], ["--reset"]):
        with running(tmp_path, *option, HUNT_DATABASE_URL=postgres_url, HUNT_REDIS_URL=redis_url) as server:
            assert server.wait_ready().me(server.login("rivals"))["rounds"]
            assert server.end(signal.SIGTERM) == 0


# --- a checkout on a machine with nothing but Python


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout in which the environment was made by the one command."""
    folder = tmp_path_factory.mktemp("fresh") / "checkout"
    shutil.copytree(ROOT, folder, ignore=UNTRACKED)
    server = start(folder)
    try:
        wait_until(
            lambda: server.process.poll() is not None or server.is_announced, within=INSTALL_SECONDS, what="the install"
        )
        if "No package index" in server.said:
            need(CannotRun("no package index can be reached"))
        assert server.is_announced, server.said
        assert server.end() == 0
    finally:
        server.process.kill()
    return folder


def start(folder: Path, *options: str) -> Running:
    """The command as a person types it, with the machine's own Python."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    return Running([str(python), str(folder / "devserver.py"), *options], folder.parent)


def test_a_second_start_installs_nothing(checkout: Path) -> None:
    assert (checkout / ".venv" / "bin" / "hunt").exists()
    server = start(checkout)
    try:
        server.wait_ready()
        assert "Installing" not in server.said
        assert server.end() == 0
    finally:
        server.process.kill()


def test_code_that_changes_is_served_and_nobody_is_refused_meanwhile(checkout: Path) -> None:
    code = checkout / "src" / "hunt" / "api" / "system.py"
    good = code.read_text()
    server = start(checkout).wait_ready()
    try:
        code.write_text(good + "\n\n# changed\n")
        wait_until(lambda: server.get("/health/live").is_success and "Ready again." in server.said)
        code.write_text(good + "\n\nthis is no Python\n")
        wait_until(lambda: "started again when a file changes" in server.said)
        code.write_text(good)
        wait_until(lambda: server.said.count("Ready again.") == 2)
        assert server.get("/health/ready").is_success
        assert server.end(signal.SIGTERM) == 0
    finally:
        code.write_text(good)
        server.process.kill()


def test_content_that_changes_is_served(checkout: Path) -> None:
    server = start(checkout, "--reset").wait_ready()
    try:
        token = server.login("team")
        slug = next(slug for slug, puzzle in server.me(token)["puzzles"].items() if puzzle["lock"] == "unlocked")
        written = next((checkout / "fixtures" / "demo" / "puzzles" / slug).glob("puzzle.[mh][dt]*"))
        written.write_text(written.read_text() + "\nA line that was not there before.\n")
        wait_until(lambda: "not there before" in server.get(f"/puzzles/{slug}", token).text)
        assert server.end() == 0
    finally:
        server.process.kill()


def test_a_killed_supervisor_leaves_no_server_behind(checkout: Path) -> None:
    server = start(checkout).wait_ready()
    server.end(signal.SIGKILL)
    wait_until(lambda: is_refused(server), within=READY_SECONDS)


def is_refused(server: Running) -> bool:
    try:
        server.get("/health/live")
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        return False
    return False
