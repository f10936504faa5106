"""Input of a wrong shape: a sentence names the field and what it must be, in the API and on sockets."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Meta, Struct, json

from apps import App, fresh_sqlite, running_app, settings_of
from hunt.http.shapes import UNREADABLE, describe, explain_json
from hunt.live import protocol
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

GUESSES = "/api/puzzles/lantern/guesses"
IDS = "a whole number from 0 to 9007199254740991"


@pytest.fixture(scope="module")
async def app(anyio_backend: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    folder: Path = tmp_path_factory.mktemp("shapes")
    async with running_app(settings_of(write_small_hunt(folder / "hunt"), await fresh_sqlite(folder))) as app:
        await app.begin()
        yield app


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with app.client() as client:
        yield client


def check(answer: httpx.Response, sentence: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_shape")
    assert answer.json()["detail"] == sentence


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is missing: it must be a JSON object with `guess`."),
        (b"[]", "The body must be a JSON object with `guess`."),
        (b"null", "The body must be a JSON object with `guess`."),
        (b"{}", "`guess` is missing: it must be a text."),
        (b'{"guess": 1}', "`guess` must be a text."),
        (b'{"guess": null}', "`guess` must be a text."),
        (b'{"guess": "a", "x": 1}', "There is no field `x`: the body must be a JSON object with `guess`."),
        (b"{", "The body is not JSON: it ends too early."),
        (b"\xff", "The body is not JSON: invalid character (byte 0)."),
        (b'{"guess":"a"} x', "The body is not JSON: trailing characters (byte 15)."),
        (b"guess=a", "The body is not JSON: invalid character (byte 0)."),
        (b"[" * 9000, "The body is not JSON that can be read: it is nested too deeply."),
    ],
)
async def test_a_body_of_another_shape(app: App, client: httpx.AsyncClient, body: bytes, sentence: str) -> None:
    check(await client.post(GUESSES, content=body, headers=(await app.team()).headers), sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "`teams` is missing: it must be `all` or a list in which each is a whole number."),
        (
            {"teams": "some", "amount": 1},
            "`teams` must be `all` or a list in which each is a whole number.",
        ),
        ({"teams": ["a"], "amount": 1}, "`teams[0]` must be a whole number."),
        ({"teams": [1], "amount": 1.5}, "`amount` must be a whole number."),
        ({"teams": [1], "amount": 1, "kind": "gold"}, "`kind` must be `clues` or `keys`."),
    ],
)
async def test_a_body_of_an_act(app: App, client: httpx.AsyncClient, body: dict[str, Any], sentence: str) -> None:
    check(await client.post("/api/ops/currency", json=body, headers=await app.operator()), sentence)


async def test_a_body_that_is_optional(app: App, client: httpx.AsyncClient) -> None:
    team = await app.team()
    for body, sentence in (
        (b'{"result": 1}', "`result` must be a text."),
        (b"{", "The body is not JSON: it ends too early."),
    ):
        answer = await client.post("/api/interactions/tea/complete", content=body, headers=team.headers)
        check(answer, sentence)


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "", "99999999999999999999", "%C2%B2"])
async def test_a_query_that_is_no_number(app: App, client: httpx.AsyncClient, value: str) -> None:
    team, hq = await app.team(), await app.operator()
    check(await client.get(f"/api/activity?since={value}", headers=team.headers), f"`since` must be {IDS}.")
    check(await client.get(f"/api/log?team_id={value}", headers=hq), f"`team_id` must be {IDS}.")
    page = await client.get(f"/activity?before={value}", headers={"cookie": f"session={team.token}"})
    assert page.status_code == 422
    assert f"`before` must be {IDS}." in page.text


@pytest.mark.parametrize("value", ["0", "x"])
async def test_a_limit_that_is_none(app: App, client: httpx.AsyncClient, value: str) -> None:
    team = await app.team()
    answer = await client.get(f"/api/activity?limit={value}", headers=team.headers)
    check(answer, "`limit` must be a whole number, 1 or more.")


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        ("", "The frame is not JSON: it ends too early."),
        ("x", "The frame is not JSON: invalid character (byte 0)."),
        ("[]", "The frame must be a JSON object with `method` and `rpc`."),
        ("{}", "`method` is missing: it must be `sub`, `unsub` or `ping`."),
        ('{"rpc": 1, "method": "dance"}', "`method` must be `sub`, `unsub` or `ping`."),
        ('{"rpc": 1, "method": "sub"}', "`sub` is missing: it must be a text."),
        ('{"rpc": 1, "method": "sub", "sub": "a", "dataset": 1}', "`dataset` must be a text."),
        (
            '{"rpc": 1, "method": "sub", "sub": "a", "dataset": "x", "params": {"slug": 1}}',
            "`params.slug` must be a text.",
        ),
    ],
)
def test_a_frame_of_another_shape(frame: str, sentence: str) -> None:
    with pytest.raises(protocol.BadFrame) as refused:
        protocol.read(frame)
    assert str(refused.value) == sentence


class Inner(Struct):
    many: list[int]


class Outer(Struct):
    inner: Inner | None = None
    flag: bool = False
    few: Annotated[list[int], Meta(max_length=2)] = []


def test_a_place_inside_is_named_in_full() -> None:
    for text, sentence in (
        ('{"inner": {"many": [1, "x"]}}', "`inner.many[1]` must be a whole number."),
        ('{"inner": {}}', "`inner.many` is missing: it must be a list in which each is a whole number."),
        ('{"flag": 1}', "`flag` must be true or false."),
        ('{"few": [1, 2, 3]}', "`few` must be a list of at most 2 in which each is a whole number."),
        ('{"inner": 1}', "`inner` must be a JSON object with `many`."),
    ):
        with pytest.raises(UNREADABLE) as refused:
            json.decode(text, type=Outer)
        assert explain_json(refused.value, Outer, "The body") == sentence
    assert describe(Outer) == "a JSON object with `inner`, `flag` and `few`"


@given(
    st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.encode))
)
def test_whatever_a_frame_is_the_answer_is_one_sentence(frame: bytes) -> None:
    with suppress(*UNREADABLE):
        json.decode(frame, type=protocol.Call)
        assume(False)
    with pytest.raises(protocol.BadFrame, match=r"\.$"):
        protocol.read(frame)
