"""What headquarters does by JSON: who may, what comes of it, and that the log says who did it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from apps import PASSWORD, App, Team, fresh_sqlite, running_app, settings_of
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
Headers = dict[str, str]


async def act(client: httpx.AsyncClient, hq: Headers, path: str, **body: Any) -> Json:
    answer = await client.post(f"/api/ops/{path}", json=body, headers=hq)
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    assert set(said) == {"ids", "epoch"}
    return said


async def rows(client: httpx.AsyncClient, hq: Headers, ids: list[int]) -> list[Json]:
    first, last = ids
    page = (await client.get("/api/log", params={"since": first - 1, "limit": last - first + 1}, headers=hq)).json()
    entries: list[Json] = page["entries"]
    return entries


async def state_of(client: httpx.AsyncClient, team: Team) -> Json:
    state: Json = (await client.get("/api/me", headers=team.headers)).json()["state"]
    return state


OPERATOR_REQUESTS = [
    ("POST", "gates/hunt_started/satisfy", {"teams": "all"}),
    ("POST", "currency", {"teams": "all", "amount": 1}),
    ("POST", "puzzles/lantern/unlock", {"teams": "all"}),
    ("POST", "puzzles/lantern/solve", {"teams": "all"}),
    ("POST", "puzzles/lantern/reset-rate-limit", {"teams": "all"}),
    ("POST", "puzzles/lantern/hints/open", {"teams": "all"}),
    ("POST", "interactions/tea/unlock", {"teams": "all"}),
    ("POST", "teams", {"username": "sneaky", "name": "Sneaky", "password": "long enough"}),
    ("POST", "teams/1", {"name": "Renamed"}),
    ("POST", "teams/1/deactivate", None),
    ("POST", "teams/1/reactivate", None),
    ("POST", "teams/1/set-password", {"password": "long enough"}),
    ("GET", "teams", None),
    ("GET", "teams/1", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OPERATOR_REQUESTS)
async def test_only_operators_may(api_app: App, team: Team, method: str, path: str, body: Json | None) -> None:
    client, before = api_app.client(), api_app.services.tail.head
    nobody = await client.request(method, f"/api/ops/{path}", json=body)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_logged_in")
    as_team = await client.request(method, f"/api/ops/{path}", json=body, headers=team.headers)
    assert (as_team.status_code, as_team.json()["code"]) == (403, "forbidden")
    service = await client.request(
        method, f"/api/ops/{path}", json=body, headers={"authorization": "Bearer a token of services"}
    )
    assert service.status_code == 401
    assert api_app.services.tail.head == before


async def test_an_act_says_in_the_log_who_did_it(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    headers = hq | {"x-request-id": "r" * 500}
    said = await act(client, headers, "currency", teams=[team.id], amount=3, kind="keys")
    [row] = await rows(client, hq, said["ids"])
    assert row["team_id"] == team.id
    assert row["currency_delta"] == 3
    assert row["internal_data"]["operator"].startswith("hq")
    assert row["internal_data"]["request_id"] == "r" * 128
    activity = (await client.get("/api/activity", headers=team.headers)).text
    assert row["internal_data"]["operator"] not in activity.replace("headquarters", "")


async def test_clues_are_given_and_taken(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    await act(client, hq, "currency", teams=[team.id], amount=2, kind="clues")
    await act(client, hq, "currency", teams=[team.id], amount=-1, kind="clues")
    state = await state_of(client, team)
    assert (state["currency"], state["strong_currency"]) == (0, 1)


async def test_more_than_a_team_has_is_taken_with_force_alone(
    client: httpx.AsyncClient, team: Team, hq: Headers
) -> None:
    body = {"teams": [team.id], "amount": -1}
    refused = await client.post("/api/ops/currency", json=body, headers=hq)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_currency")
    assert (await state_of(client, team))["currency"] == 0
    await act(client, hq, "currency", force=True, **body)
    assert (await state_of(client, team))["currency"] == -1


async def test_an_amount_of_nothing_changes_nothing(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    assert (await act(client, hq, "currency", teams=[team.id], amount=0))["ids"] == []


async def test_a_solve_pays_the_prize_once_and_is_idempotent(
    client: httpx.AsyncClient, team: Team, hq: Headers
) -> None:
    first = await act(client, hq, "puzzles/lantern/solve", teams=[team.id])
    assert len(first["ids"]) == 2
    assert (await act(client, hq, "puzzles/lantern/solve", teams=[team.id]))["ids"] == []
    state = await state_of(client, team)
    assert state["currency"] == 1
    assert state["puzzles"]["lantern"]["answer"] == "LIGHTHOUSE"
    assert state["puzzles"]["meta"]["lock"] == "unlocked"


async def test_a_puzzle_of_a_locked_round_goes_astray(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    await act(client, hq, "puzzles/vault/unlock", teams=[team.id])
    state = await state_of(client, team)
    assert state["puzzles"]["vault"]["round"] == "stray_leads"
    assert state["puzzles"]["vault"]["stray"]
    assert "upstairs" not in state["rounds"]


async def test_an_interaction_is_moved_through_its_states(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    for step, expected in (("start", "running"), ("complete", "completed")):
        await act(client, hq, f"interactions/parade/{step}", teams=[team.id], result="Cheers")
        parade = (await state_of(client, team))["rounds"]["downstairs"]["interactions"]["parade"]
        assert parade["state"] == expected
    assert parade["result"] == "Cheers"
    assert (await act(client, hq, "interactions/parade/start", teams=[team.id]))["ids"] == [], "never backwards"


@pytest.mark.parametrize(
    "path",
    ["gates/nothing/satisfy", "puzzles/nothing/solve", "puzzles/nothing/unlock", "interactions/nothing/start",
     "interactions/tea/dance", "puzzles/nothing/reset-rate-limit", "puzzles/nothing/hints/open"],
)  # fmt: skip
async def test_what_does_not_exist_is_404(client: httpx.AsyncClient, team: Team, hq: Headers, path: str) -> None:
    answer = await client.post(f"/api/ops/{path}", json={"teams": [team.id]}, headers=hq)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_unknown_team_among_others_is_404_and_nothing_is_done(
    client: httpx.AsyncClient, api_app: App, team: Team, hq: Headers
) -> None:
    before = api_app.services.tail.head
    for unknown in (999_999, 0, -1, 10**30):
        body = {"teams": [team.id, unknown], "amount": 1}
        assert (await client.post("/api/ops/currency", json=body, headers=hq)).status_code == 404
    assert api_app.services.tail.head == before


async def test_a_team_named_twice_is_one_team_and_no_team_is_none(
    client: httpx.AsyncClient, team: Team, hq: Headers
) -> None:
    await act(client, hq, "currency", teams=[team.id, team.id], amount=1)
    assert (await state_of(client, team))["currency"] == 1
    assert (await act(client, hq, "currency", teams=[], amount=1))["ids"] == []


async def test_an_act_for_all_is_one_row_and_counts_for_those_who_come_later(
    tmp_path: Path,
) -> None:
    settings = settings_of(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path))
    async with running_app(settings) as app, app.client() as client:
        hq, early = await app.operator(), await app.team()
        said = await act(client, hq, "puzzles/_land/solve", teams="all")
        entries = await rows(client, hq, said["ids"])
        assert [row["team_id"] for row in entries if row["type"] == "puzzle_solved"] == [None]
        late = await app.team()
        for team in (early, late):
            state = await state_of(client, team)
            assert state["puzzles"]["_land"]["answer"] == "ODD"
            assert state["currency"] == 1


async def test_a_team_is_made_edited_and_given_a_password(client: httpx.AsyncClient, hq: Headers) -> None:
    body = {"username": "made_by_hq", "name": "Made by HQ", "password": "long enough"}
    made = await client.post("/api/ops/teams", json=body, headers=hq)
    assert made.status_code == 201
    id = made.json()["team_id"]
    await act(client, hq, f"teams/{id}", name="Renamed")
    assert (await client.get(f"/api/ops/teams/{id}", headers=hq)).json()["team"]["name"] == "Renamed"
    first = await client.post("/api/login", json={"username": "made_by_hq", "password": "long enough"})
    token = {"authorization": f"Bearer {first.json()['token']}"}
    await act(client, hq, f"teams/{id}/set-password", password=PASSWORD)
    assert (await client.get("/api/me", headers=token)).status_code == 401
    again = await client.post("/api/login", json={"username": "made_by_hq", "password": PASSWORD})
    assert again.status_code == 200


async def test_the_list_of_teams_has_them_all(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    teams = (await client.get("/api/ops/teams", headers=hq)).json()["teams"]
    ids = [each["id"] for each in teams]
    assert ids == sorted(ids)
    assert team.id in ids


async def test_a_team_can_be_seen_as_it_was_at_any_id(client: httpx.AsyncClient, team: Team, hq: Headers) -> None:
    ids = [(await act(client, hq, "currency", teams=[team.id], amount=1))["epoch"] for _ in range(3)]
    path = f"/api/ops/teams/{team.id}"
    for amount, id in enumerate(ids, start=1):
        then = (await client.get(path, params={"at": id}, headers=hq)).json()
        assert (then["state"]["currency"], then["state"]["epoch"]) == (amount, id)
    now = (await client.get(path, headers=hq)).json()
    assert now["state"] == (await client.get(path, params={"at": 2**53 - 1}, headers=hq)).json()["state"]
    assert now["state"] == await state_of(client, team)
    before = await client.get(path, params={"at": 0}, headers=hq)
    assert before.status_code == 200
    assert before.json()["state"]["puzzles"] == {}
