"""Protection against forged requests, without tokens: a browser says where a request comes from.

A request by cookie that changes something has to come from our own pages: `Sec-Fetch-Site: same-origin`, or where a
browser does not send that an `Origin` of ours. A login or a registration needs no cookie, but a foreign page may not
log its visitor in either.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from hunt.http.hosts import OwnHosts

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}

BY_COOKIE = "by_cookie"
"""The `opt` of a handler that is False where it does nothing in the name of the cookie's account: a login."""

MAX_SHOWN = 200
"""Characters of a header that are shown to the person."""


class ForeignOrigin(Exception):
    """A request that changes something comes from another site's page, or nothing says from where."""

    code = "foreign_origin"

    def __init__(self, site: str, origin: str, hosts: OwnHosts, expected: str | None) -> None:
        sent = f"Sec-Fetch-Site: {site}" if site else f"Origin: {origin}" if origin else "no Origin"
        super().__init__(
            "This did not come from a page of this site, so nothing was done. Load the page again and repeat what "
            f"you did. For who runs the server: the browser sent {sent[:MAX_SHOWN]}, and our pages are at "
            f"{hosts.public_origin or expected}. {hosts.setting}"
        )


class OwnPages:
    """ASGI middleware inside the application, so that a refusal becomes a page. Raises ForeignOrigin."""

    def __init__(self, app: ASGIApp, hosts: OwnHosts) -> None:
        self.app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] not in SAFE_METHODS:
            self._check(scope)
        await self.app(scope, receive, send)

    def _check(self, scope: HTTPScope) -> None:
        by = scope["state"]["identity"].by
        if by in {"token", "service"}:
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        site, origin, host = (headers.get(name, "") for name in (b"sec-fetch-site", b"origin", b"host"))
        if b"sec-fetch-site" in headers:
            is_own = site == "same-origin"
        elif b"origin" in headers:
            is_own = self._hosts.is_own_origin(origin, host, scope["scheme"])
        else:  # no browser sends this by itself, but a program may keep a cookie
            is_own = by is None or not scope["route_handler"].opt.get(BY_COOKIE, True)
        if not is_own:
            raise ForeignOrigin(site, origin, self._hosts, self._hosts.origin_of(host, scope["scheme"]))
