"""What forms post. Everything works without a script: an answer is a page, with the form filled in where it failed."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from hunt.accounts.errors import BadAccount, LoginThrottled, NotAllowed, WrongLogin
from hunt.accounts.passwords import TooManyLogins
from hunt.errors import Fault, fault_of
from hunt.front import identity_of, wrote
from hunt.game import commands as cmd
from hunt.game.refusals import Refused
from hunt.live.values import puzzle_href, round_href
from hunt.log.writer import Overloaded, Unavailable
from hunt.requests import AnyRequest, address, carry_out, device, session_cookie, session_of
from hunt.web.common import Form, Pages, team_view
from hunt.web.pages import draw_puzzle, draw_team

FORESEEN = (
    Refused,
    BadAccount,
    WrongLogin,
    LoginThrottled,
    TooManyLogins,
    NotAllowed,
    Overloaded,
    Unavailable,
)
"""What a form may answer with in its own page."""

CONFLICT = 409

Answer = Response[Any] | Redirect


async def _sent(request: AnyRequest, *names: str) -> dict[str, str]:
    """The named fields of the form, empty where they are missing; line ends as typed on any machine."""
    form = await request.form()
    texts = {name: form.get(name, "") for name in names}
    return {name: text.replace("\r\n", "\n") if isinstance(text, str) else "" for name, text in texts.items()}


async def _fault(work: Awaitable[object]) -> Fault | None:
    """What went wrong with `work`, None when nothing did."""
    try:
        await work
    except FORESEEN as error:
        return fault_of(error)
    return None


# --- accounts


def _safe(path: str) -> str:
    """Where to go after a login: a path of this site, whatever the link said."""
    # Browsers read a backslash as a slash and drop tabs and line ends, so those could hide another host.
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_ours else "/"


@get("/login")
async def login_page(request: AnyRequest, pages: NamedDependency[Pages], next: FromQuery[str] = "/") -> Answer:
    session = identity_of(request.scope).session
    if session and pages.view_of(session):
        return pages.back_to(_safe(next))
    return _draw_login(request, pages, Form(), _safe(next))


def _draw_login(request: AnyRequest, pages: Pages, form: Form, next: str, status: int = 200) -> Response[str]:
    is_open = pages.services.hunt.registration == "open"
    return pages.draw(request, "login.html", "Log in", status=status, form=form, next=next, registration_open=is_open)


@post("/login", status_code=200)
async def login(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "username", "password", "next")
    accounts = pages.services.accounts
    try:
        _, token = await accounts.login(
            "team", sent["username"], sent["password"], address=address(request), label=device(request)
        )
    except FORESEEN as error:
        fault = fault_of(error)
        form = Form.refused({"username": sent["username"]}, fault)
        return _draw_login(request, pages, form, _safe(sent["next"]), fault.status)
    return _logged_in(pages, token, _safe(sent["next"]))


def _logged_in(pages: Pages, token: str, path: str) -> Redirect:
    response = pages.back_to(path)
    response.set_cookie(session_cookie(pages.services, token))
    return response


@get("/register")
async def register_page(request: AnyRequest, pages: NamedDependency[Pages]) -> Response[str]:
    return _draw_register(request, pages, Form())


def _draw_register(request: AnyRequest, pages: Pages, form: Form, status: int = 200) -> Response[str]:
    is_open = pages.services.hunt.registration == "open"
    return pages.draw(request, "register.html", "Register", status=status, form=form, registration_open=is_open)


@post("/register", status_code=200)
async def register(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "username", "name", "password")
    services = pages.services
    kept = {"username": sent["username"], "name": sent["name"]}
    if services.hunt.registration != "open":
        closed = Form(values=kept, error="Registration is closed. Ask headquarters.")
        return _draw_register(request, pages, closed, 403)
    try:
        team_id, done = await services.accounts.register(sent["username"], sent["name"], sent["password"])
        _, token = await services.accounts.start_session("team", team_id, device(request))
    except FORESEEN as error:
        fault = fault_of(error)
        return _draw_register(request, pages, Form.refused(kept, fault), fault.status)
    wrote(request.scope, done.head)
    return _logged_in(pages, token, "/")


@post("/logout", status_code=200)
async def logout(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    session = identity_of(request.scope).session
    if session:
        await pages.services.accounts.logout(session)
    return _logged_in(pages, "", "/login")


@post("/team/password", status_code=200)
async def change_password(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "current", "new")
    session = session_of(request)
    fault = await _fault(pages.services.accounts.change_password(session, sent["current"], sent["new"]))
    if fault is None:
        return pages.back_to("/team", "The password is changed; every other device is logged out.")
    errors = {"new": fault.detail} if fault.field else {"current": "This is not the current password."}
    form = Form(errors=errors) if fault.field or fault.code == "wrong_login" else Form.refused({}, fault)
    return await draw_team(request, pages, form, fault.status)


@post("/team/rename", status_code=200)
async def rename(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "name")
    view = team_view(request, pages)
    fault = await _fault(_change_name(request, pages, view.team_id, sent["name"]))
    if fault is None:
        return pages.back_to("/team", "The team has a new name.")
    return await draw_team(request, pages, Form.refused(sent, fault), fault.status)


async def _change_name(request: AnyRequest, pages: Pages, team_id: int, name: str) -> None:
    done = await pages.services.accounts.rename(team_id, name)
    if done.ids:
        wrote(request.scope, done.head)


@post("/team/logout-others", status_code=200)
async def logout_others(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    await pages.services.accounts.logout_others(session_of(request))
    return pages.back_to("/team", "Every other device is logged out.")


# --- playing


@post("/puzzles/{slug:str}/guess", status_code=200)
async def guess(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "guess")
    team_id = team_view(request, pages).team_id
    try:
        done = await carry_out(request, pages.services, cmd.SubmitGuess(team_id=team_id, slug=slug, text=sent["guess"]))
    except FORESEEN as error:
        return _draw_refused(request, slug, pages, sent, fault_of(error))
    if done.answer is None:
        return pages.back_to(puzzle_href(slug))
    again = " You guessed this before." if done.answer.duplicate else ""
    kind = "ok" if done.answer.verdict == "correct" else "info"
    return pages.back_to(puzzle_href(slug), f"{done.answer.canonical_input}: {done.answer.response}{again}", kind)


async def _play(request: AnyRequest, pages: Pages, command: cmd.TeamCommand, path: str, text: str) -> Redirect:
    """Carry out a command and go on to `path`, where the notice says what came of it."""
    fault = await _fault(carry_out(request, pages.services, command))
    return pages.back_to(path, fault.detail, "error") if fault else pages.back_to(path, text)


def _team_id(request: AnyRequest, pages: Pages) -> int:
    return team_view(request, pages).team_id


@post("/puzzles/{slug:str}/unlock", status_code=200)
async def unlock(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.UnlockPuzzle(team_id=_team_id(request, pages), slug=slug)
    return await _play(request, pages, command, puzzle_href(slug), "Unlocked.")


@post("/puzzles/{slug:str}/buy-answer", status_code=200)
async def buy_answer(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.BuyAnswer(team_id=_team_id(request, pages), slug=slug)
    return await _play(request, pages, command, puzzle_href(slug), "The answer is yours.")


@post("/puzzles/{slug:str}/hint", status_code=200)
async def request_hint(request: AnyRequest, slug: FromPath[str], pages: NamedDependency[Pages]) -> Answer:
    sent = await _sent(request, "question")
    command = cmd.RequestHint(team_id=_team_id(request, pages), slug=slug, question=sent["question"])
    fault = await _fault(carry_out(request, pages.services, command))
    if fault is None:
        return pages.back_to(puzzle_href(slug), "Your question is on its way to headquarters.")
    named = msgspec.structs.replace(fault, field="question")
    return _draw_refused(request, slug, pages, sent, named)


def _draw_refused(request: AnyRequest, slug: str, pages: Pages, sent: dict[str, str], fault: Fault) -> Answer:
    """The form as it was sent, or where the puzzle has no such form any more, the puzzle and why."""
    if fault.status == CONFLICT:
        return pages.back_to(puzzle_href(slug), fault.detail, "error")
    return draw_puzzle(request, slug, pages, Form.refused(sent, fault), fault.status)


@post("/currency/exchange", status_code=200)
async def exchange(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.ExchangeCurrency(team_id=_team_id(request, pages))
    return await _play(request, pages, command, "/", "A clue was exchanged for keys.")


@post("/interactions/{id:str}/start", status_code=200)
async def start_interaction(request: AnyRequest, id: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    command = cmd.StartInteraction(team_id=_team_id(request, pages), id=id)
    return await _play(request, pages, command, _page_of(request, pages, id), "It has begun.")


@post("/interactions/{id:str}/complete", status_code=200)
async def complete_interaction(request: AnyRequest, id: FromPath[str], pages: NamedDependency[Pages]) -> Redirect:
    sent = await _sent(request, "result")
    command = cmd.CompleteInteraction(team_id=_team_id(request, pages), id=id, result=sent["result"] or None)
    return await _play(request, pages, command, _page_of(request, pages, id), "Done.")


def _page_of(request: AnyRequest, pages: Pages, interaction_id: str) -> str:
    """The page that shows an interaction: its round's, or the hub where the team has not reached that."""
    view = team_view(request, pages)
    for round_ in view.hunt.rounds:
        if any(each.id == interaction_id for each in round_.interactions) and view.has_round(round_.slug):
            return round_href(round_.slug)
    return "/"
