"""The log as another process gives it over HTTP: for a process that has no database."""

import asyncio
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from hunt.game.entries import GENESIS, NOT_READABLE, Entry
from hunt.log.database import reason_of
from hunt.log.lines import Line, line_of
from hunt.log.source import LogAway

ANSWER_SECONDS = 5.0
"""How long an answer may take: a page of a thousand entries, from a process that is busy."""

CONNECTIONS = 8
"""So many questions are under way at once; others wait for their turn, as long as an answer may take."""

BEYOND = 2**53 - 1
"""The largest id that a request may name, after every entry: to ask for the head alone."""

OK = 200

T = TypeVar("T")


class _Head(Struct):
    id: int
    digest: str


class _Page(Struct):
    entries: list[Entry]
    head: _Head


class RemoteLog:
    """A `Source` behind `/api/log` of another process. Close it when done."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            trust_env=False,  # a proxy is for the way out, and this is inside
        )
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._asking: set[asyncio.Task[httpx.Response]] = set()

    async def head(self) -> tuple[int, str]:
        head = (await self._log(since=BEYOND, limit=1)).head
        return head.id, head.digest

    async def digest_at(self, id: int) -> str | None:
        if id == 0:
            return GENESIS
        entries = (await self._log(since=id - 1, limit=1)).entries
        return entries[0].digest if entries and entries[0].id == id else None

    async def entries(self, after: int, limit: int, team_id: int | None = None) -> list[Entry]:
        return (await self._log(since=after, limit=limit, team_id=team_id)).entries

    async def lines(self, after: int, limit: int) -> list[Line]:
        return list(map(line_of, await self.entries(after, limit)))

    async def newest(self, team_id: int, limit: int, before: int | None = None) -> list[Entry]:
        return (await self._log(before=BEYOND if before is None else before, limit=limit, team_id=team_id)).entries

    async def aclose(self) -> None:
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._client.aclose()

    async def ask(self, path: str, kind: type[T], **params: int | None) -> T:
        """What a GET of `path` answers, as a `kind`. Raises LogAway."""
        given = {name: value for name, value in params.items() if value is not None}
        try:
            answer = await self._get(path, given)
        except (httpx.HTTPError, TimeoutError) as error:
            raise LogAway(f"{self.url} does not answer: {reason_of(error)}.") from error
        if answer.status_code != OK:
            raise LogAway(f"{self.url}{path} answered with status {answer.status_code}.")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except NOT_READABLE as error:
            raise LogAway(f"{self.url}{path} answered with something else: {reason_of(error)}.") from error

    async def _get(self, path: str, params: dict[str, int]) -> httpx.Response:
        """A question is asked to its end, whoever gives up waiting for it, and only while a connection is free.

        One that is cancelled, or that times out among those that wait inside the client, may keep its place in the
        client's pool for good.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._turns.acquire()
        task = asyncio.create_task(self._client.get(path, params=params))
        self._asking.add(task)
        task.add_done_callback(self._answered)
        return await asyncio.shield(task)

    def _answered(self, task: asyncio.Task[httpx.Response]) -> None:
        self._turns.release()
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone away, and then nobody else looks at it

    async def _log(self, **params: int | None) -> _Page:
        return await self.ask("/api/log", _Page, **params)
