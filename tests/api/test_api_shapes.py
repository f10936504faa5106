"""Requests of the wrong shape: each gets 422 and a sentence, and none does anything."""

import json

import httpx
import pytest

from apps import App, Team
from hunt.requests import MAX_ID

pytestmark = pytest.mark.anyio

GUESSES = "/api/puzzles/lantern/guesses"


def check_bad_shape(answer: httpx.Response) -> None:
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert {"code", "detail"} <= set(body)
    assert body["code"] == body["code"].lower().replace(" ", "_")
    assert body["detail"].endswith(".")
    assert len(body["detail"]) < 400


BODIES = [
    b"",
    b"not json",
    b"{",
    b"[]",
    b'["guess"]',
    b"null",
    b"3",
    b'"guess"',
    b"{}",
    b'{"guess": null}',
    b'{"guess": 5}',
    b'{"guess": ["a"]}',
    b'{"guess": {"a": 1}}',
    b'{"guess": "a", "more": 1}',
    b'{"guess": "a"} trailing',
    b'{"guess": "\xff\xfe"}',
    b'{"guess": "\\ud800"}',
    b"guess=a",
    b'{"guess": ' * 2_000,
    b"[" * 50_000,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_body_of_another_shape_is_422(client: httpx.AsyncClient, team: Team, body: bytes) -> None:
    headers = {"content-type": "application/json", **team.headers}
    check_bad_shape(await client.post(GUESSES, content=body, headers=headers))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
async def test_a_body_of_another_type_is_422(client: httpx.AsyncClient, team: Team, kind: str) -> None:
    headers = {"content-type": kind, **team.headers}
    check_bad_shape(await client.post(GUESSES, content=b"guess=anything", headers=headers))


@pytest.mark.parametrize(
    "text",
    ["", " ", "🎉🎊", "\u0301\u0302", "\u202e\u200f", "!?.,-", "\u200b", "a\0b", "\0", "x" * 256, "é" * 300, "ﷺ" * 60],
)
async def test_a_guess_that_is_none_is_422(client: httpx.AsyncClient, team: Team, text: str) -> None:
    before = (await client.get("/api/activity", headers=team.headers)).json()["entries"]
    check_bad_shape(await client.post(GUESSES, json={"guess": text}, headers=team.headers))
    assert (await client.get("/api/activity", headers=team.headers)).json()["entries"] == before


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("\u202eLAMP\u202c", "LAMP"),
        ("l\u0301a\u0302mp", "LAMP"),
        ("🪔 lamp 🪔", "LAMP"),
        ("ｌａｍｐ", "LAMP"),  # noqa: RUF001 - full width on purpose
        ("x" * 255, "X" * 255),
        ("שלום", "שלום"),
        ("<script>alert(1)</script>", "SCRIPTALERT1SCRIPT"),
        ("'; DROP TABLE teams; --", "DROPTABLETEAMS"),
    ],
)
async def test_what_can_be_cleaned_is_a_guess(client: httpx.AsyncClient, team: Team, text: str, canonical: str) -> None:
    answer = await client.post(GUESSES, json={"guess": text}, headers=team.headers)
    assert (answer.status_code, answer.json()["canonical_input"]) == (200, canonical)


async def test_a_guess_of_ten_megabytes_is_422(client: httpx.AsyncClient, team: Team) -> None:
    check_bad_shape(await client.post(GUESSES, json={"guess": "x" * 10_000_000}, headers=team.headers))


async def test_a_long_body_without_a_stated_length_is_422(client: httpx.AsyncClient, team: Team) -> None:
    async def pieces() -> object:
        yield b'{"guess": "'
        for _ in range(1_000):
            yield b"x" * 10_000
        yield b'"}'

    check_bad_shape(await client.post(GUESSES, content=pieces(), headers=team.headers))  # type: ignore[arg-type] # httpx takes any iterator


POSTS_OF_TEAMS: list[tuple[str, dict[str, object]]] = [
    ("/api/login", {"username": "a", "password": "b"}),
    ("/api/register", {"username": "a", "name": "b", "password": "long enough"}),
    ("/api/puzzles/lantern/hints", {"question": "why?"}),
]
POSTS_OF_OPERATORS: list[tuple[str, dict[str, object]]] = [
    ("/api/ops/login", {"username": "a", "password": "b"}),
    ("/api/ops/gates/hunt_started/satisfy", {"teams": "all"}),
    ("/api/ops/currency", {"teams": "all", "amount": 1, "kind": "keys"}),
    ("/api/ops/puzzles/lantern/unlock", {"teams": "all"}),
    ("/api/ops/puzzles/lantern/solve", {"teams": [1]}),
    ("/api/ops/puzzles/lantern/reset-rate-limit", {"teams": [1]}),
    ("/api/ops/puzzles/lantern/hints/open", {"teams": [1], "after_hours": 1}),
    ("/api/ops/interactions/tea/unlock", {"teams": [1]}),
    ("/api/ops/interactions/tea/complete", {"teams": [1], "result": "x"}),
    ("/api/ops/teams", {"username": "a", "name": "b", "password": "long enough"}),
    ("/api/ops/teams/1", {"name": "b"}),
    ("/api/ops/teams/1/set-password", {"password": "long enough"}),
]

WRONG: list[object] = [None, [], {}, 3.5, True, "\ud800"]


def spoilt(body: dict[str, object]) -> list[object]:
    """The body in many wrong shapes: without each field, with each of another type, with one too many."""
    bodies: list[object] = [[], None, "text", {**body, "surplus": 1}]
    for name, value in body.items():
        if name not in {"kind", "after_hours", "result"}:
            bodies.append({other: body[other] for other in body if other != name})
        bodies += [{**body, name: wrong} for wrong in WRONG if not _is_fine(value, wrong, name)]
    return bodies


def _is_fine(value: object, wrong: object, name: str) -> bool:
    return (name == "teams" and wrong == []) or (name == "result" and wrong is None)


@pytest.mark.parametrize(("path", "body"), POSTS_OF_TEAMS + POSTS_OF_OPERATORS)
async def test_every_post_refuses_every_wrong_shape(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str], path: str, body: dict[str, object]
) -> None:
    headers = {"content-type": "application/json", **(hq if path.startswith("/api/ops/") else team.headers)}
    for bad in spoilt(body):
        answer = await client.post(path, content=json.dumps(bad).encode(), headers=headers)
        assert answer.status_code == 422, (bad, answer.text)
        check_bad_shape(answer)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/ops/currency", {"teams": [1], "amount": 10**7}),
        ("/api/ops/currency", {"teams": [1], "amount": 10**30}),
        ("/api/ops/currency", {"teams": [1], "amount": 1, "kind": "gold"}),
        ("/api/ops/puzzles/lantern/hints/open", {"teams": [1], "after_hours": -1}),
        ("/api/ops/puzzles/lantern/hints/open", {"teams": [1], "after_hours": 10**30}),
        ("/api/ops/puzzles/lantern/unlock", {"teams": "none"}),
        ("/api/ops/interactions/tea/complete", {"teams": [1], "result": "x" * 1_001}),
        ("/api/ops/interactions/tea/complete", {"teams": [1], "result": "a\0b"}),
        ("/api/ops/teams/1/set-password", {"password": "short"}),
        ("/api/ops/teams/1", {"name": ""}),
    ],
)
async def test_a_value_out_of_bounds_is_422(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str], path: str, body: dict[str, object]
) -> None:
    check_bad_shape(await client.post(path, json=body, headers=hq))


NUMBERS = ["x", "", "-1", "1.5", "٣", "0x10", "true", "1,2"]
TOO_LARGE = [str(MAX_ID + 1), "9" * 400]


@pytest.mark.parametrize(
    ("path", "number"),
    [(f"/api/{name}={{}}", number) for name in ("activity?since", "log?since") for number in NUMBERS + TOO_LARGE]
    + [(f"/api/{name}={{}}", number) for name in ("activity?limit", "log?limit") for number in [*NUMBERS, "0"]],
)
async def test_a_query_of_the_wrong_type_is_422(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str], path: str, number: str
) -> None:
    headers = hq if "log" in path else team.headers
    check_bad_shape(await client.get(path.format(number), headers=headers))


@pytest.mark.parametrize("number", NUMBERS + TOO_LARGE)
async def test_the_other_numbers_in_addresses_are_checked_too(
    client: httpx.AsyncClient, team: Team, hq: dict[str, str], number: str
) -> None:
    check_bad_shape(await client.get(f"/api/ops/teams/{team.id}?at={number}", headers=hq))
    if number:
        check_bad_shape(await client.get(f"/api/log?team_id={number}", headers=hq))


@pytest.mark.parametrize("id", ["0", "999999", str(10**30), "-3", "x"])
async def test_a_team_that_does_not_exist_is_404(client: httpx.AsyncClient, hq: dict[str, str], id: str) -> None:
    assert (await client.get(f"/api/ops/teams/{id}", headers=hq)).status_code == 404
    for path, body in (("", {"name": "b"}), ("/set-password", {"password": "long enough"}), ("/deactivate", None)):
        answer = await client.post(f"/api/ops/teams/{id}{path}", json=body, headers=hq)
        assert answer.status_code == 404, path


@pytest.mark.parametrize(
    "key",
    ["", " ", "two words", "x" * 129, "tab\there", "umläut", "🔑"],
    ids=["none", "space", "words", "long", "tab", "latin", "key"],
)
async def test_an_idempotency_key_that_is_none_is_422(client: httpx.AsyncClient, team: Team, key: str) -> None:
    headers = [
        (b"idempotency-key", key.encode()),
        (b"authorization", f"Bearer {team.token}".encode()),
        (b"content-type", b"application/json"),
    ]
    check_bad_shape(await client.post(GUESSES, content=b'{"guess": "x"}', headers=headers))


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/puzzles",
        "/api/puzzles/a/b/c",
        "/api/puzzles/%2e%2e/me",
        "/api/ops",
        "/api/%00",
    ],
)
async def test_an_address_that_does_not_exist_is_404(client: httpx.AsyncClient, team: Team, path: str) -> None:
    answer = await client.get(path, headers=team.headers)
    assert answer.status_code == 404
    if path.startswith("/api/"):
        assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/me"), ("GET", GUESSES), ("DELETE", "/api/me"), ("PUT", "/api/login")]
)
async def test_another_method_is_405(client: httpx.AsyncClient, team: Team, method: str, path: str) -> None:
    answer = await client.request(method, path, headers=team.headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_what_breaks_is_500_without_a_detail_of_it(
    client: httpx.AsyncClient, api_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_team_id: int) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(api_app.services.hub.shared, "view", broken)
    answer = await client.get("/api/puzzles/lantern", headers=team.headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert "secret" not in answer.text
