"""`python devserver.py`: the environment that it makes, and the server that it runs."""

import ast
import json
import re
import shutil
import stat
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from hunt.dev.place import ROOT, defaults, secret
from hunt.dev.supervisor import CannotServe, listen

READY_SECONDS = 60.0
INSTALL_SECONDS = 600.0
STOP_SECONDS = 15.0


@pytest.fixture
def devserver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module, with a checkout of its own in which nothing is installed."""
    spec = spec_from_file_location("devserver", ROOT / "devserver.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "HUNT", venv / "bin" / "hunt")
    monkeypatch.setattr(module, "STAMP", venv / "hunt-installed.json")
    return module


@pytest.fixture
def installs(devserver: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the installers were asked for, which pretend to have done it."""
    asked: list[str] = []

    def pretend(what: str, _command: list[str], other: str = "") -> None:
        asked.append(what.split(" with ", maxsplit=1)[0])
        devserver.HUNT.parent.mkdir(parents=True, exist_ok=True)
        devserver.HUNT.touch()
        if not devserver.PYTHON.exists():
            devserver.PYTHON.symlink_to(sys.executable)

    monkeypatch.setattr(devserver, "_run", pretend)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    return asked


# --- before there is an environment


def test_help_needs_nothing_but_python(tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "devserver.py", tmp_path / "devserver.py")
    said = subprocess.run(
        [sys.executable, "-IS", "devserver.py", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    options = (
        "--port",
        "--host",
        "--content",
        "--database",
        "--redis",
        "--reset",
        "--no-reload",
        "--teams",
        "test [pytest",
    )
    assert all(option in said.stdout for option in options)
    assert [path.name for path in tmp_path.iterdir()] == ["devserver.py"]


def test_an_older_python_is_told_in_one_sentence() -> None:
    ast.parse((ROOT / "devserver.py").read_text(), feature_version=(3, 7))
    pretend = "import runpy, sys; sys.version_info = (3, 10, 0); runpy.run_path('devserver.py', run_name='__main__')"
    said = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert re.fullmatch(r"The hunt server needs Python 3\.11 or newer; this is Python [\d.]+\.\n", said.stderr)


def test_a_wrong_option_is_told_before_anything_is_installed(devserver: Any, installs: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        devserver.main(["--port", "99999"])
    assert not installs


def test_both_locks_hold_hashes_and_agree() -> None:
    run, test = (pinned(ROOT / "requirements" / f"{name}.lock") for name in ("run", "test"))
    assert run
    assert run.items() <= test.items()
    assert all("--hash=sha256:" in hashes for hashes in test.values())


def pinned(lock: Path) -> dict[str, str]:
    """The hashes of each `package==version` of a lock file."""
    text = lock.read_text().replace("\\\n", " ")
    assert "://" not in text
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


# --- the environment


def test_it_installs_once_and_again_when_the_lock_changed(devserver: Any, installs: list[str]) -> None:
    devserver.prepare("run")
    assert len(installs) == 3
    devserver.prepare("run")
    assert len(installs) == 3
    (devserver.ROOT / "requirements" / "run.lock").write_text("another==1\n")
    devserver.prepare("run")
    assert len(installs) == 5


def test_what_the_tests_need_includes_what_the_server_needs(devserver: Any, installs: list[str]) -> None:
    devserver.prepare("test")
    installs.clear()
    devserver.prepare("run")
    assert not installs


def test_the_server_s_environment_is_not_enough_for_the_tests(devserver: Any, installs: list[str]) -> None:
    devserver.prepare("run")
    installs.clear()
    devserver.prepare("test")
    assert installs


def test_an_install_that_was_broken_off_is_done_again(
    devserver: Any, installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    devserver.prepare("run")
    (devserver.ROOT / "pyproject.toml").write_text("# changed\n")
    pretend = devserver._run

    def broken_off(what: str, command: list[str], other: str = "") -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(devserver, "_run", broken_off)
    with pytest.raises(KeyboardInterrupt):
        devserver.prepare("run")
    (devserver.ROOT / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(devserver, "_run", pretend)
    installs.clear()
    devserver.prepare("run")
    assert installs


def test_a_moved_checkout_is_installed_again(
    devserver: Any, installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    devserver.prepare("run")
    stamp = json.loads(devserver.STAMP.read_text())
    monkeypatch.setattr(devserver, "ROOT", devserver.ROOT / "requirements" / "..")
    assert stamp["run.lock"] != devserver.fingerprint(devserver.ROOT / "requirements" / "run.lock")


def test_a_failing_uv_leaves_it_to_pip(devserver: Any, installs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pretend = devserver._run

    def only_pip(what: str, command: list[str], other: str = "") -> None:
        if command[0] == "uv":
            raise devserver.Failed("uv is broken.")
        pretend(what, command, other)

    monkeypatch.setattr(devserver, "_run", only_pip)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    devserver.prepare("run")
    assert devserver.installed(devserver.ROOT / "requirements" / "run.lock")


def test_no_package_index_is_one_sentence(devserver: Any) -> None:
    spoken = "print('WARNING: Retrying after connection broken by NewConnectionError'); raise SystemExit(1)"
    with pytest.raises(devserver.Failed, match=r"^No package index can be reached: [^.]*\.$"):
        devserver._run("Installing", [sys.executable, "-c", spoken])


def test_another_failure_shows_what_the_installer_said(devserver: Any) -> None:
    with pytest.raises(devserver.Failed, match=r"(?s)disk on fire.*could not be installed"):
        devserver._run("Installing", [sys.executable, "-c", "raise SystemExit('disk on fire')"])


def test_pytest_gets_its_arguments_untouched(
    devserver: Any, installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(devserver.ROOT)
    monkeypatch.setattr(devserver, "become", lambda command, _environment: command[1:])
    assert devserver.main(["test", "-k", "log", "--help"]) == ["-m", "pytest", "-k", "log", "--help"]


# --- settings


def test_options_win_over_the_environment_and_that_over_defaults(
    devserver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUNT_PORT", "8001")
    monkeypatch.setenv("HUNT_HOST", "localhost")
    monkeypatch.setenv("HUNT_RECONCILE_SECONDS", "1")
    given = devserver.environment(devserver.parser().parse_args(["--port", "8002", "--content", "relative"]))
    filled = defaults(tmp_path, given)
    assert filled["HUNT_PORT"] == "8002"
    assert filled["HUNT_HOST"] == "localhost"
    assert filled["HUNT_RECONCILE_SECONDS"] == "1"
    assert filled["HUNT_CONTENT"] == str(Path("relative").resolve())
    assert filled["HUNT_REDIS_URL"] == "fake://"


def test_the_secret_is_kept_for_its_owner_alone_until_a_reset(tmp_path: Path) -> None:
    first = secret(tmp_path, fresh=False)
    assert secret(tmp_path, fresh=False) == first
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert secret(tmp_path, fresh=True) != first


def test_a_busy_port_is_told_with_the_option_that_helps() -> None:
    with listen("127.0.0.1", 0) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(CannotServe, match=rf"^Port {port} is in use by another program: .* --port\.$"):
            listen("127.0.0.1", port)


def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(CannotServe, match=r"^192\.0\.2\.1 is no address of this machine"):
        listen("192.0.2.1", 0)
