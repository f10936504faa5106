"""What every page needs: who looks at it, and the frame around its content."""

from typing import Any
from urllib.parse import quote

import structlog
from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Redirect

from hunt.accounts.errors import NotLoggedIn
from hunt.accounts.sessions import Session
from hunt.content import Hunt
from hunt.content.addresses import href, path_href
from hunt.front import identity_of
from hunt.game.entries import stamp
from hunt.live import values
from hunt.live.datasets import View
from hunt.requests import AnyRequest
from hunt.services import Services
from hunt.web.form import Form
from hunt.web.render import Renderer

NOTICE_COOKIE = "notice"
NOTICE_SECONDS = 30
"""A notice that nobody has fetched by then is old news."""

logger = structlog.get_logger()


class Pages:
    """Draws whole pages for one process."""

    def __init__(self, services: Services, renderer: Renderer, build: str) -> None:
        self.services = services
        self.renderer = renderer
        self.build = build
        self._notices = URLSafeTimedSerializer(services.settings.secret_key, salt="notice")

    def draw(
        self,
        request: AnyRequest,
        template: str,
        title: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **parts: Any,
    ) -> Response[str]:
        """The page, with the team's navigation where one is logged in."""
        session = identity_of(request.scope).session
        view = self.view_of(session) if session else None
        notice = self._notice(request)
        navbar = values.navbar(view.hunt, view.state) | {"epoch": self.services.tail.head} if view else None
        page = self._page(request, title, view, notice)
        html = self.renderer.page(template, page=page, navbar=navbar, status=status, **parts)
        form = parts.get("form")
        if isinstance(form, Form) and form.retry_after:
            headers = {**(headers or {}), "Retry-After": str(form.retry_after)}
        response = Response(html, media_type=MediaType.HTML, status_code=status, headers=headers)
        response.headers.setdefault("cache-control", "no-store")
        if notice:
            response.set_cookie(self._notice_cookie("", 0))
        return response

    def view_of(self, session: Session) -> View | None:
        """What the session's team sees; None for an operator."""
        return self.services.hub.shared.view(session.account_id) if session.kind == "team" else None

    def _page(
        self, request: AnyRequest, title: str, view: View | None, notice: dict[str, str] | None
    ) -> dict[str, Any]:
        services, hunt = self.services, self.services.hunt
        return {
            "title": title,
            "path": path_href(request.scope["path"]),
            "build": self.build,
            "accent_style": f"/theme/accent.css?v={quote(hunt.accent)}" if hunt.accent else None,
            "theme_style": _theme_style(hunt),
            "logged_in": identity_of(request.scope).session is not None,
            "hunt_title": hunt.title,
            "how_to_ask": hunt.how_to_ask,
            "live": view is not None,
            "epoch": services.tail.head if view else None,
            "mac": services.hub.shared.head_mac() if view else None,
            "team_id": view.state.team_id if view else None,
            "notice": notice,
            "now": stamp(services.clock()),
            "pages": [
                {"name": each.name, "title": each.title, "href": href("pages", each.name)}
                for each in hunt.pages.values()
            ],
        }

    def _notice(self, request: AnyRequest) -> dict[str, str] | None:
        text = request.cookies.get(self.services.settings.cookie_name(NOTICE_COOKIE))
        if not text:
            return None
        try:
            notice: dict[str, str] = self._notices.loads(text, max_age=NOTICE_SECONDS)
        except BadSignature:
            return None
        return notice

    def _notice_cookie(self, value: str, seconds: int) -> Cookie:
        settings = self.services.settings
        name, secure = settings.cookie_name(NOTICE_COOKIE), settings.secure_cookies
        return Cookie(key=name, value=value, max_age=seconds, httponly=True, samesite="lax", secure=secure)

    def back_to(self, path: str, notice: str | None = None, kind: str = "ok") -> Redirect:
        """Send the browser on to a page, with a sentence to show there."""
        response = Redirect(path, status_code=303)
        if notice:
            response.set_cookie(
                self._notice_cookie(str(self._notices.dumps({"kind": kind, "text": notice})), NOTICE_SECONDS)
            )
        return response


def _theme_style(hunt: Hunt) -> str | None:
    """The address of the theme's stylesheet, which is another one when the file has changed."""
    path = hunt.theme.get("style.css")
    try:
        return f"/theme/style.css?v={path.stat().st_mtime_ns:x}" if path else None
    except OSError:  # removed since the hunt was read
        return None


def team_view(request: AnyRequest, pages: Pages) -> View:
    """What the team that is logged in sees. Raises NotLoggedIn for everybody else."""
    session = identity_of(request.scope).session
    view = pages.view_of(session) if session else None
    if view is None:
        raise NotLoggedIn
    return view
