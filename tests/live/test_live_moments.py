"""What comes about by itself at a moment of the hunt, whatever becomes of the log."""

from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from apps import fresh_sqlite, running_app, settings_of
from hunt.game.commands import CatchUp, Command
from hunt.game.decide import decide
from hunt.game.entries import stamp
from hunt.live import timekeeper
from hunt.log import writer
from hunt.log.reader import LogReader
from live_world import grant, wired
from small_hunt import write_small_hunt
from stores import StandingClock, execute
from waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "TICK_SECONDS", 0.05)


def write_timed_hunt(folder: Path, clock: StandingClock) -> Path:
    """The small hunt with a gate, `timed`, that is open to all in an hour, and an end before it."""
    write_small_hunt(folder)
    hunt = yaml.safe_load((folder / "hunt.yaml").read_text())
    moment = stamp(clock.now + timedelta(hours=1))
    hunt["rounds"][0].setdefault("gates", []).append({"id": "timed", "satisfied_if": [{"after": moment}]})
    hunt["end"] = stamp(clock.now + timedelta(minutes=30))
    (folder / "hunt.yaml").write_text(yaml.safe_dump(hunt, sort_keys=False))
    return folder


async def test_what_a_restored_backup_has_lost_comes_about_again(tmp_path: Path) -> None:
    clock = StandingClock()
    folder = write_timed_hunt(tmp_path / "hunt", clock)
    url = await fresh_sqlite(tmp_path)
    async with running_app(settings_of(folder, url), clock) as app:
        await app.begin()
        team = await app.team()
        backup = app.services.tail.head

        async def has_come() -> bool:
            return "timed" in app.services.tail.board.teams[team.id].gates

        clock.wait(hours=2)
        await eventually(has_come, what="the moment")
        at_first = app.services.tail.digest
        clock.wait(minutes=1)
        await execute(url, "DELETE FROM activity_log WHERE id > :id", id=backup)

        async def has_come_again() -> bool:
            return app.services.tail.digest != at_first and await has_come()

        await eventually(has_come_again, what="the moment, once more")


async def test_a_team_whose_state_is_odd_keeps_no_other_from_its_moment_and_gets_it_once_that_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "CATCH_UP_TEAMS", 2)
    clock, is_broken = StandingClock(), True
    folder = write_timed_hunt(tmp_path / "hunt", clock)
    async with running_app(settings_of(folder, await fresh_sqlite(tmp_path)), clock) as app:
        await app.begin()
        odd, *others = [(await app.team()).id for _ in range(4)]

        def deciding(command: Command, *given: Any) -> Any:
            if is_broken and isinstance(command, CatchUp) and odd in command.teams:
                raise KeyError(odd)
            return decide(command, *given)

        def have_it() -> set[int]:
            return {id for id, state in app.services.tail.board.teams.items() if "timed" in state.gates}

        async def others_have_it() -> bool:
            return have_it() == set(others)

        async def all_have_it() -> bool:
            return have_it() == {odd, *others}

        monkeypatch.setattr(writer, "decide", deciding)
        with capture_logs() as said:

            async def is_told() -> bool:
                return {"event": "catch_up_failed", "teams": [odd], "log_level": "error"} in said

            clock.wait(hours=2)
            await eventually(others_have_it, what="the moment of the others")
            await eventually(is_told, what="a line that tells of the odd one")
        assert app.services.is_ready
        is_broken = False
        clock.wait(seconds=timekeeper.RETRY_SECONDS)
        await eventually(all_have_it, what="the moment of the odd one")


async def test_a_moment_shows_on_open_pages_and_asks_the_log_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    folder = write_timed_hunt(tmp_path / "hunt", clock)
    async with running_app(settings_of(folder, await fresh_sqlite(tmp_path)), clock) as app:
        app.services.tail.ring = deque(maxlen=5)
        await app.begin()
        team, other = await app.team(), await app.team()
        asked: list[int] = []

        async def digest_at(id: int) -> str | None:
            asked.append(id)
            return await LogReader.digest_at(app.services.reader, id)

        async with wired(app, team) as wire:
            for sub in ("hub", "navbar", "activity_log"):
                wire.sub(sub, sub)
            await wire.settled()
            for _ in range(9):
                await grant(app, other)
            monkeypatch.setattr(app.services.reader, "digest_at", digest_at)
            clock.wait(minutes=45)
            await wire.until(lambda: wire.of("update", "hub")[-1]["value"]["phase"] == "over")
            await wire.settled()
            assert len(wire.of("update", "navbar")) == len(wire.of("append", "activity_log")) == 1
        assert asked == []
