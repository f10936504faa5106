"""Updates for pages that have no socket: a proxy between does not let one through."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import astuple

from hunt.accounts.errors import NotLoggedIn
from hunt.api.answers import answers
from hunt.api.common import Shape
from hunt.live.connection import MAX_SUBSCRIPTIONS
from hunt.live.poll import poll
from hunt.live.protocol import Params, Sub
from hunt.requests import MAX_ID, AnyRequest, team_session
from hunt.services import Services


class Wanted(Struct, frozen=True):
    """A subscription as a `sub` call of the websocket names it."""

    sub: str
    dataset: str
    params: Params = Params()
    since: Annotated[int, Meta(ge=0, le=MAX_ID)] = 0
    mac: str | None = None


class Poll(Shape):
    subs: Annotated[list[Wanted], Meta(max_length=MAX_SUBSCRIPTIONS)]
    token: str = ""


class Updates(Struct):
    """Frames as the websocket carries them, and the seconds until it is time to ask again, with this token.

    `rpc` in a frame is the place of what was asked for, from 0.
    """

    frames: list[dict[str, Any]]
    token: str
    again: Annotated[int, Meta(ge=1)]


@post("/poll", status_code=200, responses=answers(Updates, 401))
async def ask(request: AnyRequest, data: JSONBody[Poll], services: NamedDependency[Services]) -> Response[bytes]:
    session = team_session(request)
    calls = [Sub(number, *astuple(wanted)) for number, wanted in enumerate(data.subs)]
    polled = await poll(services.hub, session.account_id, session.id, calls, data.token)
    if polled is None:
        raise NotLoggedIn
    body = b'{"frames":[%b],"token":%b,"again":%d}' % (
        b",".join(polled.frames),
        msgspec.json.encode(polled.token),
        polled.again,
    )
    return Response(body, media_type=MediaType.JSON)


router = Router(path="/api", route_handlers=[ask])
