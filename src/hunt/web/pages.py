"""The pages that are read."""

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from hunt.front import identity_of
from hunt.game.entries import Entry, stamp
from hunt.game.refusals import NotFound
from hunt.live import values
from hunt.live.datasets import ACTIVITY_PAGE_ENTRIES, View, activity_page, puzzle_value
from hunt.live.values import Value
from hunt.log.source import read_again
from hunt.requests import AnyRequest, OptionalId, account_of, session_of
from hunt.web.common import Pages, team_view
from hunt.web.form import Form
from hunt.web.render import markup


def _stamped(value: Value, pages: Pages) -> Value:
    return value | {"epoch": pages.services.tail.head}


@get("/", name="hub")
async def hub(request: AnyRequest, pages: NamedDependency[Pages]) -> Response[str]:
    """The hub for a team, the front page for everybody else."""
    session = identity_of(request.scope).session
    view = pages.view_of(session) if session else None
    if view is None:
        return _front(request, pages)
    value = _stamped(values.hub(view.hunt, view.state, over=view.is_over), pages)
    return pages.draw(request, "hub.html", view.hunt.title, hub=value)


def _front(request: AnyRequest, pages: Pages) -> Response[str]:
    hunt, now = pages.services.hunt, pages.services.clock()
    phase = "over" if hunt.end and now >= hunt.end else "before" if hunt.start and now < hunt.start else "running"
    front = {
        "title": hunt.title,
        "subtitle": hunt.subtitle,
        "phase": phase,
        "start": hunt.start and stamp(hunt.start),
        "end": hunt.end and stamp(hunt.end),
        "registration_open": hunt.registration == "open",
        "contact": hunt.contact,
    }
    return pages.draw(request, "front.html", hunt.title, front=front)


@get("/rounds/{slug:str}")
async def round_(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Response[str]:
    view = team_view(request, pages)
    if not view.has_round(slug):
        raise NotFound("There is no such round, or your team has not reached it yet.")
    value = _stamped(values.round_page(view.hunt, view.state, slug), pages)
    return pages.draw(request, "round.html", value["title"], round=value | {"html": markup(value["html"])})


@get("/puzzles")
async def all_puzzles(request: AnyRequest, pages: NamedDependency[Pages]) -> Response[str]:
    view = team_view(request, pages)
    value = _stamped(values.all_puzzles(view.hunt, view.state), pages)
    return pages.draw(request, "all_puzzles.html", "All puzzles", all_puzzles=value)


@get("/puzzles/{slug:str}")
async def puzzle(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Response[str]:
    return draw_puzzle(request, slug, pages, Form())


def draw_puzzle(request: AnyRequest, slug: str, pages: Pages, form: Form, status: int = 200) -> Response[str]:
    """The puzzle's page with a form on it as it was sent; a form with an error says which status it had."""
    view = team_view(request, pages)
    view.check_puzzle(slug)
    value = _stamped(puzzle_value(view, slug), pages)
    written = view.hunt.puzzles[slug]
    is_open = value["lock"] == "unlocked"
    return pages.draw(
        request,
        "puzzle.html",
        written.title,
        status=status,
        puzzle=value,
        content=markup(written.html) if is_open else None,
        authors=list(written.authors) if is_open else [],
        form=form,
    )


@get("/puzzles/{slug:str}/solution")
async def solution(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Response[str]:
    view = team_view(request, pages)
    check_solution(view, slug)
    written = view.hunt.puzzles[slug]
    return pages.draw(
        request,
        "solution.html",
        f"Solution of {written.title}",
        puzzle_title=written.title,
        answer=written.answers[0],
        content=markup(written.solution_html),
        hints=[{"about": hint.about, "text": hint.text} for hint in written.hints],
    )


def check_solution(view: View, slug: str) -> None:
    """Raises NotFound unless the team may read this: the hunt is over, or solutions are out and it sees the puzzle."""
    written = view.hunt.puzzles.get(slug)
    is_out = view.is_over or (view.shows_solutions and view.has_puzzle(slug))
    if written is None or not is_out or not written.solution_html:
        raise NotFound("There is no solution to read here yet.")


@get("/activity")
async def activity(request: AnyRequest, pages: NamedDependency[Pages], before: OptionalId = None) -> Response[str]:
    services, account = pages.services, account_of(session_of(request))
    services.reads.check(account)

    async def read() -> tuple[View, int, list[Entry], tuple[int, int]]:
        # All of one history: between two attempts the log may have become another one.
        view, end = team_view(request, pages).fixed(), services.tail.head + 1
        upto = min(before or end, end)
        newest = await services.history.newest(view.team_id, ACTIVITY_PAGE_ENTRIES, upto)
        later = await services.reader.deltas(view.team_id, upto, end) if upto < end else (0, 0)
        return view, end, newest, later

    view, end, newest, later = await read_again(read)
    services.reads.spend(account, len(newest))
    value = activity_page(view, newest, *later) | {"epoch": end - 1}
    return pages.draw(request, "activity.html", "Activity", activity=value)


@get("/team")
async def team(request: AnyRequest, pages: NamedDependency[Pages]) -> Response[str]:
    return await draw_team(request, pages, Form())


async def draw_team(request: AnyRequest, pages: Pages, form: Form, status: int = 200) -> Response[str]:
    """The team's page with a form on it as it was sent."""
    view = team_view(request, pages)
    session = identity_of(request.scope).session
    rows = await pages.services.accounts.devices(session) if session else []
    devices = [
        {"id": row.id, "label": row.label, "created_at": stamp(row.created_at), "current": row.id == session.id}
        for row in rows
        if session
    ]
    value = _stamped(values.team_info(view.state), pages)
    form.values.setdefault("name", view.state.name)
    return pages.draw(request, "team.html", "Team", status=status, team=value, devices=devices, form=form)


@get("/pages/{name:str}")
async def site_page(request: AnyRequest, name: FromPath[str], pages: NamedDependency[Pages]) -> Response[str]:
    written = pages.services.hunt.pages.get(name)
    if written is None:
        raise NotFound
    return pages.draw(request, "page.html", written.title, content=markup(written.html))


router = Router(
    path="/",
    route_handlers=[
        hub,
        round_,
        all_puzzles,
        puzzle,
        solution,
        activity,
        team,
        site_page,
    ],
    include_in_schema=False,
)
