"""The log over HTTP: whoever gives up, and whatever is answered, the next question is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from apps import HOST
from hunt.game.entries import GENESIS
from hunt.log import remote
from hunt.log.remote import CONNECTIONS, RemoteLog
from hunt.log.source import LogAway
from tcp import tcp_server

pytestmark = pytest.mark.anyio
EMPTY = b'{"entries":[],"head":{"id":0,"digest":"%b"}}' % GENESIS.encode()


class Api:
    """A process that answers each question with `body`, while it answers."""

    def __init__(self, body: bytes = EMPTY) -> None:
        self.body = body
        self.answers = asyncio.Event()
        self.answers.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await self.answers.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(self.body) + self.body)


@asynccontextmanager
async def asked(api: Api) -> AsyncIterator[RemoteLog]:
    async with tcp_server(api.serve) as port:
        log = RemoteLog(f"http://{HOST}:{port}", "a token")
        try:
            yield log
        finally:
            await log.aclose()


async def give_up(log: RemoteLog, turns: int) -> None:
    """Asks, and goes away after so many turns of the loop."""
    task = asyncio.create_task(log.head())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def test_questions_that_nobody_waits_for_any_more_take_no_connection_for_good() -> None:
    async with asked(Api()) as log:
        for turns in range(1, 40):
            await asyncio.gather(*(give_up(log, turns) for _ in range(CONNECTIONS)))
        assert await log.head() == (0, GENESIS)


async def test_after_a_stall_everything_is_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    patient, api = remote.ANSWER_SECONDS, Api()
    async with asked(api) as log:
        monkeypatch.setattr(remote, "ANSWER_SECONDS", 0.1)
        api.answers.clear()
        told = await asyncio.gather(*(log.head() for _ in range(20 * CONNECTIONS)), return_exceptions=True)
        assert all(isinstance(answer, LogAway) for answer in told)
        api.answers.set()
        monkeypatch.setattr(remote, "ANSWER_SECONDS", patient)
        assert await asyncio.gather(*(log.head() for _ in range(3 * CONNECTIONS))) == [(0, GENESIS)] * 3 * CONNECTIONS


async def test_a_process_that_does_not_answer_is_told_with_the_kind_of_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "ANSWER_SECONDS", 0.1)
    api = Api()
    api.answers.clear()
    async with asked(api) as log:
        with pytest.raises(LogAway, match=r"does not answer: \w*Timeout\w*\."):
            await log.head()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'"\xff"', b"[" * 100_000, EMPTY.replace(b"0,", b"null,"), EMPTY.replace(b"[]", b"{}")]
)
async def test_an_answer_that_is_none_is_a_log_that_is_away(body: bytes) -> None:
    async with asked(Api(body)) as log:
        with pytest.raises(LogAway):
            await log.head()
