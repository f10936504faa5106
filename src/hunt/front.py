"""Outermost middleware: host, origin, identity, load shedding, and how new the answer has to be."""

import asyncio
from hmac import compare_digest
from html import escape
from typing import Any, Literal
from urllib.parse import parse_qs

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send, WebSocketScope
from msgspec import Struct

from hunt.accounts.sessions import Session
from hunt.content.addresses import own_path
from hunt.http.hosts import OwnHosts, is_address
from hunt.log.source import LogAway
from hunt.metrics import count_refusal
from hunt.services import BaseServices

logger = structlog.get_logger()

SESSION_COOKIE = "session"
"""With `__Host-` before it where the site has HTTPS, like the other cookies: see `Settings.cookie_name`."""

HUNT_ID_COOKIE = "hunt_id"
HUNT_ID_SECONDS = 60
"""How long a browser asks not to be shown the past; every process is current long before."""

MAX_REQUESTS = 2_000
"""Requests under way in one process; one more is refused at once, while it still costs little.

A file that is sent piece by piece is none of them any more: it has a limit of its own, `http.downloads.MAX_DOWNLOADS`.
"""

RESERVED_REQUESTS = 50
"""More than these are still let in for what the server itself lives by: health checks, and the other processes."""

TOO_MANY = 429
PAUSE_SECONDS = 1.0
"""Before a handshake of a team that has too many is refused: who comes back at once would cost as much as if let in."""

BUSY = 503
BUSY_SECONDS = 2
"""When to come back after that."""

JSON_PATHS = ("/api/", "/health/", "/metrics")
"""Where errors are JSON, whoever asks."""

MAX_ID_DIGITS = 15
MAX_SHOWN = 200
"""Characters of a Host that are shown to the person."""

HSTS_SECONDS = 365 * 24 * 3600
"""How long a browser asks for this site by HTTPS alone, where the public URL is https."""

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; media-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Identity(Struct, frozen=True):
    """Who sent a request, and how they proved it. A service holds HUNT_SERVICE_TOKEN and is nobody's account."""

    session: Session | None = None
    by: Literal["cookie", "token", "service"] | None = None


def identity_of(scope: HTTPScope | WebSocketScope) -> Identity:
    """Who `Front` found behind the request."""
    identity: Identity = scope["state"]["identity"]
    return identity


def wrote(scope: HTTPScope | WebSocketScope, head: int) -> None:
    """Note that this request wrote up to log id `head`: the browser is told, and not shown the past after it."""
    scope["state"]["wrote"] = head


class Front:
    """The outermost ASGI layer."""

    def __init__(self, app: ASGIApp, services: BaseServices) -> None:
        self.app = app
        self.services = services
        self.hosts = OwnHosts(services.settings.public_url, services.settings.host)
        self._requests = 0
        self._session_cookie = services.settings.cookie_name(SESSION_COOKIE)
        self._hunt_id_cookie = services.settings.cookie_name(HUNT_ID_COOKIE)
        hsts = {"strict-transport-security": f"max-age={HSTS_SECONDS}"} if services.settings.secure_cookies else {}
        always = {**SECURITY_HEADERS, **hsts, "cache-control": "no-store"}
        self._headers = [(name.encode(), value.encode()) for name, value in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {ScopeType.HTTP, ScopeType.WEBSOCKET}:
            await self.app(scope, receive, send)
            return
        scope["path"] = own_path(self.services.hunt, scope["path"])
        headers = _joined(scope)
        host = headers.get(b"host", b"").decode("latin-1")
        is_health_check = scope["path"].startswith("/health/") and is_address(host)
        if not (self.hosts.are_asked(host) or is_health_check or self._is_service(headers)):
            detail = f"This server does not answer for {host[:MAX_SHOWN] or 'no host'}. For who runs it: "
            await self._refuse(scope, send, 421, "bad_host", detail + self.hosts.setting)
        elif scope["type"] == ScopeType.WEBSOCKET:
            await self._shake_hands(scope, receive, send, headers)
        elif self._requests >= MAX_REQUESTS + (RESERVED_REQUESTS if self._is_vital(scope, headers) else 0):
            await self._refuse(scope, send, BUSY, "overloaded", "The server is very busy. Try again in a moment.")
        else:
            await self._answer(scope, receive, self._with_headers(scope, send), headers)

    async def _shake_hands(
        self, scope: WebSocketScope, receive: Receive, send: Send, headers: dict[bytes, bytes]
    ) -> None:
        origin = headers.get(b"origin")
        if origin is not None and not self.hosts.is_own_origin(
            origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1"), scope["scheme"]
        ):
            await self._refuse(scope, send, 403, "foreign_origin", "This socket was opened by another site's page.")
        elif not self.services.feed.is_current:  # it could not learn that a session is over
            await self._refuse(scope, send, BUSY, "log_away", "The server cannot follow the hunt just now.")
        else:
            scope.setdefault("state", {})
            await self._recognise(scope, headers, _cookies(headers))
            identity = identity_of(scope)
            if identity.session is None:
                await self._refuse(scope, send, 403, "not_logged_in", "Log in first.")
            elif identity.by == "cookie" and origin is None:
                await self._refuse(scope, send, 403, "foreign_origin", "A socket by cookie has to say its Origin.")
            elif self.services.hub.shared.budget(identity.session.team_id).is_spent:
                await asyncio.sleep(PAUSE_SECONDS)
                detail = "Your team asks for more than its share of the server. Try again in a moment."
                await self._refuse(scope, send, TOO_MANY, "too_many_sockets", detail)
            else:
                await self.app(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send, headers: dict[bytes, bytes]) -> None:
        self._requests += 1
        scope.setdefault("state", {})["is_counted"] = True
        try:
            cookies = _cookies(headers)
            await self._reach(headers, cookies)
            await self._recognise(scope, headers, cookies)
            await self.app(scope, receive, send)
        finally:
            self._count_no_more(scope)

    def _count_no_more(self, scope: HTTPScope) -> None:
        if scope["state"].pop("is_counted", False):
            self._requests -= 1

    async def _recognise(
        self, scope: HTTPScope | WebSocketScope, headers: dict[bytes, bytes], cookies: dict[str, str]
    ) -> None:
        """Find out who asks. An account that was just made elsewhere may be news to this process."""
        identity, token = self._identify(scope, headers, cookies)
        if identity.by is None and self.services.guard.is_of_unknown_account(token):
            await self._read_on(self.services.tail.head + 1)
            identity, _ = self._identify(scope, headers, cookies)
        scope["state"]["identity"] = identity

    def _is_service(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the sender holds HUNT_SERVICE_TOKEN, which no page of another site can make a browser send."""
        secret = self.services.settings.service_token
        given = headers.get(b"authorization", b"")
        return secret is not None and compare_digest(given, b"Bearer " + secret.encode())

    def _is_vital(self, scope: HTTPScope, headers: dict[bytes, bytes]) -> bool:
        """Whether a busy server would be restarted or left alone, were this refused."""
        return scope["path"].startswith("/health/") or self._is_service(headers)

    def _identify(
        self, scope: HTTPScope | WebSocketScope, headers: dict[bytes, bytes], cookies: dict[str, str]
    ) -> tuple[Identity, str]:
        """Who asks, and the token that says so."""
        scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if self._is_service(headers):
            return Identity(by="service"), token
        if scheme.lower() == "bearer":
            return self._of(token, "token"), token
        if scope["type"] == ScopeType.WEBSOCKET and b"token=" in scope["query_string"]:
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            identity = self._of(token, "token")
            is_team = identity.session is not None and identity.session.kind == "team"
            return identity if is_team else Identity(), token
        token = cookies.get(self._session_cookie, "")
        return self._of(token, "cookie"), token

    def _of(self, token: str, by: Literal["cookie", "token"]) -> Identity:
        session = self.services.guard.identify(token) if token else None
        return Identity(session, by) if session else Identity()

    async def _reach(self, headers: dict[bytes, bytes], cookies: dict[str, str]) -> None:
        """Answer from a state that the asker has not seen beyond."""
        wanted = headers.get(b"x-hunt-id", b"").decode("latin-1") or cookies.get(self._hunt_id_cookie, "")
        if wanted.isdecimal() and len(wanted) <= MAX_ID_DIGITS and int(wanted) > self.services.tail.head:
            await self._read_on(int(wanted))

    async def _read_on(self, id: int) -> None:
        try:
            await self.services.feed.reach(id)
        except LogAway as error:  # what is known has to do
            logger.warning("answer_may_be_old", error=str(error))

    def _with_headers(self, scope: HTTPScope, send: Send) -> Send:
        """`send` with the headers that every answer has."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(scope, message)
            elif message.get("more_body"):
                self._count_no_more(scope)
            await send(message)

        return sending

    def _complete(self, scope: HTTPScope, start: HTTPResponseStartEvent) -> None:
        headers = list(start["headers"])
        named = {name for name, _ in headers}
        headers += [header for header in self._headers if header[0] not in named]
        if head := scope["state"].get("wrote"):
            headers.append((b"set-cookie", self._hunt_id_set(head).encode()))
        start["headers"] = headers

    def _hunt_id_set(self, head: int) -> str:
        secure = "; Secure" if self.services.settings.secure_cookies else ""
        return f"{self._hunt_id_cookie}={head}; Path=/; SameSite=Lax; HttpOnly; Max-Age={HUNT_ID_SECONDS}{secure}"

    async def _refuse(self, scope: HTTPScope | WebSocketScope, send: Send, status: int, code: str, detail: str) -> None:
        """Answer before the application does: JSON, or a plain page for a browser."""
        count_refusal(code, status)
        kind, is_page = "http", _wants_page(scope)
        if scope["type"] == ScopeType.WEBSOCKET:
            kind, is_page = "websocket.http", False
            if "websocket.http.response" not in (scope.get("extensions") or {}):
                await send({"type": "websocket.close", "code": 1008, "reason": detail})
                return
        body = _page(detail) if is_page else msgspec.json.encode({"code": code, "detail": detail})
        media_type = b"text/html; charset=utf-8" if is_page else b"application/json"
        headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
        headers += self._headers
        if status in {BUSY, TOO_MANY}:
            headers.append((b"retry-after", str(BUSY_SECONDS).encode()))
        messages: list[Any] = [
            {"type": f"{kind}.response.start", "status": status, "headers": headers},
            {"type": f"{kind}.response.body", "body": body, "more_body": False},
        ]
        for message in messages:
            await send(message)


def _joined(scope: HTTPScope | WebSocketScope) -> dict[bytes, bytes]:
    """The headers by name. Those that came in several lines are one, for the application too.

    So two lines of cookies are all of them, and two values of Host, Origin or Sec-Fetch-Site are neither of the two.
    """
    lines = list(scope["headers"])
    headers = dict(lines)
    if len(headers) < len(lines):
        headers.clear()
        for name, value in lines:
            separator = b"; " if name == b"cookie" else b", "
            headers[name] = headers[name] + separator + value if name in headers else value
        scope["headers"] = list(headers.items())
    return headers


def _cookies(headers: dict[bytes, bytes]) -> dict[str, str]:
    """The cookies by name. One that comes with several values is left out.

    Another site of the domain, or a page of another path, may have set the other value, and nothing says which it is.
    """
    cookies: dict[str, str] = {}
    doubtful: set[str] = set()
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.partition("=")
        name, value = name.strip(), value.strip()
        if cookies.setdefault(name, value) != value:
            doubtful.add(name)
    return {name: value for name, value in cookies.items() if name not in doubtful} if doubtful else cookies


def _wants_page(scope: HTTPScope | WebSocketScope) -> bool:
    accepts = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/html" in accepts and not scope["path"].startswith(JSON_PATHS)


def _page(detail: str) -> bytes:
    """A page that needs nothing else, for when there is no application to draw one."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>This did not work</title></head>'
        f"<body><main><h1>This did not work</h1><p>{escape(detail)}</p></main></body></html>"
    ).encode()
