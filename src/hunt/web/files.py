"""Files of the hunt and its theme, each to those who may have it.

An author's HTML file may run scripts, so it gets no session: a browser that opens one is sent to an address with a
ticket. What is served there runs in a sandbox with an opaque origin, to which browsers send no cookies; the ticket in
the address is what gives the page its own scripts, styles and data.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Struct, ValidationError, convert, to_builtins
from starlette.responses import RedirectResponse

from hunt.content.addresses import file_href, href
from hunt.game.refusals import NotFound
from hunt.live.datasets import View
from hunt.requests import AnyRequest
from hunt.services import Services
from hunt.web.common import Pages, team_view
from hunt.web.file_answers import file_answer, media_type
from hunt.web.pages import check_solution

FOLDER_OF = {"puzzles": ("puzzles", "assets"), "solutions": ("puzzles", "solution"), "rounds": ("rounds", "assets")}
"""What stands before and after the slug in the address of each place."""

TICKET_SECONDS = 24 * 3600
"""How long the address of an author's HTML page works by itself; after that it leads to where a login is asked for."""

PAGE_PARTS = 3
"""Of the path of a puzzle's or a round's page: nothing, the kind, the slug."""

# Pages name the version in the address, so what is there never changes.
THEME_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}

ASSET_HEADERS = {
    "cache-control": "private, max-age=300",
    # A picture may carry its own style; a script in it stays dead.
    "content-security-policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; sandbox",
}

PDF_HEADERS = {
    "cache-control": "private, max-age=300",
    # Some browsers show no PDF in a sandbox. Their viewers are apart from our origin anyway.
    "content-security-policy": "frame-ancestors 'none'",
}

SANDBOX_HEADERS = {
    "cache-control": "private, max-age=300",
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'; "
        "sandbox allow-scripts allow-modals allow-pointer-lock allow-popups allow-downloads"
    ),
    # The page's origin is opaque, so its own files count as another site's. No cookie opens this address.
    "access-control-allow-origin": "*",
}

HTML_TYPES = {"text/html", "application/xhtml+xml"}

Place = Literal["puzzles", "solutions", "rounds"]
"""Whose files: a puzzle's assets, those of its solution, or a round's assets."""


class Ticket(Struct, frozen=True, array_like=True):
    """Lets who holds it read the files of one place, as the team that it was given to."""

    team_id: int
    registered: str
    place: Place
    slug: str


def _tickets(services: Services) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services.settings.secret_key, salt="author's page")


def _files(view: View, place: Place, slug: str) -> dict[str, Path]:
    """The files of a place by name. Raises NotFound where the team may not have them."""
    match place:
        case "puzzles":
            if not view.has_puzzle(slug) or view.state.puzzle(slug).unlocked is None:
                raise NotFound
            return view.hunt.puzzles[slug].assets
        case "solutions":
            check_solution(view, slug)
            return view.hunt.puzzles[slug].solution_assets
        case "rounds":
            if slug not in view.state.rounds or slug not in view.hunt.round:
                raise NotFound
            return view.hunt.round[slug].assets


def _answer(request: AnyRequest, pages: Pages, place: Place, slug: str, name: str) -> ASGIApp:
    """A file for the team that is logged in; a browser that opens an HTML file is sent to its sandbox."""
    view, name = team_view(request, pages), name.lstrip("/")
    path = _files(view, place, slug).get(name)
    if media_type(name) not in HTML_TYPES:
        headers = PDF_HEADERS if media_type(name) == "application/pdf" else ASSET_HEADERS
        return file_answer(path, headers, view.team_id)
    if path is not None and "text/html" in request.headers.get("accept", ""):
        ticket = Ticket(view.team_id, pages.services.guard.registered(view.team_id), place, slug)
        return _redirect(file_href(f"/sandbox/{_tickets(pages.services).dumps(to_builtins(ticket))}/", name))
    return file_answer(path, {**ASSET_HEADERS, "vary": "accept"}, view.team_id)


def _address(place: Place, slug: str, name: str) -> str:
    kind, folder = FOLDER_OF[place]
    return file_href(f"{href(kind, slug, folder)}/", name)


def _redirect(address: str) -> ASGIApp:
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})  # type: ignore[return-value] # Litestar has ASGI types of its own


@get("/puzzles/{slug:str}/assets/{name:path}")
async def puzzle_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> ASGIApp:
    return _answer(request, pages, "puzzles", slug, name)


@get("/puzzles/{slug:str}/solution/{name:path}")
async def solution_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> ASGIApp:
    return _answer(request, pages, "solutions", slug, name)


@get("/rounds/{slug:str}/assets/{name:path}")
async def round_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> ASGIApp:
    return _answer(request, pages, "rounds", slug, name)


@get(["/puzzles/assets/{name:path}", "/rounds/assets/{name:path}"])
async def asset_of_the_page(request: AnyRequest, name: FromPath[str]) -> ASGIApp:
    """Where `assets/x` leads from a script on the page `/puzzles/<slug>`: that page is the referrer."""
    kind = request.url.path.split("/")[1]
    try:
        page = urlsplit(request.headers.get("referer", "")).path.split("/")
    except ValueError:  # half an IPv6 address
        raise NotFound from None
    if len(page) != PAGE_PARTS or page[1] != kind:
        raise NotFound
    return _redirect(file_href(f"/{kind}/{page[2]}/assets/", name.lstrip("/")))


@get("/sandbox/{ticket:str}/{name:path}")
async def sandboxed(ticket: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]) -> ASGIApp:
    """A file for who holds a ticket, without a session. An old ticket leads to where a login is asked for."""
    name = name.lstrip("/")
    try:
        signed, given_at = _tickets(pages.services).loads(ticket, return_timestamp=True)
        holder = convert(signed, Ticket)
    except (BadSignature, ValidationError):
        raise NotFound from None
    if (pages.services.clock() - given_at).total_seconds() > TICKET_SECONDS:
        return _redirect(_address(holder.place, holder.slug, name))
    guard = pages.services.guard
    if not guard.is_active_team(holder.team_id) or guard.registered(holder.team_id) != holder.registered:
        raise NotFound
    view = pages.services.hub.shared.view(holder.team_id)
    return file_answer(_files(view, holder.place, holder.slug).get(name), SANDBOX_HEADERS, view.team_id)


@get("/theme/style.css")
async def theme_style(pages: NamedDependency[Pages]) -> ASGIApp:
    return file_answer(pages.services.hunt.theme.get("style.css"), THEME_HEADERS)


@get("/theme/accent.css", media_type=MediaType.CSS)
async def accent(pages: NamedDependency[Pages]) -> Response[str]:
    """The hunt's own colour, in the one variable that the stylesheet takes it from."""
    colour = pages.services.hunt.accent or "inherit"
    return Response(f":root {{ --accent: {colour}; }}\n", media_type=MediaType.CSS, headers=THEME_HEADERS)


router = Router(
    path="/",
    route_handlers=[
        puzzle_asset,
        solution_asset,
        round_asset,
        asset_of_the_page,
        sandboxed,
        theme_style,
        accent,
    ],
    include_in_schema=False,
)
