"""What a hostile client may take: every kind of flood and of dawdling ends, and the others are served meanwhile."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from msgspec import structs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from apps import HOST, Site, Team, fresh_sqlite, running_site
from hunt import front
from hunt.front import MAX_REQUESTS
from hunt.http import downloads
from hunt.http.limits import LIMITS, Connections, Limits
from small_hunt import write_small_hunt
from tcp import closed
from waiting import WITHIN_SECONDS, eventually

pytestmark = pytest.mark.anyio

SHORT = Limits(
    header_seconds=0.3,
    body_seconds=0.6,
    body_check_seconds=0.3,
    linger_seconds=0.3,
    write_seconds=0.5,
    idle_seconds=1,
)
"""For those tests that wait for a deadline."""

HEAD = f"host: {HOST}\r\n".encode()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        yield site


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Site]:
    """A site that waits for nothing for long."""
    url = await fresh_sqlite(tmp_path)
    async with running_site(write_small_hunt(tmp_path / "hunt"), url, limits=SHORT) as site:
        await site.app.begin()
        yield site


async def said_to(site: Site, *parts: bytes) -> bytes:
    """All that the server says to these bytes before it closes."""
    reader, writer = await asyncio.open_connection(HOST, site.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(WITHIN_SECONDS):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        await closed(writer)


async def check_served(site: Site) -> None:
    async with site.client() as client:
        assert (await client.get("/login")).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HEAD + b"x: " + b"a" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"x: " + b"a" * 3_000_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"x" * 3_000_000, b"431"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"x: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", b"414"),
        (b"GET /?" + b"a" * 3_000_000, b"414"),
        (b"POST /api/login HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 5_000, b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET /ws HTTP/1.1\r\n" + HEAD + b"upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 9\r\n\r\n", b"400"),
        (b"GET /ws HTTP/1.1\r\n" + HEAD + b"upgrade: websocket\r\nconnection: upgrade\r\ntransfer-encoding: chunked\r\n\r\n", b"400"),
    ],
)  # fmt: skip
async def test_what_is_too_long_is_refused_at_once(site: Site, request_: bytes, status: bytes) -> None:
    answer = await said_to(site, request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b'"code":' in answer
    await check_served(site)


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"GET / HT",),
        (b"GET / HTTP/1.1\r\n" + HEAD,),
        (b"POST /api/login HTTP/1.1\r\n" + HEAD + b"content-length: 50\r\n\r\n",),
        (b"POST /api/login HTTP/1.1\r\n" + HEAD + b"content-length: 50\r\n\r\n{",),
        (b"POST /api/login HTTP/1.1\r\n" + HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",),
        (b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n", b"GET / HT"),
    ],
)
async def test_who_does_not_finish_a_request_is_told_and_cut_off(impatient: Site, parts: tuple[bytes, ...]) -> None:
    assert b"HTTP/1.1 408" in await said_to(impatient, *parts)


async def test_an_idle_connection_is_closed(impatient: Site) -> None:
    answer = await said_to(impatient, b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


async def with_a_long_style(site: Site) -> bytes:
    """A request for a file that anybody may have, and that is more than a system keeps for a client who reads nothing."""
    style = site.app.services.settings.content / "theme/style.css"
    style.parent.mkdir()
    style.write_text("/* more than systems keep for a client */" * 400_000)
    await site.app.services.content.take_over()
    return b"GET /theme/style.css HTTP/1.1\r\n" + HEAD + b"\r\n"


async def dawdling(site: Site, ask: bytes, stack: ExitStack) -> None:
    """A client that asks, and never reads what is answered."""
    client = stack.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (HOST, site.port))
    client.send(ask)


async def are_open(site: Site, connections: int) -> None:
    """Wait until so many are. Asked of the server: a client whose window is full hears of its end much later."""

    async def are() -> bool:
        return site.connections == connections

    await eventually(are)


async def test_who_does_not_read_an_answer_is_cut_off(impatient: Site) -> None:
    ask = await with_a_long_style(impatient)
    with ExitStack() as stack:
        await dawdling(impatient, ask, stack)
        await are_open(impatient, 1)
        await are_open(impatient, 0)


async def test_files_that_nobody_reads_take_no_places_among_the_requests(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "MAX_REQUESTS", 3)
    monkeypatch.setattr(downloads, "MAX_DOWNLOADS_EACH", 3)
    ask = await with_a_long_style(site)
    with ExitStack() as stack:
        for _ in range(3):
            await dawdling(site, ask, stack)
        async with site.client() as client:

            async def is_refused_and_pages_are_not() -> bool:
                async with client.stream("GET", "/theme/style.css") as style:
                    is_refused = style.status_code == 503
                return is_refused and (await client.get("/login")).is_success

            await eventually(is_refused_and_pages_are_not)


async def test_half_bodies_take_no_places_among_the_requests(site: Site) -> None:
    half = b"POST /api/login HTTP/1.1\r\n" + HEAD + b"content-length: 50\r\n\r\n{"
    async with AsyncExitStack() as stack:
        for _ in range(300):
            _, writer = await asyncio.open_connection(HOST, site.port)
            stack.push_async_callback(closed, writer)
            writer.write(half)
        await check_served(site)
        outermost = site.app.litestar.asgi_handler
        assert outermost._requests == 0  # type: ignore[attr-defined] # it is the outermost middleware
    assert MAX_REQUESTS > 300


async def test_a_body_in_pieces_is_answered_when_it_is_there(site: Site) -> None:
    team = await site.app.team()
    head = f"POST /api/puzzles/lantern/guesses HTTP/1.1\r\nauthorization: Bearer {team.token}\r\nconnection: close\r\n"
    whole = b'{"guess": "a"}'
    for lines, body in (
        (b"content-length: 14\r\n\r\n", [whole[:3], whole[3:]]),
        (b"content-length: 14\r\nexpect: 100-continue\r\n\r\n", [whole]),
        (b"transfer-encoding: chunked\r\n\r\n", [b"3\r\n", whole[:3], b"\r\nb;x=y\r\n", whole[3:], b"\r\n0\r\n\r\n"]),
        (b"transfer-encoding: chunked\r\n\r\n", [b"e\r\n" + whole + b"\r\n0\r\nx-hunt-id: 9\r\n\r\n"]),
    ):
        answer = await said_to(site, head.encode() + HEAD + lines, *body)
        assert b"HTTP/1.1 200 OK" in answer, (lines, answer)
        assert (b"100 Continue" in answer) == (b"expect" in lines)


async def test_a_trailer_is_no_header(site: Site) -> None:
    team = await site.app.team()
    head = b"POST /api/logout HTTP/1.1\r\n" + HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    trailer = f"0\r\nauthorization: Bearer {team.token}\r\n\r\n".encode()
    assert (await said_to(site, head + trailer)).startswith(b"HTTP/1.1 401")


async def test_requests_may_follow_each_other_on_a_connection_but_not_without_end(site: Site) -> None:
    ask = b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n"
    last = b"GET /health/live HTTP/1.1\r\n" + HEAD + b"connection: close\r\n\r\n"
    assert (await said_to(site, ask * 5 + last)).count(b"HTTP/1.1 200") == 6
    assert (await said_to(site, ask * 1000)).count(b"HTTP/1.1 200") <= LIMITS.pipelined + 1
    await check_served(site)


async def test_who_goes_away_before_the_answers_leaves_no_error_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    ask = b"GET /static/tests/hunt.css HTTP/1.1\r\n" + HEAD + b"\r\n"
    for _ in range(30):
        reader, writer = await asyncio.open_connection(HOST, site.port)
        writer.write(ask * 8)
        await reader.read(100)
        writer.transport.abort()

    async def are_gone() -> bool:
        return not site.connections

    await eventually(are_gone, what="all connections gone")
    await check_served(site)
    assert "Exception in ASGI application" not in caplog.text


def test_an_address_has_a_bounded_number_of_connections_and_a_proxy_all() -> None:
    open_ = Connections(Limits(connections_per_address=3), "10.0.0.0/8, 127.0.0.1")
    assert [open_.admit("192.0.2.1") is None for _ in range(5)] == [True, True, True, False, False]
    assert all(open_.admit("10.1.2.3") is None for _ in range(20))
    assert open_.admit("192.0.2.2") is None
    for _ in range(5):
        open_.release("192.0.2.1")
    assert open_.admit("192.0.2.1") is None
    assert all(Connections(Limits(), "*").admit("192.0.2.1") is None for _ in range(5))


async def test_beyond_the_connections_that_there_is_room_for_clients_are_told(site: Site) -> None:
    site.limits = structs.replace(LIMITS, connections=5)
    await site.stop()
    await site.start()
    async with AsyncExitStack() as stack:
        for _ in range(5):
            _, writer = await asyncio.open_connection(HOST, site.port)
            stack.push_async_callback(closed, writer)
        answer = await said_to(site, b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after:" in answer
    await check_served(site)


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


FLOODS: dict[str, Callable[[], bytes]] = {
    "pings": lambda: frame(Opcode.PING, b"x"),
    "pongs": lambda: frame(Opcode.PONG),
    "empty texts": lambda: frame(Opcode.TEXT),
    "an endless message": lambda: frame(Opcode.CONT, b"", fin=False),
    "calls": lambda: frame(Opcode.TEXT, b'{"rpc":1,"method":"ping"}'),
    "long frames": lambda: frame(Opcode.BINARY, b"x" * 16_000),
}


async def opened(site: Site, team: Team) -> ClientConnection:
    return await connect(site.ws, additional_headers={"authorization": f"Bearer {team.token}"}, ping_interval=None)


async def heard_for_ever(client: ClientConnection) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        async for _ in client:
            pass
        await client.recv()  # raises why it is closed


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_socket_that_floods_is_closed_with_4029_and_the_others_go_on(site: Site, kind: str) -> None:
    team = await site.app.team()
    hostile, honest = await opened(site, team), await opened(site, team)
    if kind == "an endless message":
        hostile.transport.write(frame(Opcode.TEXT, b"x", fin=False))
    hostile.transport.write(FLOODS[kind]() * 50_000)
    with pytest.raises(ConnectionClosed) as end:
        await heard_for_ever(hostile)
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 4029
    await honest.send('{"rpc": 1, "method": "ping"}')
    answers = [await honest.recv(), await honest.recv()]
    assert any("pong" in str(answer) for answer in answers)
    await honest.close()
    await check_served(site)


async def test_a_page_that_wakes_up_may_ask_for_a_lot_at_once(site: Site) -> None:
    team = await site.app.team()
    socket_ = await opened(site, team)
    calls = [f'{{"rpc": {number}, "method": "sub", "sub": "{number}", "dataset": "navbar"}}' for number in range(90)]
    socket_.transport.write(b"".join(frame(Opcode.TEXT, call.encode()) for call in calls))
    seen = 0
    async with asyncio.timeout(WITHIN_SECONDS):
        while seen < 90:
            seen += '"type":"update"' in str(await socket_.recv())
    await socket_.close()


ASK = b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\n"
    + HEAD
    + (
        b"upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
)


@pytest.mark.parametrize(
    ("parts", "statuses"),
    [
        ((ASK, b"\r\n"), [b"200"]),
        ((ASK, b"\r\n\r\n", b"\r\n"), [b"200"]),
        ((UPGRADE + b"cookie: " + b"a" * 10_000 + b"\r\n\r\n",), [b"431"]),
        ((ASK + b"\x01\r\n\r\n",), [b"200", b"400"]),
        ((ASK + ASK + UPGRADE + b"\r\n",), [b"200", b"200", b"400"]),
    ],
    ids=[
        "an empty line",
        "empty lines",
        "a handshake with a long line",
        "an answer before",
        "a handshake behind others",
    ],
)
async def test_nothing_keeps_a_connection_open_without_a_request(
    impatient: Site, parts: tuple[bytes, ...], statuses: list[bytes]
) -> None:
    answer = await said_to(impatient, *parts)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == statuses


@pytest.mark.parametrize("protocol", [b"h2c", b"foo"])
async def test_a_body_behind_an_upgrade_is_never_read_as_a_request(site: Site, protocol: bytes) -> None:
    lines = b"connection: upgrade\r\nupgrade: " + protocol + b"\r\ncontent-length: %d\r\n\r\n" % len(ASK)
    answer = await said_to(site, b"POST /api/login HTTP/1.1\r\n" + HEAD + lines, ASK)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_an_upgrade_to_something_else_is_passed_over(site: Site) -> None:
    lines = b"connection: upgrade\r\nupgrade: h2c\r\n\r\n"
    answer = await said_to(site, b"GET /health/live HTTP/1.1\r\n" + HEAD + lines)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer


async def test_a_message_has_a_bounded_number_of_fragments(tmp_path: Path) -> None:
    limits = structs.replace(LIMITS, fragments=10)
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path), limits=limits) as site:
        await site.app.begin()
        client = await opened(site, await site.app.team())
        pieces = [frame(Opcode.TEXT, b'{"rpc"', fin=False), frame(Opcode.CONT, b':1,"method":"ping"}')]
        client.transport.write(b"".join(pieces))
        assert "hello" in str(await client.recv())
        assert "pong" in str(await client.recv())
        client.transport.write(pieces[0] + frame(Opcode.CONT, fin=False) * 10)
        with pytest.raises(ConnectionClosed) as end:
            await heard_for_ever(client)
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 4029


def test_connections_that_were_refused_take_nothing_from_the_count_of_others() -> None:
    open_ = Connections(Limits(connections=4, connections_per_address=2), "")
    assert [open_.admit("192.0.2.1") is None for _ in range(2)] == [True, True]
    assert [open_.admit("192.0.2.2") is None for _ in range(2)] == [True, True]
    assert open_.admit("192.0.2.1") is not None
    open_.release("192.0.2.1")
    open_.release("192.0.2.2")
    assert open_.admit("192.0.2.1") is not None


def test_addresses_of_one_ipv6_network_count_as_one_and_this_machine_has_no_limit() -> None:
    open_ = Connections(Limits(connections_per_address=2), "")
    assert [open_.admit(f"2001:db8::{number}") is None for number in range(3)] == [True, True, False]
    assert open_.admit("2001:db8:0:1::1") is None
    for address in ("::1", "127.0.0.1", "127.0.0.2"):
        assert all(open_.admit(address) is None for _ in range(5))
