"""What the handlers of the API share: who asks, and whether they asked before."""

import hashlib
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException
from litestar.params import QueryParameter
from msgspec import Struct

from hunt.accounts.errors import NotAllowed, NotLoggedIn
from hunt.accounts.sessions import Session
from hunt.front import Identity, identity_of, wrote
from hunt.game.refusals import Invalid
from hunt.log.writer import Done
from hunt.log.writer import Request as Repeatable

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON may raise: broken, not UTF-8, nested without end."""


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused whatever is wrong with it as JSON."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except UNREADABLE as error:
            raise SerializationException(str(error)) from error


AnyRequest = Request[Any, Any, Any]

MAX_KEY_LENGTH = 128
"""Of an Idempotency-Key."""

MAX_ID = 2**63 - 1
"""The largest id that both stores can hold; a larger one in a request is no id."""

LogId = Annotated[int, QueryParameter(ge=0, le=MAX_ID)]
OptionalId = Annotated[int | None, QueryParameter(ge=0, le=MAX_ID)]
Limit = Annotated[int, QueryParameter(ge=1)]

Json = dict[str, Any]


class Shape(Struct, forbid_unknown_fields=True):
    """A request's body: a field that nobody knows is a mistake worth telling about."""


def identity(request: AnyRequest) -> Identity:
    return identity_of(request.scope)


def team_session(request: AnyRequest) -> Session:
    """The team's session behind a request. Raises NotLoggedIn, or NotAllowed for an operator."""
    session = identity(request).session
    if session is None:
        raise NotLoggedIn
    if session.kind != "team":
        raise NotAllowed("This is for teams; operators act under /api/ops.")
    return session


def operator_session(request: AnyRequest) -> Session:
    """The operator's session behind a request. Raises NotLoggedIn, or NotAllowed for a team."""
    session = identity(request).session
    if session is None:
        raise NotLoggedIn
    if session.kind != "operator":
        raise NotAllowed
    return session


async def repeatable(request: AnyRequest) -> Repeatable | None:
    """What makes a repetition of this request known as one: account, path and Idempotency-Key, and the body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid("bad_key", f"An Idempotency-Key has 1 to {MAX_KEY_LENGTH} visible ASCII characters.")
    session = identity(request).session
    who = f"{session.kind}:{session.account_id}" if session else "nobody"
    named = hashlib.sha256(f"{who}\n{request.method} {request.url.path}\n{key}".encode()).hexdigest()
    return Repeatable(key=named, body=hashlib.sha256(await request.body()).hexdigest())


def written(request: AnyRequest, done: Done) -> Json:
    """The answer to an act: the ids of what it wrote, and the log id that the process stands at."""
    if done.ids:
        wrote(request.scope, done.head)
    return {"ids": list(done.ids or ()), "epoch": done.head}


def plain(value: Any) -> Any:
    """A struct as JSON types, None where a field is."""
    return msgspec.to_builtins(value)
