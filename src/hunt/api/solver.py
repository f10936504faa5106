"""What a team's own programs and pages ask for."""

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody, QueryParameter

from hunt.accounts.sessions import Kind
from hunt.api.answers import (
    OPEN,
    Activity,
    Currencies,
    GuessAnswer,
    HintThread,
    Me,
    PuzzleAnswer,
    Registered,
    TeamState,
    Token,
    answers,
)
from hunt.api.common import Json, Shape
from hunt.front import wrote
from hunt.game import commands as cmd
from hunt.game.entries import Entry
from hunt.game.view import team_state
from hunt.http.own_pages import BY_COOKIE
from hunt.http.shapes import UNREADABLE, explain_json
from hunt.live.activity import activity_entry, is_shown
from hunt.live.datasets import View, puzzle_value
from hunt.live.turns import in_turns
from hunt.live.values import Value
from hunt.log.source import read_again
from hunt.requests import (
    FORGET,
    AnyRequest,
    LogId,
    account_of,
    address,
    carry_out,
    device_of,
    label,
    login_cookies,
    repeatable,
    session_cookie,
    session_of,
    team_session,
)
from hunt.services import Services


class Login(Shape):
    username: str
    password: str


class Registration(Shape):
    username: str
    name: str
    password: str


class GuessBody(Shape):
    guess: str


class Question(Shape):
    question: str


class Completion(Shape):
    result: str | None = None


@post("/login", status_code=200, opt={BY_COOKIE: False}, security=OPEN, responses=answers(Token, 401))
async def login(request: AnyRequest, data: JSONBody[Login], services: NamedDependency[Services]) -> Response[Json]:
    return await log_in(request, "team", data, services)


async def log_in(request: AnyRequest, kind: Kind, data: Login, services: Services) -> Response[Json]:
    """The answer to a login that succeeds."""
    session, token = await services.accounts.login(
        kind,
        data.username,
        data.password,
        address=address(request),
        label=label(request),
        device=device_of(request, services),
    )
    return Response({"token": token}, cookies=login_cookies(request, services, session, token))


@post("/logout", status_code=204, responses=answers(None, 401, status=204))
async def logout(request: AnyRequest, services: NamedDependency[Services]) -> Response[None]:
    await services.accounts.logout(session_of(request), address(request))
    return Response(None, status_code=204, headers=FORGET, cookies=[session_cookie(services, "")])


@post(
    "/register", status_code=201, opt={BY_COOKIE: False}, security=OPEN, responses=answers(Registered, 409, status=201)
)
async def register(
    request: AnyRequest, data: JSONBody[Registration], services: NamedDependency[Services]
) -> Response[Json]:
    team_id, session, token, done = await services.accounts.sign_up(
        data.username,
        data.name,
        data.password,
        address=address(request),
        label=label(request),
        request=await repeatable(request),
    )
    wrote(request.scope, done.head)
    cookies = login_cookies(request, services, session, token) if session else []
    return Response({"team_id": team_id, "token": token}, status_code=201, cookies=cookies)


def state_of(services: Services, team_id: int) -> Json:
    state = services.tail.board.teams[team_id]
    return {"epoch": services.tail.head, **team_state(services.hunt, state)}


@get("/me", responses=answers(Me, 401))
async def me(request: AnyRequest, services: NamedDependency[Services]) -> Json:
    team_id = team_session(request).account_id
    state = services.tail.board.teams[team_id]
    team = {"id": team_id, "username": state.username, "name": state.name}
    return {"team": team, "state": state_of(services, team_id)}


def seen_puzzle(services: Services, team_id: int, slug: str) -> Value:
    """The dataset `puzzle` as it is now; NotFound alike for one that is locked and one that does not exist."""
    view = services.hub.shared.view(team_id)
    view.check_puzzle(slug)
    return {**puzzle_value(view, slug), "epoch": services.tail.head}


@get("/puzzles/{slug:str}", responses=answers(PuzzleAnswer, 401, 404))
async def puzzle(request: AnyRequest, slug: FromPath[str], services: NamedDependency[Services]) -> Value:
    return seen_puzzle(services, team_session(request).account_id, slug)


@post("/puzzles/{slug:str}/guesses", status_code=200, responses=answers(GuessAnswer, 401, 404, 409))
async def guess(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[GuessBody], services: NamedDependency[Services]
) -> Json:
    team_id = team_session(request).account_id
    done = await carry_out(request, services, cmd.SubmitGuess(team_id=team_id, slug=slug, text=data.guess))
    answer: Json = msgspec.to_builtins(done.answer)
    if answer["link"] is None:
        del answer["link"]
    return answer | {"epoch": done.head}


@post("/puzzles/{slug:str}/unlock", status_code=200, responses=answers(PuzzleAnswer, 401, 404, 409))
async def unlock(request: AnyRequest, slug: FromPath[str], services: NamedDependency[Services]) -> Value:
    team_id = team_session(request).account_id
    await carry_out(request, services, cmd.UnlockPuzzle(team_id=team_id, slug=slug))
    return seen_puzzle(services, team_id, slug)


@post("/puzzles/{slug:str}/buy-answer", status_code=200, responses=answers(PuzzleAnswer, 401, 404, 409))
async def buy_answer(request: AnyRequest, slug: FromPath[str], services: NamedDependency[Services]) -> Value:
    team_id = team_session(request).account_id
    await carry_out(request, services, cmd.BuyAnswer(team_id=team_id, slug=slug))
    return seen_puzzle(services, team_id, slug)


@post("/currency/exchange", status_code=200, responses=answers(Currencies, 401, 409))
async def exchange(request: AnyRequest, services: NamedDependency[Services]) -> Json:
    team_id = team_session(request).account_id
    await carry_out(request, services, cmd.ExchangeCurrency(team_id=team_id))
    state = services.tail.board.teams[team_id]
    return {"currency": state.currency, "strong_currency": state.strong_currency}


@get("/puzzles/{slug:str}/hints", responses=answers(HintThread, 401, 404))
async def hints(request: AnyRequest, slug: FromPath[str], services: NamedDependency[Services]) -> Json:
    value = seen_puzzle(services, team_session(request).account_id, slug)
    return {"open": value["hints_open"], "hints": value["hints"], "epoch": value["epoch"]}


@post("/puzzles/{slug:str}/hints", status_code=201, responses=answers(HintThread, 401, 404, 409, status=201))
async def request_hint(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[Question], services: NamedDependency[Services]
) -> Json:
    team_id = team_session(request).account_id
    await carry_out(request, services, cmd.RequestHint(team_id=team_id, slug=slug, question=data.question))
    value = seen_puzzle(services, team_id, slug)
    return {"open": value["hints_open"], "hints": value["hints"], "epoch": value["epoch"]}


@post("/interactions/{id:str}/start", status_code=200, responses=answers(TeamState, 401, 404, 409))
async def start_interaction(request: AnyRequest, id: FromPath[str], services: NamedDependency[Services]) -> Json:
    team_id = team_session(request).account_id
    await carry_out(request, services, cmd.StartInteraction(team_id=team_id, id=id))
    return state_of(services, team_id)


@post("/interactions/{id:str}/complete", status_code=200, responses=answers(TeamState, 401, 404, 409))
async def complete_interaction(request: AnyRequest, id: FromPath[str], services: NamedDependency[Services]) -> Json:
    team_id = team_session(request).account_id
    body = await request.body()
    try:
        data = msgspec.json.decode(body, type=Completion) if body.strip() else Completion()
    except UNREADABLE as error:
        raise HTTPException(status_code=422, detail=explain_json(error, Completion, "The body")) from None
    await carry_out(request, services, cmd.CompleteInteraction(team_id=team_id, id=id, result=data.result))
    return state_of(services, team_id)


@get("/activity", responses=answers(Activity, 401))
async def activity(
    request: AnyRequest,
    services: NamedDependency[Services],
    since: LogId = 0,
    limit: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> Json:
    session = team_session(request)
    team_id, account = session.account_id, account_of(session)
    services.reads.check(account)
    shared = services.hub.shared

    async def read() -> tuple[View, int, str, list[Entry]]:
        # All of one history: between two attempts the log may have become another one.
        view, head, mac = shared.view(team_id), services.tail.head, shared.head_mac()
        where = partial(is_shown, view.state)
        return view, head, mac, await services.history.stored(team_id, since, head, limit=limit, where=where)

    view, head, mac, entries = await read_again(read)
    services.reads.spend(account, len(entries))
    shown = [activity_entry(view.hunt, entry) async for entry in in_turns(entries)]
    return {"entries": shown, "head": {"id": head, "mac": mac}}


router = Router(
    path="/api",
    route_handlers=[
        login,
        logout,
        register,
        me,
        puzzle,
        guess,
        unlock,
        buy_answer,
        exchange,
        hints,
        request_hint,
        start_interaction,
        complete_interaction,
        activity,
    ],
)
