"""HEAD for all that answers GET, OPTIONS, and `Allow` where a method is not taken."""

import asyncio

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import ASGIApp, HTTPScope, Message, Method, Receive, Scope, Send
from litestar.utils import normalize_path

TAKEN_BY_NONE: Method = "TRACE"
"""Asked for this method, the router says which ones a path takes."""

NOT_ALLOWED = 405


class Methods:
    """ASGI middleware around an application of Litestar, which knows the methods of each path."""

    def __init__(self, app: ASGIApp, litestar: Litestar) -> None:
        self.app = app
        self._litestar = litestar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await _ask_for_head(self.app, {**scope, "method": "GET"}, receive, self._with_allow(scope, send))
        elif scope["method"] == "OPTIONS" and (allowed := self._allowed(scope["path"])):
            await send(
                {
                    "type": "http.response.start",
                    "status": 204,
                    "headers": [(b"allow", allowed.encode())],
                }
            )
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self.app(scope, receive, self._with_allow(scope, send))

    def _with_allow(self, scope: HTTPScope, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == NOT_ALLOWED:
                MutableScopeHeaders.from_message(message)["allow"] = self._allowed(scope["path"])
            await send(message)

        return sending

    def _allowed(self, path: str) -> str:
        """The methods that a path takes, as `Allow` lists them; empty where there is nothing."""
        try:
            self._litestar.asgi_router.handle_routing(path=normalize_path(path), method=TAKEN_BY_NONE)
        except MethodNotAllowedException as error:
            allowed = {*(error.headers or {})["allow"].split(", "), "OPTIONS"}
            return ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        except NotFoundException:
            pass
        return ""


async def _ask_for_head(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> None:
    """What a GET is answered, without its body. It ends with the first piece of that: a stream may have no end."""
    answered = asyncio.Event()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body":
            if not answered.is_set():
                answered.set()
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await send(message)

    asking = asyncio.ensure_future(app(scope, receive, sending))
    ended = asyncio.ensure_future(answered.wait())
    try:
        await asyncio.wait([asking, ended], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        asking.cancel()
        await asyncio.wait([asking])
    if not asking.cancelled():
        asking.result()  # raises what the application raised
