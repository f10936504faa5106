"""What forms about accounts post: logging in and out, registering, the team's own page."""

from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from hunt.errors import FORESEEN, fault_of
from hunt.front import identity_of, wrote
from hunt.http.own_pages import BY_COOKIE
from hunt.requests import FORGET, AnyRequest, address, device_of, label, login_cookies, session_cookie, session_of
from hunt.web.common import Pages, team_view
from hunt.web.form import Answer, Form, fault_in, read_form
from hunt.web.pages import draw_team


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


@post("/login", status_code=200, opt={BY_COOKIE: False})
async def login(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "username", "password", "next")
    accounts = pages.services.accounts
    try:
        session, token = await accounts.login(
            "team",
            sent["username"],
            sent["password"],
            address=address(request),
            label=label(request),
            device=device_of(request, pages.services),
        )
    except FORESEEN as error:
        fault = fault_of(error)
        form = Form.refused({"username": sent["username"]}, fault)
        return _draw_login(request, pages, form, _safe(sent["next"]), fault.status)
    return _with_cookies(pages.back_to(_safe(sent["next"])), login_cookies(request, pages.services, session, token))


def _with_cookies(response: Redirect, cookies: list[Cookie]) -> Redirect:
    for cookie in cookies:
        response.set_cookie(cookie)
    return response


@get("/register")
async def register_page(request: AnyRequest, pages: NamedDependency[Pages]) -> Response[str]:
    return _draw_register(request, pages, Form())


def _draw_register(request: AnyRequest, pages: Pages, form: Form, status: int = 200) -> Response[str]:
    is_open = pages.services.hunt.registration == "open"
    return pages.draw(request, "register.html", "Register", status=status, form=form, registration_open=is_open)


@post("/register", status_code=200, opt={BY_COOKIE: False})
async def register(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "username", "name", "password")
    try:
        _, session, token, done = await pages.services.accounts.sign_up(
            sent["username"], sent["name"], sent["password"], address=address(request), label=label(request)
        )
    except FORESEEN as error:
        fault = fault_of(error)
        form = Form.refused({"username": sent["username"], "name": sent["name"]}, fault)
        return _draw_register(request, pages, form, fault.status)
    wrote(request.scope, done.head)
    if session is None:  # headquarters have set another password since
        return pages.back_to("/login")
    return _with_cookies(pages.back_to("/"), login_cookies(request, pages.services, session, token))


@post("/logout", status_code=200)
async def logout(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    session = identity_of(request.scope).session
    if session:
        await pages.services.accounts.logout(session, address(request))
    response = _with_cookies(pages.back_to("/login"), [session_cookie(pages.services, "")])
    response.headers.update(FORGET)
    return response


@post("/team/password", status_code=200)
async def change_password(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "current", "new")
    session = session_of(request)
    fault = await fault_in(
        pages.services.accounts.change_password(session, sent["current"], sent["new"], address=address(request))
    )
    if fault is None:
        return pages.back_to("/team", "The password is changed; every other device is logged out.")
    errors = {"new": fault.detail} if fault.field else {"current": "This is not the current password."}
    form = Form(errors=errors) if fault.field or fault.code == "wrong_login" else Form.refused({}, fault)
    return await draw_team(request, pages, form, fault.status)


@post("/team/rename", status_code=200)
async def rename(request: AnyRequest, pages: NamedDependency[Pages]) -> Answer:
    sent = await read_form(request, "name")
    team_view(request, pages)
    fault = await fault_in(_change_name(request, pages, sent["name"]))
    if fault is None:
        return pages.back_to("/team", "The team has a new name.")
    return await draw_team(request, pages, Form.refused(sent, fault), fault.status)


async def _change_name(request: AnyRequest, pages: Pages, name: str) -> None:
    done = await pages.services.accounts.rename_own(session_of(request), name)
    if done.ids:
        wrote(request.scope, done.head)


@post("/team/logout-others", status_code=200)
async def logout_others(request: AnyRequest, pages: NamedDependency[Pages]) -> Redirect:
    await pages.services.accounts.logout_others(session_of(request))
    return pages.back_to("/team", "Every other device is logged out.")


router = Router(
    path="/",
    route_handlers=[
        login_page,
        login,
        register_page,
        register,
        logout,
        change_password,
        rename,
        logout_others,
    ],
    include_in_schema=False,
)
