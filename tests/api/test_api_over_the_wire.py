"""The same server as programs meet it: over a connection, with bodies that it does not want to read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from apps import HOST, Site, Team, fresh_sqlite, running_site
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        yield site


async def test_a_guess_of_ten_megabytes_is_refused_and_the_next_is_answered(site: Site) -> None:
    team = await site.app.team()
    async with site.client(headers=team.headers) as client:
        for text, status in (("x" * 10_000_000, 422), ("dark", 200)):
            answer = await client.post("/api/puzzles/lantern/guesses", json={"guess": text})
            assert answer.status_code == status


async def said_to(site: Site, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, site.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return answer


def request(team: Team, *lines: str, body: bytes = b"") -> bytes:
    head = [f"authorization: Bearer {team.token}", f"host: {HOST}", "connection: close", *lines]
    return "\r\n".join(["POST /api/puzzles/lantern/guesses HTTP/1.1", *head, "", ""]).encode("latin-1") + body


async def test_what_is_no_http_is_refused_and_the_server_goes_on(site: Site) -> None:
    team = await site.app.team()
    for bad in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        request(team, "content-length: x"),
        request(team, "content-length: -1"),
        request(team, "x-request-id: a\0b", "content-length: 0"),
    ):
        answer = await said_to(site, bad)
        assert answer.startswith(b"HTTP/1.1 4"), (bad, answer)
    fine = await said_to(site, request(team, "content-length: 14", body=b'{"guess": "a"}'))
    assert fine.startswith(b"HTTP/1.1 200")


async def test_no_answer_tells_what_software_it_is(site: Site) -> None:
    async with site.client() as client:
        assert "server" not in (await client.get("/health/live")).headers
