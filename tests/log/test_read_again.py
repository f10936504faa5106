"""A request that reads while the database is away for a moment waits for it; for longer it is told so."""

import asyncio

import pytest

from hunt.log import source
from hunt.log.source import LogAway, read_again


async def test_what_is_away_is_read_again_until_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "READ_PAUSES", (0.0, 0.0))
    failures = [LogAway("first"), LogAway("second")]

    async def read() -> str:
        await asyncio.sleep(0)
        if failures:
            raise failures.pop(0)
        return "read"

    assert await read_again(read) == "read"


async def test_what_stays_away_is_told_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "READ_PAUSES", (0.0, 0.0))
    attempts: list[None] = []

    async def read() -> str:
        attempts.append(None)
        raise LogAway("away")

    with pytest.raises(LogAway):
        await read_again(read)
    assert len(attempts) == 3
