"""What pages and API alike ask of a request: who sent it, from where, and whether it was sent before."""

import hashlib
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.params import QueryParameter
from msgspec import Meta

from hunt.accounts.audit import Actor
from hunt.accounts.devices import DEVICE_DAYS, Device
from hunt.accounts.errors import NotAllowed, NotLoggedIn
from hunt.accounts.sessions import SESSION_DAYS, Session
from hunt.front import SESSION_COOKIE, identity_of, wrote
from hunt.game.commands import TeamCommand
from hunt.game.refusals import Invalid
from hunt.log.writer import Done
from hunt.log.writer import Request as Repeatable
from hunt.services import Services

MAX_KEY_LENGTH = 128
"""Of an Idempotency-Key."""

MAX_ID = 2**53 - 1
"""The largest id that every client can count to; a larger one in a request is no id."""

DEVICE_COOKIE = "device"
DEVICE_SECONDS = DEVICE_DAYS * 24 * 3600

FORGET = {"clear-site-data": '"cache", "storage"'}
"""Headers of a logout: the next person at this browser finds no page and no text of this one."""

SESSION_SECONDS = SESSION_DAYS * 24 * 3600

AnyRequest = Request[Any, Any, Any]

LogId = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]
OptionalId = Annotated[Annotated[int, Meta(ge=0, le=MAX_ID)] | None, QueryParameter(ge=0, le=MAX_ID)]
Limit = Annotated[int, QueryParameter(ge=1)]


def session_of(request: AnyRequest) -> Session:
    """The session behind a request. Raises NotLoggedIn."""
    session = identity_of(request.scope).session
    if session is None:
        raise NotLoggedIn
    return session


def team_session(request: AnyRequest) -> Session:
    """The team's session behind a request. Raises NotLoggedIn, or NotAllowed for an operator."""
    session = session_of(request)
    if session.kind != "team":
        raise NotAllowed("This is for teams; operators act under /api/ops.")
    return session


def operator_session(request: AnyRequest) -> Session:
    """The operator's session behind a request. Raises NotLoggedIn, or NotAllowed for a team."""
    session = session_of(request)
    if session.kind != "operator":
        raise NotAllowed
    return session


def account_of(session: Session) -> str:
    """The account as rates count it."""
    return f"{session.kind} {session.account_id}"


def address(request: AnyRequest) -> str:
    """Where the request comes from, as throttling counts it."""
    return request.client.host if request.client else "unknown"


def device_of(request: AnyRequest, services: Services) -> Device | None:
    """The browser, where it was logged in to some account before."""
    return services.devices.read(request.cookies.get(services.settings.cookie_name(DEVICE_COOKIE), ""))


def label(request: AnyRequest) -> str:
    """What the browser calls itself, for the list of devices."""
    return request.headers.get("user-agent", "a program")


def session_cookie(services: Services, token: str) -> Cookie:
    """The cookie of a session, which scripts cannot read; an empty token takes it away."""
    return Cookie(
        key=services.settings.cookie_name(SESSION_COOKIE),
        value=token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=services.settings.secure_cookies,
        max_age=SESSION_SECONDS if token else 0,
    )


def login_cookies(request: AnyRequest, services: Services, session: Session, token: str) -> list[Cookie]:
    """The cookies after a login: the session's, and the one by which the browser is known again."""
    known = Cookie(
        key=services.settings.cookie_name(DEVICE_COOKIE),
        value=services.devices.after_login(device_of(request, services), session),
        path="/",
        httponly=True,
        samesite="lax",
        secure=services.settings.secure_cookies,
        max_age=DEVICE_SECONDS,
    )
    return [session_cookie(services, token), known]


def actor(request: AnyRequest, services: Services) -> Actor:
    """The operator behind a request, for the audit. Raises NotLoggedIn, or NotAllowed for a team."""
    name = services.guard.operator_name(operator_session(request))
    if name is None:  # removed at this moment
        raise NotLoggedIn
    return Actor(name, address(request))


async def repeatable(request: AnyRequest) -> Repeatable | None:
    """What makes a repetition of this request known as one: account, path and Idempotency-Key, and the body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid("bad_key", f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} visible ASCII characters.")
    session = identity_of(request.scope).session
    who = f"{session.kind}:{session.account_id}" if session else "nobody"
    named = hashlib.sha256(f"{who}\n{request.method} {request.url.path}\n{key}".encode()).hexdigest()
    return Repeatable(key=named, body=hashlib.sha256(await request.body()).hexdigest())


async def carry_out(request: AnyRequest, services: Services, command: TeamCommand) -> Done:
    """Submit a team's command; the browser is told how far the log has come with it."""
    done = await services.writer.submit(command, request=await repeatable(request))
    if done.ids:
        wrote(request.scope, done.head)
    return done
