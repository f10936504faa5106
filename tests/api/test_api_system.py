"""Health, metrics, the log for insiders, ended sessions, the description of the API, and what stands on every answer."""

import httpx
import pytest

from apps import SERVICE_TOKEN, App, Team
from hunt.api.system import MAX_LOG_PAGE_ENTRIES
from hunt.game.entries import GENESIS, check_chain, decode_entry
from refusals import refusals

pytestmark = pytest.mark.anyio

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}


async def test_the_process_lives_and_is_ready(client: httpx.AsyncClient, api_app: App) -> None:
    assert (await client.get("/health/live")).status_code == 200
    ready = await client.get("/health/ready")
    assert ready.status_code == 200
    body = ready.json()
    assert {"database", "redis", "log_head", "replica_head", "feed_head"} <= set(body)
    assert body["log_head"] == api_app.services.tail.head


async def test_a_dead_task_takes_readiness_with_it(
    client: httpx.AsyncClient, api_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_app.services, "failed", RuntimeError("boom"))
    ready = await client.get("/health/ready")
    assert (ready.status_code, ready.json()["failed"]) == (503, "RuntimeError")
    assert (await client.get("/health/live")).status_code == 200


async def test_metrics_are_for_this_machine_and_for_services(
    client: httpx.AsyncClient, api_app: App, hq: dict[str, str]
) -> None:
    near = await client.get("/metrics")
    assert near.status_code == 200
    assert near.headers["content-type"].startswith("text/plain")
    assert "# TYPE hunt_log_head gauge" in near.text
    assert "# TYPE hunt_replica_published_total counter" in near.text
    assert "_created" not in near.text
    async with api_app.client(address="203.0.113.9") as far:
        assert (await far.get("/metrics")).status_code == 403
        assert (await far.get("/metrics", headers=hq)).status_code == 403
        assert (await far.get("/metrics", headers=SERVICE)).status_code == 200


async def test_the_log_is_for_operators_and_services(client: httpx.AsyncClient, team: Team, hq: dict[str, str]) -> None:
    assert (await client.get("/api/log")).status_code == 401
    assert (await client.get("/api/log", headers=team.headers)).status_code == 403
    assert (await client.get("/api/log", headers=hq)).status_code == 200
    assert (await client.get("/api/log", headers=SERVICE)).status_code == 200
    wrong = {"authorization": f"Bearer {SERVICE_TOKEN}x"}
    assert (await client.get("/api/log", headers=wrong)).status_code == 401


async def test_the_log_comes_in_pages_that_make_one_chain(client: httpx.AsyncClient, api_app: App, team: Team) -> None:
    head, digest, pages = 0, GENESIS, 0
    while True:
        page = (await client.get("/api/log", params={"since": head, "limit": 7}, headers=SERVICE)).json()
        assert len(page["entries"]) <= 7
        if not page["entries"]:
            break
        head, digest = check_chain(head, digest, map(decode_entry, page["entries"]))
        pages += 1
    assert page["head"] == {"id": head, "digest": digest}
    assert head == api_app.services.tail.head
    assert pages > 1


async def test_a_page_has_500_entries_unless_asked_and_1000_at_most(
    client: httpx.AsyncClient, hq: dict[str, str], team: Team
) -> None:
    body = {"teams": [team.id], "amount": 1}
    while (await client.post("/api/ops/currency", json=body, headers=hq)).json()["epoch"] <= MAX_LOG_PAGE_ENTRIES:
        pass
    lengths = [
        len((await client.get("/api/log", params=params, headers=hq)).json()["entries"])
        for params in ({}, {"limit": 1_000}, {"limit": 10**9}, {"since": 10**9})
    ]
    assert lengths == [500, 1_000, 1_000, 0]


async def test_a_teams_log_has_its_rows_and_those_of_all(client: httpx.AsyncClient, team: Team) -> None:
    page = (await client.get("/api/log", params={"team_id": team.id}, headers=SERVICE)).json()
    assert {row["team_id"] for row in page["entries"]} == {team.id, None}
    assert list(page["entries"][0]) == sorted(page["entries"][0])


async def test_ended_sessions_are_for_services_and_numbered(
    client: httpx.AsyncClient, api_app: App, team: Team, hq: dict[str, str]
) -> None:
    assert (await client.get("/api/sessions")).status_code in {401, 403}
    assert (await client.get("/api/sessions", headers=hq)).status_code == 403
    before = (await client.get("/api/sessions", headers=SERVICE)).json()["last"]
    await client.post("/api/logout", headers=team.headers)
    after = (await client.get("/api/sessions", params={"since": before}, headers=SERVICE)).json()
    assert [row["revocation"] for row in after["ended"]] == [before + 1]
    assert after["last"] == before + 1


async def test_the_description_lists_every_request_and_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/schema")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    for path in (
        "/api/login",
        "/api/register",
        "/api/me",
        "/api/puzzles/{slug}",
        "/api/puzzles/{slug}/guesses",
        "/api/puzzles/{slug}/unlock",
        "/api/puzzles/{slug}/buy-answer",
        "/api/puzzles/{slug}/hints",
        "/api/currency/exchange",
        "/api/interactions/{id}/start",
        "/api/activity",
        "/api/log",
        "/api/ops/login",
        "/api/ops/gates/{id}/satisfy",
        "/api/ops/teams/{team_id}",
        "/health/ready",
        "/metrics",
    ):
        assert path in paths, path
    assert "<script" not in answer.text
    assert "/puzzles/{slug}" not in paths, "pages are not part of it"
    assert "Services" not in str(paths), "what is injected is no parameter"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/me"),
        ("GET", "/api/nothing"),
        ("POST", "/api/puzzles/lantern/guesses"),
        ("GET", "/health/live"),
        ("GET", "/metrics"),
        ("GET", "/api/schema"),
        ("DELETE", "/"),
    ],
)
async def test_security_headers_are_on_every_answer(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    check_security_headers(answer)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "[::1",
        "a b",
        "@localhost.evil",
        "localhost, evil.example",
    ],
)
async def test_a_foreign_host_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/health/live", headers={"host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "bad_host")
    check_security_headers(answer)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
async def test_an_address_of_this_machine_is_fine(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/health/live", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:81", "http://[::1", "localhost", "", "x://localhost"]
)
async def test_a_post_from_another_sites_page_is_refused(client: httpx.AsyncClient, team: Team, origin: str) -> None:
    headers = {"cookie": f"session={team.token}", "origin": origin}
    answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    check_security_headers(answer)


async def test_a_post_from_our_own_page_is_not(client: httpx.AsyncClient, team: Team) -> None:
    headers = {"cookie": f"session={team.token}", "origin": "http://localhost"}
    answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": "x"}, headers=headers)
    assert answer.status_code == 200


async def test_too_many_requests_at_once_are_503(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunt.front.MAX_REQUESTS", 0)
    answer = await client.get("/api/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) > 0
    check_security_headers(answer)


async def test_a_busy_server_still_answers_whoever_watches_it_and_its_other_processes(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hunt.front.MAX_REQUESTS", 0)
    service = {"authorization": "Bearer a token of services"}
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).status_code == 200
    assert (await client.get("/api/log", headers=service)).status_code == 200
    monkeypatch.setattr("hunt.front.RESERVED_REQUESTS", 0)
    assert (await client.get("/health/live")).status_code == 503


async def test_metrics_count_what_is_refused_before_any_handler(client: httpx.AsyncClient) -> None:
    before = refusals("bad_host", 421)
    await client.get("/health/live", headers={"host": "evil.example"})
    line = f'hunt_refusals_total{{kind="bad_host",status="421"}} {before + 1}'
    assert line in (await client.get("/metrics")).text.splitlines()


def check_security_headers(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
