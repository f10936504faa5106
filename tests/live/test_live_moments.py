"""What comes about by itself at a moment of the hunt, whatever becomes of the log."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from apps import fresh_sqlite, running_app, settings_of
from hunt.game.entries import stamp
from hunt.live import timekeeper
from small_hunt import write_small_hunt
from stores import StandingClock, execute
from waiting import eventually

pytestmark = pytest.mark.anyio


async def test_what_a_restored_backup_has_lost_comes_about_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "TICK_SECONDS", 0.05)
    clock = StandingClock()
    folder = write_small_hunt(tmp_path / "hunt")
    hunt = yaml.safe_load((folder / "hunt.yaml").read_text())
    moment = stamp(clock.now + timedelta(hours=1))
    hunt["rounds"][0].setdefault("gates", []).append({"id": "timed", "satisfied_if": [{"after": moment}]})
    (folder / "hunt.yaml").write_text(yaml.safe_dump(hunt, sort_keys=False))
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
