"""What happens while the past is read, and while much is made of it: answers are of one moment, and others get on."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from apps import App, Team
from hunt.api import solver
from hunt.game.entries import Entry
from hunt.live import datasets, turns
from hunt.live.activity import activity_entry
from hunt.live.datasets import TEAM_DATASETS
from hunt.live.shared import Topic
from live_world import grant, wired

pytestmark = pytest.mark.anyio

MANY = 30
TURN = 7
HTML = {"format": "html"}


@pytest.fixture
def reads(live_app: App, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Awaitable[object]]]:
    """What happens during each reading of the newest entries, in order; nothing where none is left."""
    during: list[Callable[[], Awaitable[object]]] = []
    real = live_app.services.history.newest

    async def newest(*given: int) -> Sequence[Entry]:
        entries = await real(*given)
        if during:
            await during.pop(0)()
        return entries

    monkeypatch.setattr(live_app.services.history, "newest", newest)
    return during


async def test_the_entries_of_others_do_not_keep_a_team_from_its_activity(
    live_app: App, team: Team, reads: list[Callable[[], Awaitable[object]]]
) -> None:
    other = await live_app.team()
    reads += [lambda: grant(live_app, other)] * MANY
    async with wired(live_app, team) as wire:
        wire.sub("activity_log", params=HTML)
        await wire.until(lambda: wire.of("update"))
        assert len(reads) == MANY - 1


async def test_a_teams_own_entries_do_not_keep_it_from_its_activity_and_are_not_mixed_into_it(
    live_app: App, team: Team, reads: list[Callable[[], Awaitable[object]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[dict[str, Any]] = []

    def draw(_name: str, value: dict[str, Any]) -> str:
        drawn.append(value)
        return json.dumps(value)

    monkeypatch.setattr(live_app.services.hub.shared, "render", draw)
    reads += [lambda: grant(live_app, team, 100)] * 3
    async with wired(live_app, team) as wire:
        wire.sub("activity_log", params=HTML)
        await wire.until(lambda: not reads and drawn[-1]["currency"] == 300)
        await wire.settled()
        assert [value["currency"] for value in drawn] == [0, 100, 200, 300]
        for value, frame in zip(drawn, wire.of("update"), strict=True):
            newest = value["entries"][0]
            assert newest["balance"] == value["currency"]
            assert newest["id"] == value["epoch"] == frame["value"]["epoch"]
        assert wire.of("update")[-1]["value"]["epoch"] == live_app.services.tail.head


async def test_what_was_made_while_the_team_went_on_is_not_kept_for_its_other_sockets(
    live_app: App, team: Team, reads: list[Callable[[], Awaitable[object]]]
) -> None:
    shared, topic = live_app.services.hub.shared, Topic(TEAM_DATASETS["activity_log"], html=True)
    reads.append(lambda: grant(live_app, team, 5))
    first = await shared.value(team.id, topic)
    second = await shared.value(team.id, topic)
    assert first
    assert second
    assert second.value != first.value
    assert (second.epoch, second.digest) == (live_app.services.tail.head, live_app.services.tail.digest)
    assert (first.epoch, first.digest) == (second.epoch - 1, await live_app.services.reader.digest_at(first.epoch))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """The entries that values were made of: (number of the loop's round, id)."""
    seen: list[tuple[int, int]] = []
    with rounds() as number:

        def noted(hunt: Any, entry: Entry) -> Any:
            seen.append((number(), entry.id))
            return activity_entry(hunt, entry)

        for module in (datasets, solver):
            monkeypatch.setattr(module, "activity_entry", noted)
        monkeypatch.setattr(turns, "TURN_ENTRIES", TURN)
        yield seen


@contextmanager
def rounds() -> Iterator[Callable[[], int]]:
    """Tells how often everybody in the loop has had a turn."""
    count, goes_on = 0, True

    def turn() -> None:
        nonlocal count
        count += 1
        if goes_on:
            asyncio.get_event_loop().call_soon(turn)

    def number() -> int:
        if count == 0:
            turn()
        return count

    try:
        yield number
    finally:
        goes_on = False


def check_turns(made: list[tuple[int, int]], team: Team) -> None:
    """Much was made, and never much of it in one turn."""
    assert len(made) > MANY, team
    assert max(Counter(number for number, _ in made).values()) <= TURN


async def test_a_long_log_is_sent_with_turns_for_others_in_between(
    live_app: App, team: Team, made: list[tuple[int, int]]
) -> None:
    await asyncio.gather(*(grant(live_app, team) for _ in range(MANY)))
    async with wired(live_app, team) as wire:
        wire.sub("activity_log")
        await wire.until(lambda: wire.of("append"))
    check_turns(made, team)


async def test_a_long_log_is_answered_with_turns_for_others_in_between(
    live_app: App, team: Team, made: list[tuple[int, int]]
) -> None:
    await asyncio.gather(*(grant(live_app, team) for _ in range(MANY)))
    async with live_app.client() as client:
        answer = (await client.get("/api/activity", headers=team.headers)).json()
    assert [entry["id"] for entry in answer["entries"]] == [id for _, id in made]
    check_turns(made, team)


async def test_a_long_log_is_made_once_for_sockets_that_ask_at_the_same_time(
    live_app: App, team: Team, made: list[tuple[int, int]]
) -> None:
    await asyncio.gather(*(grant(live_app, team) for _ in range(MANY)))
    shared, topic = live_app.services.hub.shared, Topic(TEAM_DATASETS["activity_log"])
    one, two = await asyncio.gather(*(shared.picked(team.id, topic, 0) for _ in range(2)))
    assert one == two
    assert len({id for _, id in made}) == len(made)
