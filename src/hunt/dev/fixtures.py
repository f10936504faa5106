"""Teams and an operator to develop with, all with one password. Never loaded in production."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from hunt.accounts.service import Accounts
from hunt.game.commands import SatisfyGate

START_GATE = "hunt_started"
"""Where a hunt has this gate, satisfying it begins the hunt."""

TEAMS_AT_ONCE = 200
"""Registrations queued together: one transaction's worth, far below what the writer refuses."""


class Team(Struct, frozen=True):
    username: str
    name: str


class Operator(Struct, frozen=True):
    username: str


class Fixtures(Struct, frozen=True):
    password: str
    teams: tuple[Team, ...] = ()
    operators: tuple[Operator, ...] = ()


def read(path: Path) -> Fixtures:
    """The accounts in a YAML file; msgspec.ValidationError when it has another shape."""
    return msgspec.yaml.decode(path.read_bytes(), type=Fixtures)


async def load(accounts: Accounts, fixtures: Fixtures, *, extra_teams: int = 0) -> bool:
    """Fill an empty database and begin the hunt for all; False, and nothing done, where there are teams already.

    `extra_teams` more are named load0001, load0002, … All accounts share one hash, for hashing is slow on purpose.
    """
    if await accounts.teams():
        return False
    stored = await accounts.passwords.hash(fixtures.password)
    known = {row.username for row in await accounts.operators.all()}
    for operator in fixtures.operators:
        if operator.username not in known:
            await accounts.operators.add(operator.username, fixtures.password, password_hash=stored)
    # The gate goes into the queue with the first teams, so into their transaction: a start that is broken off
    # leaves all of it or nothing.
    await asyncio.gather(_begin(accounts), _register(accounts, fixtures.teams, stored))
    extra = [Team(f"load{n:04}", f"Load {n:04}") for n in range(1, extra_teams + 1)]
    for start in range(0, extra_teams, TEAMS_AT_ONCE):
        await _register(accounts, extra[start : start + TEAMS_AT_ONCE], stored)
    return True


async def _register(accounts: Accounts, teams: Sequence[Team], stored: str) -> None:
    await asyncio.gather(
        *(accounts.register(team.username, team.name, "", password_hash=stored) for team in teams),
    )


async def _begin(accounts: Accounts) -> None:
    if START_GATE in accounts.tail.board.hunt.gates:
        await accounts.writer.submit(SatisfyGate(teams=None, id=START_GATE), internal_data={"operator": "fixtures"})
