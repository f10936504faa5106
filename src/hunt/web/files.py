"""Files: our own, the theme's, and the hunt's, each to those who may have it."""

from pathlib import Path

from litestar import MediaType, Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import File
from litestar.static_files import create_static_files_router

from hunt.game.refusals import NotFound
from hunt.requests import AnyRequest
from hunt.web.common import Pages, team_view
from hunt.web.pages import check_solution
from hunt.web.render import STATIC

STATIC_SECONDS = 365 * 24 * 3600
"""Static files have the build in their address, so they never change."""

ASSET_HEADERS = {
    "cache-control": "private, max-age=300",
    # A picture may carry its own style; a script in it stays dead.
    "content-security-policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; sandbox",
}


def _file(files: dict[str, Path], name: str) -> File:
    path = files.get(name.lstrip("/"))
    if path is None or not path.is_file():
        raise NotFound
    return File(path=path, filename=path.name, content_disposition_type="inline", headers=ASSET_HEADERS)


@get("/puzzles/{slug:str}/assets/{name:path}")
async def puzzle_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> File:
    view = team_view(request, pages)
    if not view.has_puzzle(slug) or view.state.puzzle(slug).unlocked is None:
        raise NotFound
    return _file(view.hunt.puzzles[slug].assets, name)


@get("/puzzles/{slug:str}/solution/{name:path}")
async def solution_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> File:
    view = team_view(request, pages)
    check_solution(view, slug)
    return _file(view.hunt.puzzles[slug].solution_assets, name)


@get("/rounds/{slug:str}/assets/{name:path}")
async def round_asset(
    request: AnyRequest, slug: FromPath[str], name: FromPath[str], pages: NamedDependency[Pages]
) -> File:
    view = team_view(request, pages)
    if slug not in view.state.rounds or slug not in view.hunt.round:
        raise NotFound
    return _file(view.hunt.round[slug].assets, name)


@get("/theme/style.css", media_type=MediaType.CSS)
async def theme_style(pages: NamedDependency[Pages]) -> File:
    path = pages.services.hunt.root / "theme" / "style.css"
    if not path.is_file():
        raise NotFound
    return File(path=path, filename="style.css", content_disposition_type="inline")


@get("/theme/accent.css", media_type=MediaType.CSS)
async def accent(pages: NamedDependency[Pages]) -> Response[str]:
    """The hunt's own colour, in the one variable that the stylesheet takes it from."""
    colour = pages.services.hunt.accent or "inherit"
    return Response(f":root {{ --accent: {colour}; }}\n", media_type=MediaType.CSS)


def static_files(build: str) -> Router:
    return create_static_files_router(
        path=f"/static/{build}",
        directories=[STATIC],
        cache_control=CacheControlHeader(max_age=STATIC_SECONDS, immutable=True, public=True),
        include_in_schema=False,
        name="static",
    )


router = Router(
    path="/",
    route_handlers=[
        puzzle_asset,
        solution_asset,
        round_asset,
        theme_style,
        accent,
    ],
    include_in_schema=False,
)
