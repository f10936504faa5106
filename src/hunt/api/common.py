"""What the handlers of the API share: bodies, ids in a query, and the answer to an act."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import SerializationException
from msgspec import Struct

from hunt.front import wrote
from hunt.log.writer import Done
from hunt.requests import AnyRequest

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON may raise: broken, not UTF-8, nested without end."""

Json = dict[str, Any]


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused whatever is wrong with it as JSON."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except UNREADABLE as error:
            raise SerializationException(str(error)) from error


class Shape(Struct, forbid_unknown_fields=True):
    """A request's body: a field that nobody knows is a mistake worth telling about."""


def written(request: AnyRequest, done: Done) -> Json:
    """The answer to an act: the ids of what it wrote, and the log id that the process stands at."""
    if done.ids:
        wrote(request.scope, done.head)
    return {"ids": list(done.ids or ()), "epoch": done.head}
