"""The commands for accounts: operators come and go, everything is audited, and passwords need not be shown."""

import getpass

import pytest

from test_cli import PASSWORD, database, env, finding, run

__all__ = ["database", "env"]


def test_an_operator_is_disabled_enabled_and_removed(env: dict[str, str]) -> None:
    run("operators", "add", "hq", "--password", PASSWORD, env=env)
    assert run("operators", "disable", "HQ", env=env).exit_code == 0
    assert run("operators", "list", env=env).stdout == "1\thq\t(disabled)\n"
    assert run("operators", "enable", "hq", env=env).exit_code == 0
    assert run("operators", "list", env=env).stdout == "1\thq\n"
    assert run("operators", "remove", "hq", env=env).exit_code == 0
    assert run("operators", "list", env=env).stdout == ""
    assert "no operator" in finding("operators", "remove", "hq", env=env)


def test_what_was_done_with_accounts_is_in_the_audit_the_newest_last(env: dict[str, str]) -> None:
    run("operators", "add", "hq", "--password", PASSWORD, env=env)
    run("teams", "add", "owls", "--password", PASSWORD, env=env)
    run("operators", "set-password", "hq", "--password", "battery staple", env=env)
    run("teams", "set-password", "owls", "--password", "battery staple", env=env)
    run("operators", "disable", "hq", env=env)
    run("operators", "enable", "hq", env=env)
    run("operators", "unlock", "hq", env=env)
    run("teams", "unlock", "owls", env=env)
    run("operators", "remove", "hq", env=env)
    lines = [line.split("\t") for line in run("operators", "audit", env=env).stdout.splitlines()]
    assert [line[1:3] for line in lines] == [
        ["added", "operator hq"],
        ["password_set", "operator hq"],
        ["password_set", "team owls"],
        ["disabled", "operator hq"],
        ["enabled", "operator hq"],
        ["unlocked", "operator hq"],
        ["unlocked", "team owls"],
        ["removed", "operator hq"],
    ]
    assert {line[3] for line in lines} == {f"command line ({getpass.getuser()})"}
    newest = run("operators", "audit", "--limit", "2", env=env).stdout.splitlines()
    assert [line.split("\t")[1] for line in newest] == ["unlocked", "removed"]


@pytest.mark.parametrize("kind", ["teams", "operators"])
def test_a_password_is_read_from_standard_input_without_a_warning(env: dict[str, str], kind: str) -> None:
    added = run(kind, "add", "owls", "--password-stdin", env=env, input=f"{PASSWORD}\nanother line\n")
    assert (added.exit_code, added.stderr) == (0, "")
    changed = run(kind, "set-password", "owls", "--password-stdin", env=env, input="battery staple\n")
    assert (changed.exit_code, changed.stderr) == (0, "")
    both = run(kind, "set-password", "owls", "--password-stdin", "--password", "x", env=env, input="x\n")
    assert both.exit_code == 2


@pytest.mark.parametrize("kind", ["teams", "operators"])
def test_a_password_on_the_command_line_is_warned_of_in_one_line(env: dict[str, str], kind: str) -> None:
    said = run(kind, "add", "owls", "--password", PASSWORD, env=env).stderr
    assert "--password-stdin" in said
    assert said.count("\n") == 1
    assert PASSWORD not in said


def test_a_password_is_asked_for_twice_otherwise(env: dict[str, str]) -> None:
    assert run("teams", "add", "owls", env=env, input=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    assert PASSWORD not in run("teams", "add", "foxes", env=env, input=f"{PASSWORD}\n{PASSWORD}\n").output


def test_the_password_of_the_examples_is_refused_where_the_server_is_public(env: dict[str, str]) -> None:
    assert "trying things out" in run("teams", "add", "a", "--password", "password", env=env).stderr
    public = env | {"HUNT_PUBLIC_URL": "https://hunt.team-owls.org", "HUNT_SECRET_KEY": "0123456789abcdef" * 4}
    assert "harder to guess" in finding("teams", "add", "b", "--password", "password", env=public)
    assert "openssl rand" in finding("serve", env=public | {"HUNT_SECRET_KEY": "k" * 32})


def test_the_audit_needs_the_database_alone(env: dict[str, str]) -> None:
    run("operators", "add", "hq", "--password", PASSWORD, env=env)
    alone = {"HUNT_DATABASE_URL": env["HUNT_DATABASE_URL"]}
    assert "operator hq" in run("operators", "audit", env=alone).stdout
