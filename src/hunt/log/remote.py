"""The log as another process gives it over HTTP: for a process that has no database."""

from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from hunt.game.entries import GENESIS, Entry
from hunt.log.lines import Line, line_of
from hunt.log.source import LogAway

ANSWER_SECONDS = 2.0
"""How long an answer may take."""

CONNECTIONS = 8

BEYOND = 2**62
"""An id after every entry: to ask for the head alone."""

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
        await self._client.aclose()

    async def ask(self, path: str, kind: type[T], **params: int | None) -> T:
        """What a GET of `path` answers, as a `kind`. Raises LogAway."""
        given = {name: value for name, value in params.items() if value is not None}
        try:
            answer = await self._client.get(path, params=given)
        except httpx.HTTPError as error:
            raise LogAway(f"{self.url} does not answer: {error or type(error).__name__}.") from error
        if answer.status_code != OK:
            raise LogAway(f"{self.url}{path} answered with status {answer.status_code}.")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise LogAway(f"{self.url}{path} answered with something else: {error}.") from error

    async def _log(self, **params: int | None) -> _Page:
        return await self.ask("/api/log", _Page, **params)
