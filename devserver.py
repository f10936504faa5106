"""Runs the hunt server for development, or the tests, on a machine that has nothing but Python.

The environment in `.venv` is made from the lock files under `requirements/` and made again only when they change; the
rest happens inside it, in `hunt.dev`.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 (this is the place that tells people with an older one)
    sys.exit("The hunt server needs Python 3.11 or newer; this is Python " + platform.python_version() + ".")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
HUNT = PYTHON.with_name("hunt.exe" if os.name == "nt" else "hunt")
STAMP = VENV / "hunt-installed.json"
WHOLE_RUN = ["-n", "2", "--dist", "loadfile"]
"""Two files of tests at a time: much of what they do is waiting for servers."""
OUTPUT_LINES_KEPT = 12
"""How much of a failed installer's output is shown."""

DESCRIPTION = "Serves the demo hunt, or your own, from this checkout and reloads it when code or content changes."
EPILOG = """\
python devserver.py test [pytest arguments] installs what the tests need and runs them.

Settings named HUNT_... are taken from the environment; the options above win over them.
"""
UNREACHABLE = "No package index can be reached: check the network, or the index settings of pip or uv."
REASONS = (
    ("connection broken", UNREACHABLE),
    ("failed to fetch", UNREACHABLE),
    ("no matching distribution", "No package index that can be reached has the locked packages for this Python."),
    ("no solution found", "No package index that can be reached has the locked packages for this Python."),
    ("no space left", "The disk is full."),
)
"""What an installer's output contains (lower case), and the one sentence that is then said instead of it."""


class Failed(Exception):
    """Something that a person has to put right; the message is one sentence for them."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="devserver.py",
        usage="%(prog)s [options]\n       %(prog)s test [pytest arguments]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--port", type=_port, help="port to serve on (8000)")
    made.add_argument("--host", help="address to serve on (127.0.0.1)")
    made.add_argument("--content", metavar="DIR", help="hunt folder (fixtures/demo)")
    made.add_argument("--database", metavar="URL", help="database (a SQLite file under .dev/)")
    made.add_argument("--redis", metavar="URL", help="Redis (fake://, inside the server)")
    made.add_argument("--reset", action="store_true", help="start with a fresh database")
    made.add_argument("--no-reload", action="store_true", help="do not restart when code changes")
    made.add_argument(
        "--teams", type=_count, metavar="N", default=0, help="extra teams load0001 ... in a fresh database"
    )
    return made


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:  # noqa: PLR2004 (the largest port)
        return int(text)
    raise argparse.ArgumentTypeError(text + " is not a port (0 to 65535)")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(text + " is not a number of teams")


def environment(options: argparse.Namespace) -> dict[str, str]:
    """The process's environment with the given options in it, as the settings that they stand for."""
    given = {
        "HUNT_PORT": options.port,
        "HUNT_HOST": options.host,
        "HUNT_CONTENT": options.content and str(Path(options.content).resolve()),
        "HUNT_DATABASE_URL": options.database,
        "HUNT_REDIS_URL": options.redis,
    }
    return {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}


def server_command(options: argparse.Namespace) -> list[str]:
    command = [str(PYTHON), "-m", "hunt.dev", "--home", str(ROOT / ".dev"), "--teams", str(options.teams)]
    return command + ["--reset"] * options.reset + ["--no-reload"] * options.no_reload


def fingerprint(lock: Path) -> str:
    """Changes whenever what is installed from this lock would: its text, the project's, the Python, the place."""
    sha = hashlib.sha256()
    for part in (lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), os.fsencode(os.path.realpath(PYTHON))):
        sha.update(hashlib.sha256(part).digest())
    sha.update(os.fsencode(ROOT))
    return sha.hexdigest()


def installed(lock: Path) -> bool:
    """Whether `.venv` holds what this lock says, completely."""
    if not (PYTHON.exists() and HUNT.exists()):
        return False
    try:
        stamps = json.loads(STAMP.read_text())
        return bool(stamps.get(lock.name) == fingerprint(lock))
    except (OSError, ValueError, AttributeError):
        return False


def prepare(name: str) -> None:
    """Installs `requirements/<name>.lock` and the project, unless that is done; Failed when it cannot be."""
    lock = ROOT / "requirements" / f"{name}.lock"
    if installed(lock):
        return
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if not (uv and _installed_by_uv(uv, lock)):
        _install_by_pip(lock)
    # What the tests need includes what the server needs, in the same versions.
    covered = [lock, ROOT / "requirements" / "run.lock"]
    partial = STAMP.with_suffix(".partial")
    partial.write_text(json.dumps({path.name: fingerprint(path) for path in covered}))
    partial.replace(STAMP)


def _installed_by_uv(uv: str, lock: Path) -> bool:
    """Whether uv managed; pip may still, for its index settings are others."""
    try:
        if not _usable():
            _remove_venv()
            _run("Making .venv with uv", [uv, "venv", "--python", sys.executable, str(VENV)])
        pip = [uv, "pip", "install", "--python", str(PYTHON)]
        _run(_installing(lock, "uv"), [*pip, "--require-hashes", "--compile-bytecode", "-r", str(lock)])
        _run("Installing hunt itself", [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    except Failed as failed:
        say(f"uv did not manage: {failed} Trying pip instead.")
        return False
    return True


def _install_by_pip(lock: Path) -> None:
    if not _usable():
        _remove_venv()
    if not _usable("pip"):
        _run("Making .venv", [sys.executable, "-m", "venv", str(VENV)], other=_NO_VENV)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
    _run(_installing(lock, "pip"), [*pip, "--require-hashes", "-r", str(lock)])
    _run("Installing hunt itself", [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)])


_NO_VENV = "This Python cannot make virtual environments: install python3-venv (Debian, Ubuntu) or uv, and start again."


def _usable(*modules: str) -> bool:
    """Whether `.venv` has a Python that is new enough and has these modules."""
    if not PYTHON.exists():
        return False
    probe = "import sys; " + "".join(f"import {name}; " for name in modules) + "sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(PYTHON), "-c", probe], check=False, capture_output=True).returncode == 0


def _remove_venv() -> None:
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)


def _installing(lock: Path, tool: str) -> str:
    packages = sum("==" in line for line in lock.read_text().splitlines())
    return f"Installing {packages} locked packages with {tool} (only when they changed)"


def _run(what: str, command: list[str], other: str = "The packages could not be installed.") -> None:
    """Runs an installer, with its progress on one line where there is a terminal; Failed when it fails."""
    say(what + " …")
    kept: deque[str] = deque(maxlen=OUTPUT_LINES_KEPT)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for raw in process.stdout or ():
            line = raw.decode(errors="replace").strip()
            kept.append(line)
            _progress(line)
    _progress("")
    if process.returncode:
        output = "\n".join(kept)
        known = next((sentence for mark, sentence in REASONS if mark in output.lower()), None)
        raise Failed(known or f"{output}\n{other}")


def _progress(line: str) -> None:
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 3
        print("\r\x1b[2K  " + line[:width], end="\r", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def become(command: list[str], environ: dict[str, str]) -> int:
    """Replaces this process, so that signals reach the one that serves; where that is impossible, waits for it."""
    if os.name == "nt":
        return subprocess.run(command, env=environ, check=False).returncode
    return os.execve(command[0], command, environ)  # noqa: S606 (no shell is wanted)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["test"]:
        prepare("test")
        os.chdir(ROOT)
        return become([str(PYTHON), "-m", "pytest", *(arguments[1:] or WHOLE_RUN)], dict(os.environ))
    options = parser().parse_args(arguments)
    prepare("run")
    return become(server_command(options), environment(options))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failed:
        sys.exit(str(failed))
    except PermissionError as error:
        sys.exit(f"There is no permission to write {error.filename}.")
    except KeyboardInterrupt:
        sys.exit("Stopped.")
