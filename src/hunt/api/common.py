"""What the handlers of the API share: bodies, ids in a query, and the answer to an act."""

from typing import Any

from litestar import Request
from litestar.exceptions import SerializationException
from msgspec import Struct

from hunt.front import wrote
from hunt.http.shapes import UNREADABLE, not_json
from hunt.log.writer import Done
from hunt.requests import AnyRequest

Json = dict[str, Any]


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused whatever is wrong with it as JSON."""

    async def json(self) -> Any:
        try:
            return await super().json()
        except (*UNREADABLE, SerializationException) as error:
            cause = error.__cause__ if isinstance(error, SerializationException) else None
            raise SerializationException(not_json(cause or error, "The body")) from error


class Shape(Struct, forbid_unknown_fields=True):
    """A request's body: a field that nobody knows is a mistake worth telling about."""


def written(request: AnyRequest, done: Done) -> Json:
    """The answer to an act: the ids of what it wrote, and the log id that the process stands at."""
    if done.ids:
        wrote(request.scope, done.head)
    return {"ids": list(done.ids or ()), "epoch": done.head}
