"""Random input where strangers can put it: every answer is one that is meant, and the server goes on."""

import os

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps import App, Team
from hunt.accounts.sessions import Sessions
from hunt.clock import now
from hunt.live import protocol
from hunt.log import transfer

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("HUNT_FUZZ_EXAMPLES", "60"))
"""Inputs for each test; docs/development.md says how to try many more."""

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NAMES = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-type",
    "cookie",
    "host",
    "idempotency-key",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "origin",
    "range",
    "referer",
    "sec-fetch-site",
    "user-agent",
    "x-hunt-id",
    "x-request-id",
]
PIECES = st.sampled_from(
    [
        "session",
        "hunt_id",
        "=",
        ";",
        ",",
        " ",
        "bytes=",
        "-",
        "0",
        "9" * 30,
        "Bearer ",
        "q=",
        "*",
        '"',
        "W/",
        "gzip",
        "http://",
    ]
)
VALUES = st.one_of(
    st.binary(max_size=40).map(lambda value: value.translate(None, b"\r\n\0")),
    st.lists(PIECES, max_size=12).map(lambda parts: "".join(parts).encode()),
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES).map(str.encode), VALUES), max_size=5)
PATHS = [
    "/",
    "/login",
    "/puzzles/lantern",
    "/puzzles/lantern/assets/lamp.svg",
    "/api/me",
    "/api/activity",
    "/health/live",
]


@given(HEADERS, st.sampled_from(PATHS), st.booleans())
@fuzzed
async def test_any_headers_are_answered(
    api_app: App, headers: list[tuple[bytes, bytes]], path: str, is_team: bool
) -> None:
    async with api_app.client() as client:
        own = [(b"host", b"localhost")] if not any(name == b"host" for name, _ in headers) else []
        if is_team:
            own.append((b"cookie", f"session={(await _team(api_app)).token}".encode()))
        request = client.build_request("GET", path)
        request.headers = type(request.headers)([*own, *headers])
        assert (await client.send(request)).status_code < 500


@given(st.binary(max_size=60), st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]))
@fuzzed
async def test_any_body_is_answered(api_app: App, body: bytes, kind: str) -> None:
    team = await _team(api_app)
    async with api_app.client(headers={**team.headers, "content-type": kind}) as client:
        for path in ("/api/puzzles/lantern/guesses", "/api/register", "/api/login", "/login", "/puzzles/lantern/guess"):
            assert (await client.post(path, content=body)).status_code < 500


@given(st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda value: value.decode("latin-1"))))
@fuzzed
def test_any_token_is_nobodys(token: str) -> None:
    assert Sessions("k" * 32, now).check(token) is None


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
@fuzzed
def test_any_frame_is_a_call_or_a_bad_frame(frame: str | bytes) -> None:
    try:
        call = protocol.read(frame)
    except protocol.BadFrame:
        return
    assert call.rpc is not None


_teams: dict[int, Team] = {}


async def _team(app: App) -> Team:
    if id(app) not in _teams:
        _teams[id(app)] = await app.team()
    return _teams[id(app)]


@given(
    st.one_of(
        st.text(max_size=200),
        st.dictionaries(
            st.sampled_from(["id", "type", "timestamp", "digest", "data", "team_id"]), st.text(max_size=20)
        ).map(lambda fields: msgspec.json.encode(fields).decode()),
    )
)
@fuzzed
def test_any_line_of_a_log_is_an_entry_or_named(line: str) -> None:
    try:
        pages = list(transfer._pages([line]))
    except transfer.BadLine as error:
        assert str(error).startswith("line 1 ")  # noqa: PT017 - it need not be raised
    else:
        assert len(pages) <= 1
