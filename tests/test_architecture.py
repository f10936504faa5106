"""The house rules that a program can check: who may import whom, where SQL and the time are, what tests must not do."""

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "hunt"

BELOW: dict[str, set[str]] = {
    "clock": set(),
    "logs": set(),
    "metrics": set(),
    "settings": {"http", "log"},
    "http": {"metrics"},
    "content": set(),
    "game": {"content"},
    "log": {"content", "game", "clock"},
    "replica": {"content", "game", "log", "clock"},
    "live": {"content", "game", "log", "replica", "clock", "metrics", "http"},
    "accounts": {"content", "game", "log", "clock", "metrics"},
    "headless": {"accounts", "content", "game", "log", "clock", "settings"},
}
"""What each room may import. Those that are not listed are above all of these and may import every one of them."""

ABOVE = {
    "takeover": 0,
    "control": 0,
    "services": 0,
    "errors": 1,
    "front": 1,
    "requests": 1,
    "web": 2,
    "ops": 2,
    "api": 2,
    "app": 3,
    "cli": 4,
    "dev": 5,
}
"""The rooms on top, by level: each may also import its own level and lower ones."""

SQL = {"sqlalchemy", "advanced_alchemy", "alembic", "aiosqlite", "asyncpg", "sqlite3"}
NOT_SQL = {
    "sqlalchemy.exc.ArgumentError",
    "sqlalchemy.exc.SQLAlchemyError",
    "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.make_url",
}
"""What may be caught, passed on and read everywhere; nothing of it makes a statement."""

SQL_ROOMS = {"log", "accounts"}

CLOCK = PACKAGE / "clock.py"
TELLS_THE_TIME = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}

PAUSES = {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep"}
MAY_PAUSE = ROOT / "tests" / "waiting.py"

BROAD = {"Exception", "BaseException"}


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(module: ast.Module) -> Iterator[tuple[str, int]]:
    """All that is imported, in full, with the line."""
    yield from plain_imports(module)
    yield from from_imports(module)


def plain_imports(module: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)


def from_imports(module: ast.Module) -> Iterator[tuple[str, int]]:
    """`from time import sleep` as `time.sleep`, with the line."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def may_import(importer: str, imported: str) -> bool:
    if importer == imported:
        return True
    if importer in BELOW:
        return imported in BELOW[importer]
    return imported in BELOW or ABOVE[imported] <= ABOVE[importer]


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def calls(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Every call of a dotted name as (its last two parts, line), but `sleep(0)`, which only lets others run."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and [ast.unparse(argument) for argument in node.args] != ["0"]:
            yield ".".join(ast.unparse(node.func).split(".")[-2:]), node.lineno


def names_used(path: Path) -> list[tuple[str, int]]:
    module = tree(path)
    return [*calls(module), *from_imports(module)]


def test_every_room_is_in_the_plan() -> None:
    rooms = {room(path) for path in sources(PACKAGE) if path.parent != PACKAGE or path.stem != "__init__"}
    assert rooms <= {*BELOW, *ABOVE}


def test_imports_run_downwards_only() -> None:
    upward = [
        f"{place(path, line)} imports {name}"
        for path in sources(PACKAGE)
        for name, line in imports(tree(path))
        if name.startswith("hunt.") and not may_import(room(path), name.split(".")[1])
    ]
    assert not upward


def test_no_import_is_relative() -> None:
    relative = [
        place(path, node.lineno)
        for path in sources(PACKAGE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_sql_stays_in_its_rooms() -> None:
    outside = [
        f"{place(path, line)} imports {name}"
        for path in sources(PACKAGE)
        if room(path) not in SQL_ROOMS
        for name, line in imports(tree(path))
        if name.split(".")[0] in SQL and name not in NOT_SQL
    ]
    assert not outside


def test_only_the_clock_tells_the_time() -> None:
    elsewhere = [
        f"{place(path, line)} uses {name}"
        for path in sources(PACKAGE)
        if path != CLOCK
        for name, line in names_used(path)
        if name in TELLS_THE_TIME
    ]
    assert not elsewhere


def test_a_broad_except_says_why() -> None:
    silent = [place(path, line) for path in sources(PACKAGE) for line in broad_excepts(path)]
    assert not silent


def broad_excepts(path: Path) -> Iterator[int]:
    """The lines of handlers that catch everything without a comment beside them."""
    reasons = commented_lines(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type) and node.lineno not in reasons:
            yield node.lineno


def is_broad(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(part, ast.Name) and part.id in BROAD for part in parts)


def commented_lines(path: Path) -> set[int]:
    with path.open("rb") as file:
        return {token.start[0] for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT}


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = [path.name for path in sources(ROOT / "tests") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def test_no_test_sleeps() -> None:
    sleeping = [
        f"{place(path, line)} uses {name}"
        for path in sources(ROOT / "tests")
        if path != MAY_PAUSE
        for name, line in names_used(path)
        if name in PAUSES
    ]
    assert not sleeping


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("game", "content", True),
        ("content", "game", False),
        ("log", "replica", False),
        ("live", "accounts", False),
        ("api", "accounts", True),
        ("api", "app", False),
        ("cli", "app", True),
    ],
)
def test_the_direction_is_told_right(importer: str, imported: str, allowed: bool) -> None:
    assert may_import(importer, imported) is allowed


def test_an_unexplained_broad_except_is_found(tmp_path: Path) -> None:
    source = (
        "try: ...\nexcept Exception: ...\ntry: ...\nexcept (OSError, Exception): ...  # why\ntry: ...\nexcept: ...\n"
    )
    (tmp_path / "a.py").write_text(source)
    assert list(broad_excepts(tmp_path / "a.py")) == [2, 6]


def test_a_sleep_is_found_however_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from time import sleep\nimport asyncio\nasyncio.sleep(1)\n")
    assert {name for name, _ in names_used(tmp_path / "a.py")} & PAUSES == {"time.sleep", "asyncio.sleep"}
