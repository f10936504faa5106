"""The log is another one than it was: a backup was restored and played on. Nobody keeps what is not true any more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from apps import App, fresh_sqlite, running_app, settings_of
from hunt.game.entries import Entry
from hunt.live import feed
from hunt.live.datasets import TEAM_DATASETS
from hunt.live.shared import Topic
from hunt.log.database import append_transaction
from hunt.log.tables import EntryRow, TeamRow
from live_world import check_tiles, grant, guess, ids, wired
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


@pytest.fixture
def no_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody notices anything by himself."""
    for pace in ("POLL_SECONDS", "BUSY_POLL_SECONDS"):
        monkeypatch.setattr(feed, pace, 3_600.0)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = settings_of(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path))
    async with running_app(settings) as app:
        await app.begin()
        yield app


async def restore(app: App, upto: int) -> None:
    """The log as it was at `upto`, as after a backup was played back."""
    async with append_transaction(app.services.engine) as connection:
        await connection.execute(delete(EntryRow).where(EntryRow.id > upto))
        await connection.commit()


@pytest.mark.parametrize("grown", [0, 1, 5])
async def test_sockets_are_reset_and_told_everything(app: App, grown: int) -> None:
    team = await app.team()
    backup = app.services.tail.head
    async with wired(app, team) as wire:
        wire.sub("activity_log")
        wire.sub("guess_log", "b", params={"slug": "lantern"})
        wire.sub("puzzle", "c", params={"slug": "lantern"})
        for text in ("dark", "darker"):
            await guess(app, team, text)
        await wire.settled()
        assert ids(wire.of("append", "b"))
        await restore(app, backup)
        for _ in range(grown):
            await grant(app, team)
        await app.services.feed.poll()
        await wire.until(lambda: len(wire.of("reset", "a")) == len(wire.of("reset", "c")) == 1)
        await wire.settled()
        for sub in ("a", "b"):
            begin = wire.frames.index(wire.of("reset", sub)[0])
            later = [frame for frame in wire.frames[begin:] if frame["type"] == "append" and frame["sub"] == sub]
            check_tiles(later, 0)
            assert later[-1]["id"] == app.services.tail.head or sub == "b"
        value = wire.of("update", "c")[-1]["value"]
        assert (value["guesses"], value["epoch"]) == ([], app.services.tail.head)


async def test_what_another_history_holds_in_place_of_what_concerned_nobody_here_is_sent(
    no_polls: None, app: App
) -> None:
    team, other = await app.team(), await app.team()
    async with wired(app, team) as wire:
        wire.sub("guess_log", params={"slug": "lantern"})
        await guess(app, team, "dark")
        await wire.settled()
        backup = app.services.tail.head
        await grant(app, other, 1)
        await grant(app, team, 1)  # looked at and found to be no guess: the client's cursor stays before it
        await wire.settled()
        await restore(app, backup)
        async with running_app(settings_of(app.services.settings.content, app.services.settings.database_url)) as there:
            new = await guess(there, team, "darker")
            await grant(there, team, 5)
        await app.services.feed.poll()
        await wire.until(lambda: new in ids(wire.of("append")))
        assert not wire.of("reset")
        check_tiles(wire.of("append"), wire.of("append")[0]["prev"])


async def test_an_answer_that_waits_for_the_other_history_has_nothing_of_the_one_before(
    no_polls: None, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = await app.team()
    backup, settings, services = app.services.tail.head, app.services.settings, app.services
    for text in ("dark", "darker"):
        await guess(app, team, text)
    await restore(app, backup)
    refused: asyncio.Queue[str | None] = asyncio.Queue()
    digest_at = services.reader.digest_at

    async def noted(id: int) -> str | None:
        found = await digest_at(id)
        if found != services.tail.digest:
            refused.put_nowait(found)
        return found

    monkeypatch.setattr(services.reader, "digest_at", noted)
    async with running_app(settings_of(settings.content, settings.database_url)) as there, app.client() as client:
        await grant(there, team)
        paths = (f"/api/activity?since={backup - 1}", "/activity")
        answers = [asyncio.create_task(client.get(path, headers=team.headers)) for path in paths]
        for _ in answers:
            await refused.get()
        await services.feed.poll()
        answer, page = [await answer for answer in answers]
        head = there.services.tail.head
        assert answer.json()["head"] == {"id": head, "mac": there.services.hub.shared.head_mac()}
        assert answer.json()["entries"][-1]["id"] == head
        assert f'data-epoch="{head}"' in page.text
        assert "DARK" not in page.text


async def test_a_team_that_is_not_in_it_any_more_is_logged_out(app: App) -> None:
    backup = app.services.tail.head
    team = await app.team()
    async with wired(app, team) as wire:
        wire.sub("hub")
        await wire.settled()
        await restore(app, backup)
        await app.services.feed.poll()
        await wire.until(lambda: wire.connection.close_code)
        assert wire.connection.close_code == 4001
        wire.sub("guess_log", "b", params={"slug": "lantern"})  # sent before the client has heard of it
    async with app.client() as client:
        assert (await client.get("/api/me", headers=team.headers)).status_code == 401


async def test_another_team_with_the_same_id_gets_neither_its_sockets_nor_its_sessions(
    no_polls: None, app: App
) -> None:
    backup, settings = app.services.tail.head, app.services.settings
    owls = await app.team()
    async with wired(app, owls) as wire:
        wire.sub("hub")
        await wire.settled()
        await restore(app, backup)
        async with append_transaction(app.services.engine) as connection:
            await connection.execute(delete(TeamRow).where(TeamRow.id == owls.id))
            await connection.commit()
        async with running_app(settings_of(settings.content, settings.database_url)) as there:
            foxes = await there.team()
            assert foxes.id == owls.id
        await app.services.feed.poll()
        await wire.until(lambda: wire.connection.close_code)
        assert wire.connection.close_code == 4001
    async with app.client() as client:
        assert (await client.get("/api/me", headers=owls.headers)).status_code == 401
        assert (await client.get("/api/me", headers=foxes.headers)).status_code == 200


async def test_what_is_being_made_for_a_team_that_the_log_loses_ends_without_an_error(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, shared, history = app.services.tail.head, app.services.hub.shared, app.services.history
    team = await app.team()

    async def lost(*_given: int) -> tuple[list[Entry], bool]:
        await restore(app, backup)
        await app.services.feed.poll()
        return [], True

    monkeypatch.setattr(history, "page", lost)
    topic = Topic(TEAM_DATASETS["activity_log"])
    assert (await shared.picked(team.id, topic, 0)).entries == []
    assert await shared.value(team.id, Topic(TEAM_DATASETS["hub"])) is None
