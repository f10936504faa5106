"""A hunt that is corrected while it runs: past guesses that are judged otherwise are logged, and teams may repeat them."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from apps import App, fresh_sqlite, running_app, settings_of
from hunt.content import load
from hunt.game.refusals import MustWait
from live_world import guess
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


def warnings(logs: list[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == "guesses_judged_otherwise"]


def correct(folder: Path) -> None:
    """Give the puzzle a partial answer that it lacked."""
    path = folder / "puzzles/lantern/puzzle.yaml"
    written = yaml.safe_load(path.read_text()) | {"partial_answers": [{"guess": "MÖWE", "response": "Yes"}]}
    path.write_text(yaml.safe_dump(written))


async def test_the_watch_and_the_start_say_which_past_guesses_are_judged_otherwise(tmp_path: Path) -> None:
    folder = write_small_hunt(tmp_path / "hunt")
    settings = settings_of(folder, await fresh_sqlite(tmp_path))
    with capture_logs() as at_first:
        async with running_app(settings) as app:
            await app.begin()
            team = await app.team("gulls")
            for text in ("moewe", "other"):
                await guess(app, team, text)
            correct(folder)
            with capture_logs() as watched:
                await app.services.change_hunt(load(folder).hunt)
    with capture_logs() as started:
        async with running_app(settings) as app:
            [team_id] = app.services.tail.board.teams
            assert app.services.tail.board.teams[team_id].puzzle("lantern").partially_solved is None
    assert warnings(at_first) == []
    for logs in (watched, started):
        [line] = warnings(logs)
        assert (line["puzzle"], line["teams"], line["changes"]) == ("lantern", 1, 1)
        assert line["shown"] == ["The gulls: MOEWE incorrect -> partial"]


async def test_a_team_that_has_to_wait_hears_of_the_correction(tmp_path: Path) -> None:
    folder = write_small_hunt(tmp_path / "hunt")
    async with running_app(settings_of(folder, await fresh_sqlite(tmp_path))) as app:
        await app.begin()
        team = await app.team()
        for text in ("moewe", "other"):
            await guess(app, team, text)
        correct(folder)
        await app.services.change_hunt(load(folder).hunt)
        with pytest.raises(MustWait):
            await guess(app, team, "new")
        async with app.client(headers=team.headers) as client:
            again = await client.post("/api/puzzles/lantern/guesses", json={"guess": "Moewe"})
            assert (again.json()["verdict"], again.json()["duplicate"]) == ("partial", False)
            third = await client.post("/api/puzzles/lantern/guesses", json={"guess": "Moewe"})
            assert (third.json()["verdict"], third.json()["duplicate"]) == ("partial", True)
        await said_as_typed(app)


async def said_as_typed(app: App) -> None:
    rows = await app.services.reader.entries(0, 1_000)
    assert [row.data["typed"] for row in rows if row.data and "typed" in row.data] == ["moewe", "other", "Moewe"]
