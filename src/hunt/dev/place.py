"""Where the development server keeps its things, and which settings it takes when nobody says otherwise."""

import hashlib
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from hunt.settings import Settings

ROOT = Path(__file__).parents[3]
"""The checkout: the project is always installed from it, editable, when this runs."""

ACCOUNTS = ROOT / "fixtures" / "accounts.yaml"

DEMO = ROOT / "fixtures" / "demo"

SECRET_BYTES = 32


class Plan(Struct, frozen=True, kw_only=True):
    """What one run of the development server is asked to do; `fresh` is false when it is run again for new code."""

    settings: Settings
    reset: bool = False
    reload: bool = True
    fresh: bool = True
    extra_teams: int = 0


def _database_of(content: str) -> str:
    """The file that holds what was played of a hunt folder: each has its own, the demo the plainest."""
    folder = Path(content or DEMO).resolve()
    if folder == DEMO:
        return "hunt.sqlite3"
    name = "".join(char for char in folder.name if char.isalnum() or char in "-_")
    return f"{name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}.sqlite3"


def defaults(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with what it does not set filled in; `home` keeps database and secret (`.dev`)."""
    return {
        "HUNT_DATABASE_URL": f"sqlite+aiosqlite:///{home / _database_of(environment.get('HUNT_CONTENT', ''))}",
        "HUNT_REDIS_URL": "fake://",
        "HUNT_CONTENT": str(DEMO),
        "HUNT_STUBS": "1",
        "HUNT_WATCH_CONTENT": "1",
        **{name: value for name, value in environment.items() if value.strip() or not name.startswith("HUNT_")},
    }


def secret(home: Path, *, fresh: bool) -> str:
    """The key that signs sessions, kept so that logins survive a restart; readable for its owner alone."""
    path = home / "secret"
    if fresh:
        path.unlink(missing_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(key := secrets.token_urlsafe(SECRET_BYTES))
    return key


def prepare(environment: Mapping[str, str], home: Path, *, reset: bool) -> Settings:
    """The settings to serve with. Raises BadSetting, and OSError where `home` cannot be written."""
    home.mkdir(exist_ok=True)
    filled = defaults(home, environment)
    if "HUNT_SECRET_KEY" not in filled:
        filled["HUNT_SECRET_KEY"] = secret(home, fresh=reset)
    return Settings.from_environment(filled)


def say(text: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> int:
    """Say why it cannot go on; the exit status for that."""
    sys.stderr.write(sentence + "\n")
    return 1
