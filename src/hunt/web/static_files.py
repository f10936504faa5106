"""Our own static files, compressed once, under an address that names the build."""

import asyncio
from pathlib import Path

from litestar import Router, get
from litestar.params import FromPath
from litestar.types import ASGIApp
from starlette.responses import Response

from hunt.game.refusals import NotFound
from hunt.http.compression import Coding, accepted_coding, compressed, is_text
from hunt.requests import AnyRequest
from hunt.web.file_answers import file_answer, media_type
from hunt.web.render import STATIC

SERVED = {".css", ".js", ".svg"}
"""Suffixes of what browsers load. Types and checksums, which are in the folder too, are not served."""

# The address names the build, so what is there never changes.
STATIC_HEADERS = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}


class _Files:
    """The files of one build. Each is compressed when it is first asked for, in a thread, and kept."""

    def __init__(self, folder: Path) -> None:
        root = folder.resolve()
        self._files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.suffix in SERVED}
        self._compressed: dict[tuple[str, Coding], bytes] = {}

    async def answer(self, request: AnyRequest, name: str) -> ASGIApp:
        """The file as the client takes it. Raises NotFound."""
        path = self._files.get(name)
        if path is None:
            raise NotFound
        coding = accepted_coding(request.headers.get("accept-encoding", ""))
        if coding is None or "range" in request.headers or not is_text(media_type(name)):
            return file_answer(path, STATIC_HEADERS)
        key = (name, coding)
        if key not in self._compressed:
            self._compressed[key] = await asyncio.to_thread(_compressed_file, path, coding)
        headers = {**STATIC_HEADERS, "content-encoding": coding}
        return Response(self._compressed[key], media_type=media_type(name), headers=headers)  # type: ignore[return-value] # Litestar has ASGI types of its own


def _compressed_file(path: Path, coding: Coding) -> bytes:
    return compressed(path.read_bytes(), coding, best=True)


def static_files(build: str) -> Router:
    """The route that serves them."""
    files = _Files(STATIC)

    @get("/{name:path}")
    async def static_file(request: AnyRequest, name: FromPath[str]) -> ASGIApp:
        return await files.answer(request, name.lstrip("/"))

    return Router(path=f"/static/{build}", route_handlers=[static_file], include_in_schema=False)
