"""A POST with an `Idempotency-Key` is done once, however often it is sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps import App, Team, fresh_key, fresh_sqlite, running_app, settings_of
from hunt.log.writer import IDEMPOTENCY_HOURS
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


def keyed(headers: dict[str, str], key: str) -> dict[str, str]:
    return {**headers, "idempotency-key": key}


async def guess(client: httpx.AsyncClient, headers: dict[str, str], text: str, slug: str = "lantern") -> httpx.Response:
    return await client.post(f"/api/puzzles/{slug}/guesses", json={"guess": text}, headers=headers)


async def test_the_same_guess_with_the_same_key_is_one_guess(client: httpx.AsyncClient, team: Team) -> None:
    headers = keyed(team.headers, fresh_key())
    first = await guess(client, headers, "lighthouse")
    await guess(client, team.headers, "odd", slug="_land")
    again = await guess(client, headers, "lighthouse")
    assert again.status_code == first.status_code == 200
    same = ("id", "verdict", "canonical_input", "response", "duplicate")
    assert {name: again.json()[name] for name in same} == {name: first.json()[name] for name in same}
    assert again.json()["epoch"] >= first.json()["epoch"]


async def test_many_at_once_with_one_key_are_one(client: httpx.AsyncClient, team: Team) -> None:
    headers = keyed(team.headers, fresh_key())
    answers = await asyncio.gather(*(guess(client, headers, "dark") for _ in range(20)))
    assert len({(answer.status_code, answer.json()["id"], answer.json()["duplicate"]) for answer in answers}) == 1
    assert not answers[0].json()["duplicate"]


async def test_the_key_with_another_body_is_422(client: httpx.AsyncClient, team: Team) -> None:
    headers = keyed(team.headers, fresh_key())
    await guess(client, headers, "one")
    other = await guess(client, headers, "two")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


async def test_the_key_counts_for_its_account_and_its_path_only(
    client: httpx.AsyncClient, api_app: App, team: Team
) -> None:
    key = fresh_key()
    other = await api_app.team()
    ids = [
        (await guess(client, keyed(team.headers, key), "same")).json()["id"],
        (await guess(client, keyed(other.headers, key), "same")).json()["id"],
        (await guess(client, keyed(team.headers, key), "same", slug="mirror")).json()["id"],
    ]
    assert len(set(ids)) == 3


async def test_every_act_can_be_repeated_and_gives_the_same_ids(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    teams: dict[str, Any] = {"teams": [team.id]}
    acts: list[tuple[str, dict[str, Any] | None]] = [
        ("currency", {**teams, "amount": 5}),
        ("currency", {**teams, "amount": 5, "kind": "clues"}),
        ("puzzles/mirror/unlock", teams),
        ("puzzles/vault/unlock", teams),
        ("puzzles/lantern/solve", teams),
        ("puzzles/mirror/reset-rate-limit", teams),
        ("puzzles/mirror/hints/open", teams),
        ("interactions/parade/start", teams),
        ("teams", {"username": fresh_key(), "name": fresh_key(), "password": "long enough"}),
        (f"teams/{team.id}", {"name": fresh_key()}),
        (f"teams/{team.id}/deactivate", None),
        (f"teams/{team.id}/reactivate", None),
    ]
    for path, body in acts:
        headers = keyed(hq, fresh_key())
        first = await client.post(f"/api/ops/{path}", json=body, headers=headers)
        again = await client.post(f"/api/ops/{path}", json=body, headers=headers)
        assert first.status_code in {200, 201}, (path, first.text)
        assert again.status_code == first.status_code, (path, again.text)
        assert {**again.json(), "epoch": 0} == {**first.json(), "epoch": 0}, path


async def test_what_teams_do_can_be_repeated_too(client: httpx.AsyncClient, team: Team, hq: dict[str, str]) -> None:
    for kind in ("keys", "clues"):
        money = {"teams": [team.id], "amount": 3, "kind": kind}
        await client.post("/api/ops/currency", json=money, headers=hq)
    await client.post("/api/ops/puzzles/mirror/hints/open", json={"teams": [team.id]}, headers=hq)
    posts: list[tuple[str, dict[str, Any] | None]] = [
        ("puzzles/ladder/unlock", None),
        ("puzzles/lantern/buy-answer", None),
        ("currency/exchange", None),
        ("interactions/tea/start", None),
        ("interactions/tea/complete", {"result": "Milk"}),
        ("puzzles/mirror/hints", {"question": "How?"}),
    ]
    for path, body in posts:
        headers = keyed(team.headers, fresh_key())
        first = await client.post(f"/api/{path}", json=body, headers=headers)
        again = await client.post(f"/api/{path}", json=body, headers=headers)
        assert (again.status_code, again.json()) == (first.status_code, first.json()), path
        assert first.status_code in {200, 201}, (path, first.text)
    assert (await client.get("/api/me", headers=team.headers)).json()["state"]["strong_currency"] == 1


async def test_a_refused_request_may_be_tried_again_with_its_key(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str]
) -> None:
    headers = keyed(team.headers, fresh_key())
    assert (await client.post("/api/puzzles/ladder/unlock", headers=headers)).status_code == 409
    await client.post("/api/ops/currency", json={"teams": [team.id], "amount": 1}, headers=hq)
    assert (await client.post("/api/puzzles/ladder/unlock", headers=headers)).status_code == 200


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 16, 17, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
async def clocked(tmp_path: Path) -> AsyncIterator[tuple[App, Clock]]:
    clock = Clock()
    settings = settings_of(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path))
    async with running_app(settings, clock) as app:
        await app.begin()
        yield app, clock


async def test_a_key_is_remembered_for_a_day(clocked: tuple[App, Clock]) -> None:
    app, clock = clocked
    team = await app.team()
    key = keyed(team.headers, fresh_key())
    async with app.client() as client:
        first = (await guess(client, key, "dark")).json()
        clock.moment += timedelta(hours=IDEMPOTENCY_HOURS, seconds=-1)
        assert (await guess(client, key, "dark")).json()["duplicate"] is False
        assert (await guess(client, key, "light")).status_code == 422
        clock.moment += timedelta(seconds=2)
        assert (await guess(client, key, "light")).status_code == 200
        assert (await guess(client, team.headers, "dark")).json()["id"] == first["id"]


async def test_a_key_is_remembered_over_a_restart(tmp_path: Path) -> None:
    settings = settings_of(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path))
    async with running_app(settings) as app, app.client() as client:
        await app.begin()
        team = await app.team()
        key = keyed(team.headers, fresh_key())
        first = (await guess(client, key, "dark")).json()
    async with running_app(settings) as app, app.client() as client:
        assert (await guess(client, key, "dark")).json() == first
