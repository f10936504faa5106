"""What stands before every handler: who may talk to us from where, who it is, and how new the answer has to be."""

import ipaddress
from hmac import compare_digest
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send, WebSocketScope
from msgspec import Struct

from hunt.accounts.sessions import Session
from hunt.content.addresses import own_path
from hunt.log.source import LogAway
from hunt.metrics import count_refusal
from hunt.services import BaseServices

logger = structlog.get_logger()

SESSION_COOKIE = "session"
HUNT_ID_COOKIE = "hunt_id"
HUNT_ID_SECONDS = 60
"""How long a browser asks not to be shown the past; every process is current long before."""

MAX_REQUESTS = 2_000
"""Requests under way in one process; one more is refused at once, while it still costs little."""

RESERVED_REQUESTS = 50
"""More than these are still let in for what the server itself lives by: health checks, and the other processes."""

BUSY = 503
BUSY_SECONDS = 2
"""When to come back after that."""

NO_CSRF = {"exclude_from_csrf": True}
"""`opt` of a handler that does nothing in the name of the cookie's account: whoever logs in proves it by a password."""

MAX_ID_DIGITS = 15
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

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
        self._requests = 0
        public = services.settings.public_url
        self._public_host = urlsplit(public).netloc.lower() if public else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {ScopeType.HTTP, ScopeType.WEBSOCKET}:
            await self.app(scope, receive, send)
            return
        scope["path"] = own_path(self.services.hunt, scope["path"])
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not (self._is_ours(host) or self._is_service(headers)):
            await _refuse(scope, send, 421, "bad_host", "This server does not answer for that name.")
        elif _is_foreign(scope, headers, host):
            await _refuse(scope, send, 403, "foreign_origin", "This request came from another site's page.")
        else:
            await self._pass_on(scope, receive, send, headers)

    async def _pass_on(
        self, scope: HTTPScope | WebSocketScope, receive: Receive, send: Send, headers: dict[bytes, bytes]
    ) -> None:
        cookies = _cookies(headers)
        if scope["type"] == ScopeType.WEBSOCKET:
            if not self.services.feed.is_current:  # it could not learn that a session is over
                await _refuse(scope, send, BUSY, "log_away", "The server cannot follow the hunt just now.")
                return
            await self._recognise(scope, headers, cookies)
            await self.app(scope, receive, send)
        elif self._requests >= MAX_REQUESTS + (RESERVED_REQUESTS if self._is_vital(scope, headers) else 0):
            await _refuse(scope, send, BUSY, "overloaded", "The server is very busy. Try again in a moment.")
        else:
            await self._answer(scope, receive, self._dress(scope, send), headers, cookies)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, headers: dict[bytes, bytes], cookies: dict[str, str]
    ) -> None:
        self._requests += 1
        try:
            await self._reach(headers, cookies)
            await self._recognise(scope, headers, cookies)
            await self.app(scope, receive, send)
        finally:
            self._requests -= 1

    async def _recognise(
        self, scope: HTTPScope | WebSocketScope, headers: dict[bytes, bytes], cookies: dict[str, str]
    ) -> None:
        """Find out who asks. A team that has just registered elsewhere may be news to this process."""
        identity, token = self._identify(scope, headers, cookies)
        if identity.by is None and self.services.guard.is_of_unknown_team(token):
            await self._read_on(self.services.tail.head + 1)
            identity, _ = self._identify(scope, headers, cookies)
        scope.setdefault("state", {})["identity"] = identity

    def _is_ours(self, host: str) -> bool:
        """Whether the request names this server: its public name, or an address that no other site can point here."""
        if host == self._public_host:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # half an IPv6 address
            return False
        if name in {"localhost", self.services.settings.host}:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._public_host is None or address.is_loopback

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
        token = cookies.get(SESSION_COOKIE, "")
        return self._of(token, "cookie"), token

    def _of(self, token: str, by: Literal["cookie", "token"]) -> Identity:
        session = self.services.guard.identify(token) if token else None
        return Identity(session, by) if session else Identity()

    async def _reach(self, headers: dict[bytes, bytes], cookies: dict[str, str]) -> None:
        """Answer from a state that the asker has not seen beyond."""
        wanted = headers.get(b"x-hunt-id", b"").decode("latin-1") or cookies.get(HUNT_ID_COOKIE, "")
        if wanted.isdecimal() and len(wanted) <= MAX_ID_DIGITS and int(wanted) > self.services.tail.head:
            await self._read_on(int(wanted))

    async def _read_on(self, id: int) -> None:
        try:
            await self.services.feed.reach(id)
        except LogAway as error:  # what is known has to do
            logger.warning("answer_may_be_old", error=str(error))

    def _dress(self, scope: HTTPScope, send: Send) -> Send:
        """`send` with the headers that every answer has."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableScopeHeaders.from_message(message)
                for name, value in SECURITY_HEADERS.items():
                    answer.setdefault(name, value)
                if head := scope["state"].get("wrote"):
                    answer.add("set-cookie", self._hunt_id_cookie(head))
            await send(message)

        return dressed

    def _hunt_id_cookie(self, head: int) -> str:
        secure = "; Secure" if self.services.settings.secure_cookies else ""
        return f"{HUNT_ID_COOKIE}={head}; Path=/; SameSite=Lax; HttpOnly; Max-Age={HUNT_ID_SECONDS}{secure}"


def _is_foreign(scope: HTTPScope | WebSocketScope, headers: dict[bytes, bytes], host: str) -> bool:
    """Whether a page of another site makes the browser send this."""
    if scope["type"] == ScopeType.HTTP and scope["method"] in SAFE_METHODS:
        return False
    origin = headers.get(b"origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower() != host
    except ValueError:  # half an IPv6 address
        return True


def _cookies(headers: dict[bytes, bytes]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


async def _refuse(scope: HTTPScope | WebSocketScope, send: Send, status: int, code: str, detail: str) -> None:
    count_refusal(code, status)
    kind = "http"
    if scope["type"] == ScopeType.WEBSOCKET:
        kind = "websocket.http"
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": detail})
            return
    body = msgspec.json.encode({"code": code, "detail": detail})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
    if status == BUSY:
        headers.append((b"retry-after", str(BUSY_SECONDS).encode()))
    messages: list[Any] = [
        {"type": f"{kind}.response.start", "status": status, "headers": headers},
        {"type": f"{kind}.response.body", "body": body, "more_body": False},
    ]
    for message in messages:
        await send(message)


class CookieCsrf(CSRFMiddleware):
    """Litestar's protection, for those requests that need it: proof by cookie is sent by the browser unasked."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        identity = identity_of(scope)
        if identity.by == "cookie" or (identity.by is None and scope["method"] in SAFE_METHODS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def csrf_config(services: BaseServices) -> CSRFConfig:
    return CSRFConfig(
        secret=services.settings.secret_key,
        cookie_secure=services.settings.secure_cookies,
        cookie_samesite="lax",
    )
