"""Subscriptions of one connection: what it is sent, when, and what it is never sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from apps import App, Team, fresh_sqlite, running_app, settings_of
from hunt.content import load
from hunt.game import commands as cmd
from hunt.live import connection, protocol
from hunt.live.datasets import TEAM_DATASETS
from live_world import check_tiles, grant, guess, ids, wired
from small_hunt import SECRETS, write_small_hunt

pytestmark = pytest.mark.anyio

GROWING = ("guess_log", "activity_log")
REPLACED = tuple(name for name in TEAM_DATASETS if name not in GROWING)
SLUGS = {"puzzle": "lantern", "guess_log": "lantern", "round": "downstairs"}


def params(dataset: str, format: str = "json") -> dict[str, str]:
    return {"format": format, "slug": SLUGS[dataset]} if dataset in SLUGS else {"format": format}


@pytest.mark.parametrize("dataset", TEAM_DATASETS)
async def test_the_reply_is_followed_by_the_first_frame_at_once(live_app: App, team: Team, dataset: str) -> None:
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset))
        await wire.settled()
        reply, first = (frame for frame in wire.frames if frame["type"] != "pong")
        assert reply == {"type": "sub", "rpc": 1, "sub": "a", "kind": "growing" if dataset in GROWING else "replaced"}
        assert first["type"] == ("append" if dataset in GROWING else "update")
        stands_at = first["id"] if dataset in GROWING else first["value"]["epoch"]
        assert stands_at == live_app.services.tail.head


@pytest.mark.parametrize("dataset", [name for name, dataset in TEAM_DATASETS.items() if dataset.is_drawn])
async def test_every_dataset_but_the_state_is_drawn_as_html_too(live_app: App, team: Team, dataset: str) -> None:
    await guess(live_app, team, "wrong")
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset, "html"))
        await wire.settled()
        [update] = wire.of("update")
        assert set(update["value"]) == {"html", "epoch"}
        assert "<" in update["value"]["html"]


async def test_what_has_no_html_says_so_and_the_socket_lives(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("team_state", params={"format": "html"})
        wire.sub("team_state", "b")
        await wire.settled()
        assert [frame["code"] for frame in wire.of("fail")] == ["unknown_format"]
        assert wire.of("update", "b")


async def test_a_growing_dataset_that_is_empty_begins_with_an_empty_append(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("guess_log", params={"slug": "mirror"})
        await wire.settled()
        tail = live_app.services.tail
        [first] = wire.of("append")
        assert first == {
            "type": "append", "sub": "a", "prev": 0, "entries": [], "id": tail.head, "mac": live_app.services.hub.shared.head_mac(),
        }  # fmt: skip


@pytest.mark.parametrize("dataset", GROWING)
async def test_a_growing_dataset_tiles_without_holes(live_app: App, team: Team, dataset: str) -> None:
    other = await live_app.team()
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset))
        for text in ("lamp", "wrong", "light"):
            await guess(live_app, team, text)
            await guess(live_app, other, text)
        await guess(live_app, team, "elsewhere", slug="mirror")
        await wire.settled()
        frames = wire.of("append")
        check_tiles(frames, 0)
        mine = await live_app.services.history.stored(team.id, 0, live_app.services.tail.head)
        expected = [
            entry.id
            for entry in mine
            if dataset == "activity_log" or (entry.type == "puzzle_guess_submitted" and entry.slug == "lantern")
        ]
        assert ids(frames) == expected


@pytest.mark.parametrize("dataset", GROWING)
async def test_a_resume_with_the_right_mac_gets_only_what_is_newer(live_app: App, team: Team, dataset: str) -> None:
    await guess(live_app, team, "before")
    since, mac = live_app.services.tail.head, live_app.services.hub.shared.head_mac()
    new = await guess(live_app, team, "after")
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset), since=since, mac=mac)
        await wire.settled()
        assert not wire.of("reset")
        check_tiles(wire.of("append"), since)
        assert ids(wire.of("append")) == [new]


@pytest.mark.parametrize("mac", [None, "0" * 32, "", "not a mac", "ಕ"])
@pytest.mark.parametrize("dataset", GROWING)
async def test_a_resume_with_another_mac_gets_a_reset_and_everything(
    live_app: App, team: Team, dataset: str, mac: str | None
) -> None:
    head = await guess(live_app, team, "wrong")
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset), since=head, mac=mac)
        await wire.settled()
        assert wire.kinds() == ["sub", "reset", "append"]
        check_tiles(wire.of("append"), 0)
        assert head in ids(wire.of("append"))


@pytest.mark.parametrize("beyond", [1, 10**6, protocol.MAX_NUMBER])
@pytest.mark.parametrize("dataset", [*GROWING, "hub"])
async def test_a_resume_beyond_the_head_gets_a_reset_and_everything(
    live_app: App, team: Team, dataset: str, beyond: int
) -> None:
    tail = live_app.services.tail
    since = min(tail.head + beyond, protocol.MAX_NUMBER)
    async with wired(live_app, team) as wire:
        wire.sub(dataset, params=params(dataset), since=since, mac=live_app.services.hub.shared.head_mac())
        await wire.settled()
        assert wire.kinds() == ["sub", "reset", "append" if dataset in GROWING else "update"]


async def test_a_replaced_dataset_resumes_with_its_value_and_is_reset_when_it_is_of_another_log(
    live_app: App, team: Team
) -> None:
    tail = live_app.services.tail
    async with wired(live_app, team) as wire:
        wire.sub("hub", "right", since=tail.head, mac=live_app.services.hub.shared.head_mac())
        wire.sub("hub", "without", since=tail.head)
        wire.sub("hub", "wrong", since=tail.head, mac=tail.digest)
        await wire.settled()
        for sub, resets in (("right", 0), ("without", 0), ("wrong", 1)):
            assert len(wire.of("reset", sub)) == resets
            assert wire.of("update", sub)[0]["value"]["epoch"] >= tail.head


async def test_a_negative_cursor_and_unknown_things_fail_with_their_rpc(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("hub", since=-1)
        wire.sub("nothing")
        wire.sub("ops_log")
        wire.sub("hub", params={"format": "xml"})
        wire.sub("puzzle")
        wire.sub("puzzle", params={"slug": "vault"})
        wire.sub("guess_log", params={"slug": "nowhere"})
        wire.sub("round", params={"slug": "upstairs"})
        wire.sub("round", params={"slug": "stray_leads"})
        wire.call(rpc=1, method="unsub", sub="never")
        await wire.settled()
        fails = wire.of("fail")
        assert [frame["code"] for frame in fails] == [
            "bad_cursor",
            "unknown_dataset",
            "unknown_dataset",
            "unknown_format",
            *["not_found"] * 5,
            "unknown_sub",
        ]
        assert all(frame["rpc"] == 1 and frame["error"].endswith(".") for frame in fails)
        locked, missing = fails[5], fails[6]
        assert locked == missing


async def test_after_unsub_nothing_more_comes(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        await wire.settled()
        wire.call(rpc=2, method="unsub", sub="a")
        await wire.settled()
        count = len(wire.of("append"))
        await grant(live_app, team)
        await wire.settled()
        assert len(wire.of("append")) == count
        assert {"type": "unsub", "rpc": 2, "sub": "a"} in wire.frames


async def test_a_name_used_again_begins_anew(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        wire.sub("navbar")
        await wire.settled()
        await grant(live_app, team)
        await wire.settled()
        assert [frame["type"] for frame in wire.frames if frame["type"] in {"append", "update"}][-1] == "update"
        assert wire.of("update")[-1]["value"]["currency"] == 1


async def test_an_unchanged_value_is_not_sent_again(live_app: App, team: Team) -> None:
    other = await live_app.team()
    async with wired(live_app, team) as wire:
        for dataset in REPLACED:
            wire.sub(dataset, dataset, params=params(dataset))
            if TEAM_DATASETS[dataset].is_drawn:
                wire.sub(dataset, f"{dataset} drawn", params=params(dataset, "html"))
        await wire.settled()
        count = len([frame for frame in wire.frames if frame["type"] == "update"])
        await guess(live_app, other, "of no interest")
        await guess(live_app, team, "elsewhere", slug="mirror")
        await live_app.services.writer.submit(cmd.OpenHints(teams=(team.id,), slug="mirror"))
        await wire.settled()
        assert len([frame for frame in wire.frames if frame["type"] == "update"]) == count


async def test_a_change_is_sent_to_what_it_touches(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        for dataset in REPLACED:
            wire.sub(dataset, dataset, params=params(dataset))
        await wire.settled()
        head = await guess(live_app, team, "lighthouse")
        await wire.settled()
        for dataset in REPLACED:
            values = [frame["value"] for frame in wire.of("update", dataset)]
            epochs = [value["epoch"] for value in values]
            assert epochs == sorted(epochs)
            assert epochs[-1] == head, dataset


async def test_an_idle_connection_is_told_the_head_and_its_cursors_move(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    other = await live_app.team()
    async with wired(live_app, team) as wire:
        wire.sub("guess_log", params={"slug": "lantern"})
        wire.sub("hub", "b")
        await wire.until(lambda: wire.of("append"))
        await guess(live_app, other, "not for us")
        tail = live_app.services.tail
        head = {"type": "head", "id": tail.head, "mac": live_app.services.hub.shared.head_mac()}
        await wire.until(lambda: head in wire.frames)
        await guess(live_app, team, "for us")
        await wire.until(lambda: len(wire.of("append")) == 2)
        assert wire.of("append")[-1]["prev"] == [f for f in wire.frames if f["type"] == "head"][-1]["id"]


async def test_a_head_never_passes_over_an_entry(live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.001)
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        for _ in range(50):
            await grant(live_app, team)
        await wire.settled()
        cursor = 0
        for frame in wire.frames:
            if frame["type"] == "append":
                assert frame["prev"] == cursor
            if frame["type"] in {"append", "head"}:
                cursor = frame["id"]
        mine = await live_app.services.history.stored(team.id, 0, live_app.services.tail.head)
        assert ids(wire.of("append")) == [entry.id for entry in mine]


async def test_long_news_come_in_frames_of_a_quarter_megabyte(live_app: App) -> None:
    team = await live_app.team()
    before = live_app.services.tail.head
    for _ in range(12):
        acts = [live_app.services.writer.submit(cmd.Grant(teams=(team.id,), keys=1)) for _ in range(150)]
        await asyncio.gather(*acts)
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        await wire.until(lambda: wire.of("append") and wire.of("append")[-1]["id"] == live_app.services.tail.head)
        frames = wire.of("append")
        assert len(frames) > 1
        assert max(wire.sizes) <= protocol.MAX_FRAME_BYTES
        check_tiles(frames, 0)
        assert len([id for id in ids(frames) if id > before]) == 12 * 150
        macs, digest_at = live_app.services.hub.shared.macs, live_app.services.reader.digest_at
        assert [frame["mac"] for frame in frames] == [
            macs.of(frame["id"], await digest_at(frame["id"]) or "") for frame in frames
        ]


async def test_a_team_is_never_sent_what_is_anothers_or_locked(live_app: App, team: Team) -> None:
    other = await live_app.team("a_rival_team")
    async with wired(live_app, team) as wire:
        for dataset in TEAM_DATASETS:
            wire.sub(dataset, dataset, params=params(dataset))
            if TEAM_DATASETS[dataset].is_drawn:
                wire.sub(dataset, f"{dataset} drawn", params=params(dataset, "html"))
        wire.sub("puzzle", "meta", params={"slug": "meta"})
        await guess(live_app, other, "rivals know it")
        for text in ("lighthouse",):
            await guess(live_app, other, text)
        await guess(live_app, other, "nightfall", slug="meta")
        await guess(live_app, other, "quicksilver", slug="vault")
        await guess(live_app, team, "wrong")
        await live_app.services.writer.submit(cmd.OpenHints(teams=None, slug="vault"))
        await live_app.services.writer.submit(cmd.ResetRateLimit(teams=(team.id,), slug="attic"))
        await wire.settled()
        said = str(wire.frames)
        assert not [secret for secret in (*SECRETS, "rival", "RIVALS") if secret in said]


async def test_an_operator_has_none_of_the_teams_datasets(live_app: App) -> None:
    async with wired(live_app, None) as wire:
        for dataset in TEAM_DATASETS:
            wire.sub(dataset, params=params(dataset))
        await wire.settled()
        assert {frame["code"] for frame in wire.of("fail")} == {"unknown_dataset"}


async def test_what_is_made_is_made_once_for_all_connections_of_a_team(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, made = live_app.services.hub.shared, []

    def counted(name: str, value: dict[str, Any]) -> str:
        made.append(name)
        return drawing(name, value)

    drawing = shared.render
    monkeypatch.setattr(shared, "render", counted)
    async with wired(live_app, team) as one, wired(live_app, team) as two:
        for wire in (one, two):
            wire.sub("navbar", params={"format": "html"})
            await wire.settled()
        await grant(live_app, team)
        for wire in (one, two):
            await wire.until(lambda wire=wire: len(wire.of("update")) == 2)  # type: ignore[misc] # mypy cannot infer a default
        assert made == ["navbar"] * 2


async def test_a_saved_puzzle_reaches_open_pages_and_resets_nobody(tmp_path: Path) -> None:
    folder = write_small_hunt(tmp_path / "hunt")
    async with running_app(settings_of(folder, await fresh_sqlite(tmp_path))) as app:
        await app.begin()
        team = await app.team()
        async with wired(app, team) as wire:
            wire.sub("puzzle", params={"slug": "lantern"})
            wire.sub("activity_log", "b")
            await wire.settled()
            version = wire.of("update")[0]["value"]["content_version"]
            written = folder / "puzzles/lantern/puzzle.yaml"
            written.write_text(written.read_text().replace("title: Lantern", "title: Lamp post"))
            await app.services.change_hunt(load(folder).hunt)
            await wire.until(lambda: wire.of("update")[-1]["value"]["title"] == "Lamp post")
            assert wire.of("update")[-1]["value"]["content_version"] != version
            await wire.settled()
            assert "reset" not in wire.kinds()
            await guess(app, team, "dark")
            await wire.settled()
            check_tiles(wire.of("append", "b"), 0)
