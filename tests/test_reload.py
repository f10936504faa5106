"""A hunt folder that changes under a running server: by the watch, and by the command `hunt reload`."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from apps import App, Team, fresh_sqlite, running_app, running_live_site, running_site, settings_of
from hunt import control
from hunt.log.migrations import migrate
from small_hunt import write_small_hunt
from test_serve import HUNT
from waiting import eventually, wait_until

START_SECONDS = 180.0
"""Generous: a machine may be busy."""

PUZZLE = "puzzles/lantern/puzzle.yaml"


def edit(hunt: Path, old: str, new: str, name: str = PUZZLE) -> None:
    """Replace a text in a file of the hunt, which has to have it."""
    text = (hunt / name).read_text()
    assert old in text
    (hunt / name).write_text(text.replace(old, new))


# --- the watch


async def verdict(app: App, team: Team, guess: str) -> str:
    async with app.client(headers=team.headers) as client:
        answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": guess})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["verdict"])


async def metric(app: App, name: str) -> float:
    async with app.client() as client:
        text = (await client.get("/metrics")).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("broken", "stubs"), [("title: Lantern\n\tanswer: X\n", False), ("", True), ("title: Lantern\n", True)]
)
async def test_a_typo_in_a_watched_folder_leaves_the_puzzle_as_it_was_and_is_said_loudly(
    tmp_path: Path, broken: str, stubs: bool
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    settings = settings_of(hunt, await fresh_sqlite(tmp_path), watch_content=True, stubs=stubs)
    async with running_app(settings) as app:
        await app.begin()
        team = await app.team()

        async def is_kept() -> bool:
            return app.services.content.loaded.kept == ("puzzles/lantern",)

        async def is_better() -> bool:
            return "BEACON" in app.services.hunt.puzzles["lantern"].answers

        good = (hunt / PUZZLE).read_text()
        (hunt / PUZZLE).write_text(broken)
        await eventually(is_kept, what="the watch")
        assert await metric(app, "hunt_content_kept") == 1
        assert await metric(app, "hunt_content_errors") > 0
        assert await verdict(app, team, "answer") == "incorrect"
        (hunt / PUZZLE).write_text(good.replace("answer: LIGHTHOUSE", "answers: [LIGHTHOUSE, BEACON]"))
        await eventually(is_better, what="the watch")
        assert await metric(app, "hunt_content_kept") == 0
        assert await verdict(app, team, "beacon") == "correct"


@pytest.mark.anyio
async def test_another_folder_in_its_place_is_noticed(tmp_path: Path) -> None:
    hunt, other = write_small_hunt(tmp_path / "hunt"), write_small_hunt(tmp_path / "other", title="Another Hunt")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path), watch_content=True)) as app:
        before = app.services.hunt

        async def is_another() -> bool:
            return app.services.hunt.title == "Another Hunt"

        hunt.rename(tmp_path / "old")
        other.rename(hunt)
        await eventually(is_another, what="the watch")
        assert app.services.hunt.puzzles.keys() == before.puzzles.keys()
        edit(hunt, "Another Hunt", "Another One", "hunt.yaml")

        async def is_one_more() -> bool:
            return app.services.hunt.title == "Another One"

        await eventually(is_one_more, what="the watch of the new folder")


@pytest.mark.anyio
async def test_a_process_without_a_database_takes_the_folder_over_too(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    await migrate(postgres_url)
    async with running_site(hunt, postgres_url, redis_url=redis_url) as full:
        await full.app.begin()
        async with running_live_site(full, hunt, redis_url) as live:

            async def is_current() -> bool:
                return live.services.tail.digest == full.app.services.tail.digest

            await eventually(is_current, what="the live process")
            edit(hunt, "title: Lantern", "title: Lamp post")
            taken_over = await live.services.content.take_over()
            assert taken_over.changes == ("puzzle lantern: title",)
            assert live.services.hunt.puzzles["lantern"].title == "Lamp post"
            assert await is_current()


@pytest.mark.anyio
async def test_guesses_and_a_change_of_the_hunt_at_once_lose_nothing(tmp_path: Path) -> None:
    hunt = write_small_hunt(tmp_path / "hunt")
    async with running_app(settings_of(hunt, await fresh_sqlite(tmp_path))) as app:
        await app.begin()
        team = await app.team()

        async def change() -> None:
            for number in range(5):
                edit(hunt, "title: ", f"title: {number}")
                await app.services.content.take_over()

        async def guess(text: str) -> str:
            return await verdict(app, team, text)

        changed = asyncio.create_task(change())
        heads = []
        for text in ("lamp", "lamp"):  # a canned response costs no wait
            await guess(text)
            heads.append(app.services.tail.head)
        await changed
        assert heads == sorted(heads)
        assert app.services.hunt.puzzles["lantern"].title == "43210Lantern"
        assert (app.services.tail.head, app.services.tail.digest) == await app.services.reader.head()


# --- the command


@pytest.fixture
def env(tmp_path: Path, redis_url: str) -> Iterator[dict[str, str]]:
    """Good settings of two workers, a port that is free, and a folder for sockets, whose paths must be short."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
        yield _settings(tmp_path, redis_url, port, folder)


def _settings(tmp_path: Path, redis_url: str, port: int, folder: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": folder,
        "HUNT_DATABASE_URL": asyncio.run(fresh_sqlite(tmp_path)),
        "HUNT_REDIS_URL": redis_url,
        "HUNT_CONTENT": str(write_small_hunt(tmp_path / "hunt")),
        "HUNT_SECRET_KEY": "0123456789abcdef" * 2,
        "HUNT_PORT": str(port),
        "HUNT_WORKERS": "2",
    }


@contextmanager
def serving(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A server whose workers can all be asked."""
    with (
        (Path(env["TMPDIR"]) / "log").open("w") as log,
        subprocess.Popen([HUNT, "serve"], env=env, stderr=log, text=True) as server,
    ):
        try:
            wait_until(lambda: len(sockets(env)) == int(env["HUNT_WORKERS"]), within=START_SECONDS, what="the workers")
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()


def sockets(env: dict[str, str]) -> list[Path]:
    return list(Path(env["TMPDIR"]).glob("hunt-*/*.sock"))


def reload(env: dict[str, str], *arguments: str) -> tuple[int, list[str]]:
    """The exit status of `hunt reload` and the lines that it prints."""
    done = subprocess.run([HUNT, "reload", *arguments], env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


def titles(env: dict[str, str]) -> set[str]:
    """The title of the hunt on the login pages of many connections, which the workers share."""
    texts = [httpx.get(f"http://127.0.0.1:{env['HUNT_PORT']}/login").text for _ in range(20)]
    return {text.split("<title>")[1].split("</title>")[0] for text in texts}


def test_a_reload_reaches_every_worker_and_says_what_changed(env: dict[str, str]) -> None:
    hunt = Path(env["HUNT_CONTENT"])
    with serving(env):
        assert reload(env) == (0, ["2 processes took the folder over. Nothing has changed."])
        edit(hunt, "The Small Hunt", "The Corrected Hunt", "hunt.yaml")
        edit(hunt, "answer: LIGHTHOUSE", "answers: [LIGHTHOUSE, BEACON]")
        assert reload({"PATH": env["PATH"], "TMPDIR": env["TMPDIR"]}, str(hunt)) == (
            0,
            ["hunt.yaml: title", "puzzle lantern: answers", "2 processes took the folder over."],
        )
        assert all("The Corrected Hunt" in title for title in titles(env))


def test_a_reload_of_a_broken_folder_names_file_and_line_and_keeps_what_was_good(env: dict[str, str]) -> None:
    hunt = Path(env["HUNT_CONTENT"])
    with serving(env):
        edit(hunt, "The Small Hunt", "The Corrected Hunt", "hunt.yaml")
        (hunt / PUZZLE).write_text("title: Lantern\n\tanswer: X\n")
        status, lines = reload(env)
        assert status == 1
        assert any(line.startswith(f"{PUZZLE}:2: error: ") for line in lines)
        assert any(line.startswith("puzzles/lantern: error: teams still have this as it was before") for line in lines)
        assert all("The Corrected Hunt" in title for title in titles(env))


def test_a_reload_takes_over_the_templates_of_the_theme(env: dict[str, str]) -> None:
    hunt = Path(env["HUNT_CONTENT"])
    with serving(env | {"HUNT_WORKERS": "1"}):
        (hunt / "theme/templates").mkdir(parents=True)
        (hunt / "theme/templates/login.html").write_text(
            '{% extends "layout.html" %}{% block main %}<p>Hello.</p>{% endblock %}'
        )
        login = f"http://127.0.0.1:{env['HUNT_PORT']}/login"
        assert "<p>Hello.</p>" not in httpx.get(login).text
        assert reload(env)[0] == 0
        assert "<p>Hello.</p>" in httpx.get(login).text


def test_a_worker_that_is_replaced_waits_for_a_folder_that_can_be_served(env: dict[str, str]) -> None:
    hunt, log = Path(env["HUNT_CONTENT"]), Path(env["TMPDIR"]) / "log"
    with serving(env) as server:
        shutil.rmtree(hunt / "puzzles/lantern")
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(int(workers[0]), signal.SIGKILL)
        wait_until(lambda: "worker_waits" in log.read_text(), within=START_SECONDS, what="the new worker")
        assert "1 puzzle is not written yet (lantern)" in log.read_text()
        status, lines = reload(env)
        assert (status, lines[-1]) == (1, "1 process took the folder over. Nothing has changed.")
        write_small_hunt(hunt)
        wait_until(lambda: len(sockets(env)) == 2, within=START_SECONDS, what="two workers again")
        assert reload(env)[0] == 0


def test_a_reload_without_a_server_is_one_sentence(env: dict[str, str]) -> None:
    status, lines = reload(env)
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("No server of this user plays ")
    assert reload({"PATH": env["PATH"]}) == (1, ["HUNT_CONTENT is not set: the folder of the hunt."])
    assert reload(env, "a", "b")[0] == 2


def test_a_socket_that_a_killed_server_left_is_removed(env: dict[str, str]) -> None:
    folder = Path(env["TMPDIR"]) / control.control_folder(Path(env["HUNT_CONTENT"])).name
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "0.sock"))
    assert reload(env)[0] == 1
    assert sockets(env) == []


def test_only_its_own_user_reaches_a_server(env: dict[str, str]) -> None:
    with serving(env | {"HUNT_WORKERS": "1"}):
        [path] = sockets(env)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        path.parent.chmod(0o777)
        assert reload(env)[0] == 1
