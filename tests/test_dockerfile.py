"""The image's own commands, carried out in a temporary folder in place of a container."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from hunt.settings import Settings
from servers import CannotRun, need
from waiting import wait_until

ROOT = Path(__file__).parents[1]
NEEDS_A_CONTAINER = ("useradd",)
START_SECONDS = 30.0
STOP_SECONDS = 10.0


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continuation lines joined and comments dropped."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def all_of(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


class Image:
    """What the Dockerfile makes, with `root` in the place of the container's `/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workdir = root
        self.environment: dict[str, str] = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.environment |= {
            name: value for name, value in os.environ.items() if name.startswith(("PIP_", "HOME", "LANG"))
        }

    def inside(self, text: str) -> str:
        """`text` with the container's paths led into `root`."""
        return re.sub(r"(?<![\w./])/(?=(opt|build|home|hunt)\b)", f"{self.root}/", text)

    def build(self) -> None:
        for name, rest in instructions():
            if name == "WORKDIR":
                self.workdir = Path(self.inside(rest))
                self.workdir.mkdir(parents=True, exist_ok=True)
            elif name == "COPY":
                self.copy(shlex.split(rest))
            elif name == "ENV":
                self.set(shlex.split(self.inside(rest)))
            elif name == "RUN" and not rest.startswith(NEEDS_A_CONTAINER):
                self.must(["sh", "-ec", self.inside(rest)])

    def copy(self, words: list[str]) -> None:
        if words[0].startswith("--from="):  # both stages share `root`, so it is in its place already
            assert Path(self.inside(words[1])).exists()
            return
        *names, target = words
        for name in names:
            source, into = ROOT / name, self.workdir / target
            if source.is_dir():
                shutil.copytree(source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                into = into / source.name if target.endswith("/") else into
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, into)

    def set(self, pairs: list[str]) -> None:
        for name, _, value in (pair.partition("=") for pair in pairs):
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def run(self, command: list[str], **settings: str) -> "subprocess.CompletedProcess[str]":
        environment = self.environment | settings
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.workdir, env=environment)

    def must(self, command: list[str], **settings: str) -> str:
        """What the command prints; it has to succeed."""
        done = self.run(command, **settings)
        if done.returncode and "connection broken" in done.stderr + done.stdout:
            need(CannotRun("no package index can be reached"))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
        command = json.loads(all_of("CMD")[-1])
        found = shutil.which(command[0], path=self.environment["PATH"])
        assert found
        with subprocess.Popen([found, *command[1:]], cwd=self.workdir, env=self.environment | settings) as process:
            try:
                yield process
            finally:
                process.kill()

    @property
    def package(self) -> Path:
        return next(self.root.glob("opt/hunt/lib/python3*/site-packages/hunt"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    made = Image(tmp_path_factory.mktemp("image"))
    made.build()
    return made


def settings(database_url: str) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "HUNT_DATABASE_URL": database_url,
        "HUNT_REDIS_URL": "fake://",
        "HUNT_SECRET_KEY": "a long text that nobody can guess",
        "HUNT_CONTENT": str(ROOT / "fixtures" / "demo"),
        "HUNT_PORT": str(port),
    }


def health_check() -> list[str]:
    command: list[str] = json.loads(all_of("HEALTHCHECK")[0].partition(" CMD ")[2])
    return command


def test_the_command_runs_outside_the_checkout(image: Image) -> None:
    assert "migrate" in image.must(["hunt", "--help"])
    assert str(ROOT) not in image.must(["python", "-c", "import hunt; print(hunt.__file__)"])


def test_the_wheel_holds_all_that_is_not_code(image: Image) -> None:
    source = ROOT / "src" / "hunt"
    wanted = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {Path("migrations") / path.name for path in (ROOT / "migrations").glob("*.*")}
    wanted |= {Path("migrations/versions") / path.name for path in (ROOT / "migrations" / "versions").glob("*.py")}
    assert {suffix for path in wanted if (suffix := path.suffix)} >= {".html", ".js", ".css", ".lua", ".mako"}
    assert not {path for path in wanted if not (image.package / path).exists()}


def test_migrations_come_with_the_image(image: Image, database_url: str) -> None:
    image.must(["hunt", "migrate"], **settings(database_url))
    image.must(["hunt", "migrate"], **settings(database_url))


def test_it_serves_is_healthy_and_stops_when_asked(image: Image, sqlite_url: str) -> None:
    chosen = settings(sqlite_url)
    image.must(["hunt", "migrate"], **chosen)
    assert image.run(health_check(), **chosen).returncode != 0
    with image.serving(**chosen) as process:
        wait_until(lambda: image.run(health_check(), **chosen).returncode == 0, within=START_SECONDS, what="health")
        process.send_signal(signal.Signals[all_of("STOPSIGNAL")[0]])
        process.wait(STOP_SECONDS)


def test_base_images_are_pinned_to_a_version() -> None:
    assert all(re.fullmatch(r"python:3\.12\.\d+-slim-\w+( AS \w+)?", base) for base in all_of("FROM"))


def test_it_does_not_run_as_root() -> None:
    names = [name for name, _ in instructions()]
    assert all_of("USER") == ["hunt"]
    assert names.index("USER") < names.index("CMD")
    assert "--from=build" in all_of("COPY")[-1]


def test_everything_installed_is_locked() -> None:
    installs = [command for command in all_of("RUN") if "pip install" in command]
    assert installs
    assert all("--require-hashes" in command or "--no-deps" in command for command in installs)


def test_what_is_copied_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for words in all_of("COPY") if "--from" not in words for name in words.split()[:-1]}
    assert copied <= kept


def test_the_composition_migrates_once_before_it_serves() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["migrate"]["command"] == ["hunt", "migrate"]
    assert services["hunt"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "restart" not in services["migrate"]


def test_the_composition_s_settings_are_understood() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    image_settings = dict(pair.split("=", 1) for pair in shlex.split(all_of("ENV")[0]))
    given = {**image_settings, **services["hunt"]["environment"]}
    assert all(
        name.removeprefix("HUNT_").lower() in Settings.__struct_fields__ for name in given if name.startswith("HUNT_")
    )
    filled = {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in given.items()}
    filled = {name: re.sub(r"\$\{(\w+):\?.*?\}", r"chosen-for-\1", value) for name, value in filled.items()}
    assert Settings.from_environment(filled).redis_url == "redis://redis/0"
