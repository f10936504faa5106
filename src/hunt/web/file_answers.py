"""How a file is sent: its type, byte ranges, conditional requests, and never through a link."""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from mimetypes import guess_type
from pathlib import Path

from litestar.types import ASGIApp, Receive, Scope, Send
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from hunt.game.refusals import NotFound
from hunt.http.downloads import Downloads

_RANGE = re.compile(rb"\s*(?:(\d{1,100})-(\d{0,100})|-(\d{1,100}))\s*")

_conditions = StaticFiles()
_downloads = Downloads()


def media_type(name: str) -> str:
    """The media type of a file by its name, without a charset."""
    return guess_type(name)[0] or "application/octet-stream"


def file_answer(path: Path | None, headers: Mapping[str, str], team_id: int | None = None) -> ASGIApp:
    """The file, or the part of it that is asked for: 200, 206, 304 or 416. `team_id` is who reads it, if it is a team.

    Raises NotFound where there is no regular file at this path. `path` is free of links (as the hunt folder is read):
    if there is one by now, somebody has put it there since, and it is not followed.
    """
    if path is None or os.path.realpath(path) != str(path):
        raise NotFound
    try:
        found = path.stat()
    except OSError:
        raise NotFound from None
    if not stat.S_ISREG(found.st_mode):
        raise NotFound
    whole = FileResponse(path, headers=headers, media_type=media_type(path.name), stat_result=found)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = Headers(raw=_understood(scope["headers"], found.st_size))
        response: Response = whole
        if _conditions.is_not_modified(whole.headers, asked):
            response = NotModifiedResponse(whole.headers)
            # A browser gives its copy the headers of this answer, so a file's sandbox has to be among them.
            response.headers.update(headers)
        reader = (scope["client"] or ("",))[0] if team_id is None else str(team_id)
        with _downloads.one_more(reader):
            await response({**scope, "headers": asked.raw}, receive, send)  # type: ignore[arg-type] # Litestar has ASGI types of its own

    return answer


def _understood(headers: Iterable[tuple[bytes, bytes]], size: int) -> list[tuple[bytes, bytes]]:
    """The headers, `Range` with the parts that the file has.

    RFC 9110 has a `Range` ignored that is malformed or of another unit.
    """
    understood: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name != b"range":
            understood.append((name, value))
        elif parts := _parts(value, size):
            understood.append((name, b"bytes=" + b",".join(parts)))
    return understood


def _parts(value: bytes, size: int) -> list[bytes]:
    """The parts of a `Range` that a file of `size` bytes has; all where it has none, so that the answer is 416."""
    unit, _, ranges = value.partition(b"=")
    parts = [part for part in ranges.split(b",") if part.strip()]
    within: list[bytes] = []
    for part in parts:
        found = _RANGE.fullmatch(part)
        if unit.lower() != b"bytes" or not found or (found[2] and int(found[1]) > int(found[2])):
            return []
        if int(found[3]) > 0 if found[3] else int(found[1]) < size:
            within.append(part)
    return within or parts
