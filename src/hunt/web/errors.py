"""What went wrong, as JSON for programs and as a page for people."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.enums import MediaType
from litestar.response import Redirect

from hunt.accounts.errors import NotLoggedIn
from hunt.content.addresses import path_href
from hunt.errors import Fault, fault_of
from hunt.front import JSON_PATHS, identity_of
from hunt.requests import AnyRequest
from hunt.web.common import Pages

TOO_LARGE = 413
BAD_SHAPE = 422

HEADINGS = {
    403: "Not for you",
    404: "Nothing here",
    405: "That is not how it works",
    413: "Too long",
    429: "Not so fast",
    500: "Something broke",
    503: "Very busy right now",
}
OTHER_HEADING = "That did not work"


def answer_fault(pages: Pages) -> Callable[[AnyRequest, Exception], Response[Any]]:
    """What answers a request whose handler raised."""

    def answer(request: AnyRequest, error: Exception) -> Response[Any]:
        fault = fault_of(error, request.scope.get("route_handler"))
        if request.url.path.startswith(JSON_PATHS):
            return _json(fault)
        if isinstance(error, NotLoggedIn):
            return Redirect(f"/login?{urlencode({'next': _page_before(request)})}", status_code=303)
        return _page(request, pages, fault)

    return answer


def answer_as_json(request: AnyRequest, error: Exception) -> Response[Any]:
    """The same where there are no pages."""
    return _json(fault_of(error, request.scope.get("route_handler")))


def _json(fault: Fault) -> Response[Any]:
    status = BAD_SHAPE if fault.status == TOO_LARGE else fault.status  # an error of shape like any other
    return Response(fault.body, status_code=status, headers=fault.headers, media_type=MediaType.JSON)


def _page(request: AnyRequest, pages: Pages, fault: Fault) -> Response[str]:
    session = identity_of(request.scope).session
    heading = HEADINGS.get(fault.status, OTHER_HEADING)
    return pages.draw(
        request,
        "error.html",
        heading,
        status=fault.status,
        headers=fault.headers,
        heading=heading,
        text=fault.detail,
        home=session is not None and pages.view_of(session) is not None,
    )


def _page_before(request: AnyRequest) -> str:
    """The page to go on with after a login: the one asked for, or the one whose form was sent."""
    if request.method == "GET":
        return path_href(request.scope["path"]) + (f"?{request.url.query}" if request.url.query else "")
    referer = request.headers.get("referer", "")
    own = f"{request.url.scheme}://{request.url.netloc}/"
    return referer.removeprefix(own[:-1]) if referer.startswith(own) else "/"
