"""The command `hunt`: help everywhere, exit statuses, a plain sentence for whatever a person can get wrong."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import structlog
from click.testing import CliRunner, Result

from apps import fresh_sqlite
from hunt.cli import main
from hunt.game.entries import decode_entry
from servers import PostgresServer
from small_hunt import write_small_hunt
from stores import execute

HUNT = Path(sys.executable).with_name("hunt")
PASSWORD = "correct horse"

FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings of whoever runs the tests, and the log of this process as it was."""
    for name in [name for name in os.environ if name.startswith("HUNT_")]:
        monkeypatch.delenv(name)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    return asyncio.run(fresh_sqlite(tmp_path))


@pytest.fixture
def env(tmp_path: Path, database: str) -> dict[str, str]:
    """Good settings."""
    content = str(write_small_hunt(tmp_path / "hunt"))
    return {"HUNT_DATABASE_URL": database, "HUNT_CONTENT": content, "HUNT_SECRET_KEY": "s" * 32}


def run(*arguments: str, env: dict[str, str] | None = None, input: str | bytes | None = None) -> Result:
    """What the command said; it ended by itself, never with an error that nobody foresaw."""
    result = CliRunner().invoke(main, arguments, env=env, input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def finding(*arguments: str, env: dict[str, str] | None = None, input: str | bytes | None = None) -> str:
    """The sentence of a command that found something."""
    result = run(*arguments, env=env, input=input)
    assert result.exit_code == 1, result.output
    assert result.stderr.strip()
    return result.stderr.strip()


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main{''.join(f' {name}' for name in path)}")


def test_every_command_of_the_docs_is_there() -> None:
    assert {" ".join(path) for path in commands(main)} >= {
        "serve",
        "reload",
        "migrate",
        "play",
        "check",
        "teams add",
        "teams list",
        "teams import",
        "teams deactivate",
        "teams set-password",
        "teams unlock",
        "teams rename",
        "teams erase",
        "teams export",
        "guesses export",
        "solves export",
        "operators add",
        "operators list",
        "operators set-password",
        "operators disable",
        "operators enable",
        "operators remove",
        "operators unlock",
        "operators audit",
        "log export",
        "log import",
        "log verify",
        "replica status",
        "replica verify",
        "replica rebuild",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["teams", "nonsense"],
        ["check"],
        ["play"],
        ["teams", "add"],
        ["check", "a", "b"],
        ["serve", "--nonsense"],
        ["log", "import"],
        ["log", "import", "/nowhere/at/all"],
        ["teams", "import", "/nowhere/at/all"],
        ["play", "/", "/nowhere/at/all"],
    ],
    ids=" ".join,
)
def test_wrong_use_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve"],
        ["migrate"],
        ["teams", "list"],
        ["teams", "add", "a", "--password", PASSWORD],
        ["operators", "list"],
        ["log", "verify"],
        ["log", "export", "-"],
    ],
    ids=" ".join,
)
def test_without_settings_the_first_that_is_missing_is_named(arguments: list[str]) -> None:
    assert finding(*arguments).startswith("HUNT_DATABASE_URL is not set: ")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HUNT_DATABASE_URL", "mysql://x", "HUNT_DATABASE_URL must start with"),
        ("HUNT_DATABASE_URL", "sqlite+aiosqlite:////nowhere/x.db", "HUNT_DATABASE_URL"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://u:pw@127.0.0.1:1/hunt", "HUNT_DATABASE_URL"),
        ("HUNT_DATABASE_URL", "postgresql+asyncpg://u:pw@127.0.0.1:port/hunt", "HUNT_DATABASE_URL"),
        ("HUNT_CONTENT", "/nowhere/at/all", "HUNT_CONTENT"),
        ("HUNT_CONTENT", "/etc", "HUNT_CONTENT"),
        ("HUNT_SECRET_KEY", "short", "HUNT_SECRET_KEY"),
        ("HUNT_SECRET_KEY", "", "HUNT_SECRET_KEY is not set"),
        ("HUNT_REDIS_URL", "nonsense", "HUNT_REDIS_URL"),
        ("HUNT_PORT", "http", "HUNT_PORT"),
        ("HUNT_WORKERS", "0", "HUNT_WORKERS"),
        ("HUNT_STUBS", "maybe", "HUNT_STUBS"),
    ],
)
def test_a_wrong_setting_is_a_sentence_that_names_it(env: dict[str, str], name: str, value: str, says: str) -> None:
    for command in (("serve",), ("teams", "list")):
        told = finding(*command, env=env | {name: value})
        assert says in told
        assert told.count("\n") == 0
        assert "pw" not in told
        assert "sqlalche.me" not in told


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://x", "sqlite://x.db", "postgresql+asyncpg://u@h:port/x", "sqlite+aiosqlite:///"]
)
def test_a_wrong_url_is_told_by_migrate_too(url: str) -> None:
    for arguments in (["migrate"], ["log", "verify"]):
        assert "HUNT_DATABASE_URL" in finding(*arguments, env={"HUNT_DATABASE_URL": url})


def test_a_database_without_a_schema_is_told_what_to_do(env: dict[str, str], tmp_path: Path) -> None:
    env["HUNT_DATABASE_URL"] = f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite3"
    for arguments in (["serve"], ["teams", "list"], ["log", "verify"]):
        assert "hunt migrate" in finding(*arguments, env=env)
    assert run("migrate", env=env).stdout == "The database is up to date.\n"
    assert run("teams", "list", env=env).exit_code == 0


def test_a_database_that_does_not_exist_is_told(env: dict[str, str], postgres_server: PostgresServer) -> None:
    env["HUNT_DATABASE_URL"] = postgres_server.url("no_such_database")
    assert "does not exist" in finding("teams", "list", env=env)
    assert "does not exist" in finding("migrate", env=env)


def test_a_hunt_with_errors_is_not_served_and_check_says_why(env: dict[str, str]) -> None:
    hunt = Path(env["HUNT_CONTENT"]) / "hunt.yaml"
    hunt.write_text(hunt.read_text().replace("hunt_started", "hunt_strated", 1))
    result = run("check", env["HUNT_CONTENT"])
    assert result.exit_code == 1
    assert "did you mean" in result.stdout
    assert "nothing is served" in finding("serve", env=env)


def test_check_of_a_good_hunt_counts_and_exits_with_0(env: dict[str, str]) -> None:
    result = run("check", env["HUNT_CONTENT"])
    assert result.exit_code == 0
    assert "0 errors" in result.stdout


def test_a_folder_that_is_no_hunt_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert "there is no such" in finding("check", str(folder))
        assert "there is no such" in finding("play", str(folder), input="")


# --- accounts


def test_teams_are_added_listed_and_deactivated(env: dict[str, str]) -> None:
    assert run("teams", "add", "Unicorns", "--name", "The Ünïcorns", "--password", PASSWORD, env=env).exit_code == 0
    assert run("teams", "list", env=env).stdout == "1\tunicorns\tThe Ünïcorns\n"
    assert run("teams", "set-password", "unicorns", "--password", "battery staple", env=env).exit_code == 0
    assert run("teams", "deactivate", "UNICORNS", env=env).exit_code == 0
    assert run("teams", "list", env=env).stdout == "1\tunicorns\tThe Ünïcorns\t(deactivated)\n"
    types = [decode_entry(line).type for line in run("log", "export", "-", env=env).stdout.splitlines()]
    assert (types[0], types[-1]) == ("team_registered", "team_deactivated")


def test_operators_are_added_listed_and_given_passwords(env: dict[str, str]) -> None:
    assert run("operators", "add", "hq", "--password", PASSWORD, env=env).exit_code == 0
    assert run("operators", "list", env=env).stdout == "1\thq\n"
    assert run("operators", "set-password", "hq", "--password", "battery staple", env=env).exit_code == 0
    assert finding("operators", "add", "HQ", "--password", PASSWORD, env=env).endswith("already.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["teams", "add", "a", "--password", "short"],
        ["teams", "add", "two words", "--password", PASSWORD],
        ["teams", "deactivate", "nobody"],
        ["teams", "set-password", "nobody", "--password", PASSWORD],
        ["operators", "set-password", "nobody", "--password", PASSWORD],
        ["operators", "disable", "nobody"],
        ["operators", "remove", "nobody"],
        ["teams", "unlock", "nobody"],
        ["teams", "add", "unicorns", "--password", "Unicorns"],
        ["teams", "add", "a", "--password", "12345678"],
        ["teams", "add", "a", "--password-stdin"],
    ],
    ids=" ".join,
)
def test_what_is_wrong_with_an_account_is_a_sentence(env: dict[str, str], arguments: list[str]) -> None:
    assert finding(*arguments, env=env).endswith(".")


def write_csv(tmp_path: Path, content: bytes) -> str:
    (tmp_path / "teams.csv").write_bytes(content)
    return str(tmp_path / "teams.csv")


def test_a_table_of_teams_is_imported_and_passwords_made_up_are_told(env: dict[str, str], tmp_path: Path) -> None:
    table = "\ufeffusername,name,password\r\na,Ünïcorns,correct horse\r\nb,,\r\n".encode()
    result = run("teams", "import", write_csv(tmp_path, table), env=env)
    username, password = result.stdout.strip().split("\t")
    assert (username, len(password) >= 12) == ("b", True)
    assert run("teams", "list", env=env).stdout == "1\ta\tÜnïcorns\n2\tb\tb\n"


@pytest.mark.parametrize(
    "table",
    [b"", b"a,b\n1,2\n", b"username,name\n\xff\xfe,x\n", b"username\na\0b\n", b"\xff\xfe\x00", b'username\n"open\n'],
)
def test_a_table_that_is_none_is_told_in_a_sentence(env: dict[str, str], tmp_path: Path, table: bytes) -> None:
    run("teams", "import", write_csv(tmp_path, table), env=env)
    assert finding("teams", "import", write_csv(tmp_path, table), env=env)


def test_anything_wrong_in_a_table_stops_it_whole_and_all_of_it_is_said(env: dict[str, str], tmp_path: Path) -> None:
    run("teams", "add", "bats", "--name", "The Bats", "--password", PASSWORD, env=env)
    table = b"username,name,password\na,A,\nbats,x,\nc,THE BATS,\nd,D,short\ne,E,f,g\n"
    result = run("teams", "import", write_csv(tmp_path, table), env=env)
    assert (result.exit_code, result.stdout) == (1, "")
    assert sorted(line[:6] for line in result.stderr.splitlines() if line.startswith("Line")) == [
        f"Line {number}" for number in (3, 4, 5, 6)
    ]
    assert run("teams", "list", env=env).stdout == "1\tbats\tThe Bats\n"


def test_a_dry_run_writes_nothing(env: dict[str, str], tmp_path: Path) -> None:
    result = run("teams", "import", "--dry-run", write_csv(tmp_path, b"username\na\n"), env=env)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 team would be registered." in result.stderr
    assert run("teams", "list", env=env).stdout == ""


def test_a_team_is_renamed_and_not_to_a_name_that_looks_like_anothers(env: dict[str, str]) -> None:
    for name in ("owls", "bats"):
        run("teams", "add", name, "--password", PASSWORD, env=env)
    assert run("teams", "rename", "owls", "Night Owls", env=env).exit_code == 0
    for alike in ("B\u0430ts", "Bats\u17b4"):
        assert "looks like it" in finding("teams", "rename", "owls", alike, env=env)
    assert "Night Owls" in run("teams", "list", env=env).stdout


def test_erasing_a_team_leaves_nothing_that_identifies_people_in_the_tables(
    env: dict[str, str], tmp_path: Path
) -> None:
    run("teams", "import", write_csv(tmp_path, b"username,name,email\nowls,The Owls,me@owls.example\n"), env=env)
    assert run("teams", "erase", "owls", "--yes", env=env).exit_code == 0
    assert run("teams", "list", env=env).stdout == "1\tTeam 1\tTeam 1\n"
    exported = run("teams", "export", "--csv", env=env).stdout
    assert "owls" not in exported.lower()
    assert run("log", "verify", env=env).exit_code == 0
    assert finding("teams", "set-password", "owls", "--password", PASSWORD, env=env)
    assert "The Owls" in run("log", "export", "-", env=env).stdout, "the past stays as it was"
    assert run("teams", "add", "owls", "--name", "The Owls", "--password", PASSWORD, env=env).exit_code == 0


def test_tables_for_the_wrap_up_can_be_opened_in_a_sheet(env: dict[str, str]) -> None:
    run("teams", "add", "owls", "--name", "=1+1", "--password", PASSWORD, env=env)
    [header, row] = csv.reader(run("teams", "export", "--csv", env=env).stdout.splitlines())
    found = dict(zip(header, row, strict=True))
    assert (found["username"], found["name"], found["solves"]) == ("owls", "'=1+1", "0")
    for table in ("guesses", "solves"):
        result = run(table, "export", "--csv", env=env)
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) == 1


# --- the log


def test_a_log_is_exported_verified_and_imported(env: dict[str, str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("teams", "add", name, "--password", PASSWORD, env=env)
    exported, again = tmp_path / "log.jsonl", tmp_path / "again.jsonl"
    assert run("log", "export", str(exported), env=env).exit_code == 0
    other = env | {"HUNT_DATABASE_URL": asyncio.run(fresh_sqlite(tmp_path))}
    assert run("log", "import", str(exported), env=other).exit_code == 0
    assert run("log", "export", str(again), env=other).exit_code == 0
    assert again.read_bytes() == exported.read_bytes()
    said = run("log", "verify", env=other)
    assert (said.exit_code, said.stdout) == (0, run("log", "verify", env=env).stdout)
    assert "not empty" in finding("log", "import", str(exported), env=other)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"not json\n", "line 1"), (b'{"id": 1}\n', "line 1"), (b"\xff\xfe\n", ""), (b"[]\n{}\n", "line 1")],
)
def test_a_file_that_is_no_log_is_told(env: dict[str, str], tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "log.jsonl").write_bytes(content)
    assert says in finding("log", "import", str(tmp_path / "log.jsonl"), env=env)


def test_a_broken_chain_is_refused_and_named(env: dict[str, str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("teams", "add", name, "--password", PASSWORD, env=env)
    lines = run("log", "export", "-", env=env).stdout.splitlines(keepends=True)
    (tmp_path / "log.jsonl").write_text("".join([lines[0].replace('"A"', '"X"').replace('"a"', '"x"'), *lines[1:]]))
    other = env | {"HUNT_DATABASE_URL": asyncio.run(fresh_sqlite(tmp_path))}
    assert "entry 1 " in finding("log", "import", str(tmp_path / "log.jsonl"), env=other)
    asyncio.run(execute(env["HUNT_DATABASE_URL"], "UPDATE activity_log SET data = 'broken' WHERE id = 2"))
    assert "entry 2 " in finding("log", "verify", env=env)


def test_a_fake_replica_cannot_be_reached_from_outside(env: dict[str, str]) -> None:
    for name in ("status", "verify", "rebuild"):
        assert "fake://" in finding("replica", name, env=env)


def test_a_replica_that_does_not_answer_is_told(env: dict[str, str], tmp_path: Path) -> None:
    env["HUNT_REDIS_URL"] = f"unix://{tmp_path}/nobody.sock"
    for name in ("verify", "rebuild"):
        assert run("replica", name, env=env).exit_code == 1
    assert run("replica", "status", env=env).exit_code == 1


def test_a_replica_is_looked_at_without_the_hunt(env: dict[str, str], redis_url: str) -> None:
    env |= {"HUNT_REDIS_URL": redis_url, "HUNT_CONTENT": "/nowhere/at/all"}
    run("replica", "rebuild", env=env)
    status = run("replica", "status", env=env)
    assert (status.exit_code, status.stderr) == (0, "")
    assert run("replica", "verify", env=env).stdout == "The replica equals the log.\n"
    assert "HUNT_REDIS_URL" in finding("replica", "status", env=env | {"HUNT_REDIS_URL": "redis://h:abc/0"})


def test_a_replica_is_rebuilt_and_equals_the_log(env: dict[str, str], redis_url: str) -> None:
    env["HUNT_REDIS_URL"] = redis_url
    run("teams", "add", "a", "--password", PASSWORD, env=env)
    assert run("replica", "verify", env=env).exit_code == 1
    assert run("replica", "rebuild", env=env).exit_code == 0
    assert run("replica", "verify", env=env).exit_code == 0
    assert json.loads(run("replica", "status", env=env).stdout)["log_head"] > 0


# --- the program itself


def test_the_program_speaks_plainly_where_it_is_started(tmp_path: Path) -> None:
    for locale in ("C", "C.UTF-8"):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": locale}
        told = subprocess.run(
            [HUNT, "serve"], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.startswith("HUNT_DATABASE_URL is not set: ")
        assert told.stderr.count("\n") == 1


@pytest.mark.skipif(not FULL.exists(), reason="This system has no device that is always full.")
@pytest.mark.parametrize(
    "arguments", [["log", "export", str(FULL)], ["log", "export", "-"], ["log", "verify"], ["teams", "list"]]
)
def test_what_there_is_no_room_for_is_not_called_written(env: dict[str, str], arguments: list[str]) -> None:
    run("teams", "add", "a", "--password", PASSWORD, env=env)
    with FULL.open("w") as full:
        told = subprocess.run(
            [HUNT, *arguments], env=os.environ | env, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert told.returncode == 1
    assert "No space left" in told.stderr
    assert told.stderr.count("\n") == 1


def test_an_export_leaves_the_file_before_alone_until_there_is_something_to_write(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_text("the export of yesterday")
    env["HUNT_DATABASE_URL"] = f"sqlite+aiosqlite:///{tmp_path}/nowhere/x.db"
    finding("log", "export", str(tmp_path / "log.jsonl"), env=env)
    assert (tmp_path / "log.jsonl").read_text() == "the export of yesterday"
