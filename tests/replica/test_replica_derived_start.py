"""Whole servers that start where others have kept the states of the teams."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from apps import running_app, running_live_site, running_site, settings_of
from hunt.replica import derived
from servers import RedisServer
from small_hunt import write_small_hunt
from waiting import eventually

USED = "derived_state_used"
NOT_USED = "derived_state_not_used"


@pytest.fixture
def hunt(tmp_path: Path) -> Path:
    return write_small_hunt(tmp_path / "hunt")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DERIVE_SECONDS", "SAMPLE_SECONDS", "TICK_SECONDS"):
        monkeypatch.setattr(derived, name, 0.01)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as logs:
        yield logs


def told(logged: list[Any], *names: str) -> list[str]:
    return [line["event"] for line in logged if line["event"] in names]


async def test_a_server_starts_from_what_the_one_before_has_kept(
    sqlite_store: str, redis_server: RedisServer, hunt: Path, logged: list[Any]
) -> None:
    settings = settings_of(hunt, sqlite_store, redis_url=redis_server.url)
    async with running_app(settings) as first:
        counters = first.services.replica._health.counters
        before = counters.derived_passes
        await first.begin()
        team = await first.team()

        async def kept_and_sampled() -> bool:
            return counters.derived_passes > before and counters.derived_samples > 0

        await eventually(kept_and_sampled, what="a pass and a sample")
        board = first.services.tail.board
        assert counters.derived_mismatches == 0
    assert told(logged, USED, NOT_USED) == [NOT_USED]
    async with running_app(settings) as second:
        assert second.services.tail.board.teams == board.teams
        assert team.id in second.services.tail.board.teams
    redis_server.flush()
    async with running_app(settings) as third:
        assert third.services.tail.board.teams == board.teams
    assert told(logged, USED, NOT_USED) == [NOT_USED, USED, NOT_USED]


async def test_what_a_start_has_refused_is_written_anew(
    sqlite_store: str, redis_server: RedisServer, hunt: Path, logged: list[Any]
) -> None:
    settings = settings_of(hunt, sqlite_store, redis_url=redis_server.url)
    async with running_app(settings) as first:
        await first.begin()
        team = await first.team()
        await eventually(first.services.derived.write, what="a pass")
        form = first.services.derived.form
    with redis_server.client() as client:
        client.hset(form.teams, str(team.id), "nonsense")
    async with running_app(settings) as second:
        counters = second.services.replica._health.counters

        async def written() -> bool:
            return counters.derived_passes > 0

        await eventually(written, what="a pass")
    async with running_app(settings):
        pass
    assert told(logged, USED, NOT_USED) == [NOT_USED, NOT_USED, USED]


async def test_a_process_without_a_database_starts_from_it_too(
    sqlite_store: str, redis_url: str, hunt: Path, logged: list[Any]
) -> None:
    async with running_site(hunt, sqlite_store, redis_url=redis_url) as full:
        await full.app.begin()
        await full.app.team()
        derived_of_full = full.app.services.derived
        await eventually(derived_of_full.write, what="a pass")
        async with running_live_site(full, hunt, redis_url) as live:
            assert live.services.tail.board.teams == full.app.services.tail.board.teams
    assert told(logged, USED, NOT_USED) == [NOT_USED, USED]
