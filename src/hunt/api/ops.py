"""What headquarters does, as JSON under `/api/ops`. Each act says in the log who did it."""

from typing import Annotated, Any, Literal

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from hunt.api.answers import OPEN, CreatedTeam, TeamList, TeamThen, Token, Written, answers
from hunt.api.common import Json, Shape, written
from hunt.api.solver import Login, log_in
from hunt.front import wrote
from hunt.game import commands as cmd
from hunt.game.refusals import NotFound
from hunt.game.state import InteractionStep, TeamState
from hunt.game.view import team_state
from hunt.http.own_pages import BY_COOKIE
from hunt.log.source import read_again
from hunt.requests import AnyRequest, OptionalId, actor, operator_session, repeatable
from hunt.services import Services

Teams = list[int] | Literal["all"]

MAX_HOURS = 10_000
"""More than a year; integers without bounds would not survive every reader of the log."""

MAX_REQUEST_ID = 128
"""Characters of X-Request-Id that are kept with an act."""

_STEPS: dict[str, InteractionStep] = {"unlock": "unlocked", "start": "running", "complete": "completed"}


class Whom(Shape):
    teams: Teams


class Money(Shape):
    teams: Teams
    amount: int
    kind: Literal["keys", "clues"] = "keys"
    force: bool = False


class Hints(Shape):
    teams: Teams
    after_hours: Annotated[int, Meta(ge=0, le=MAX_HOURS)] = 0


class Move(Shape):
    teams: Teams
    result: str | None = None


class NewTeam(Shape):
    username: str
    name: str
    password: str


class TeamEdit(Shape):
    name: str


class NewPassword(Shape):
    password: str


def _of(teams: Teams) -> tuple[int, ...] | None:
    return None if teams == "all" else tuple(teams)


def _who(request: AnyRequest, services: Services) -> dict[str, Any]:
    """The `internal_data` of an act."""
    by = {"operator": actor(request, services).name}
    request_id = request.headers.get("x-request-id")
    return by | ({"request_id": request_id[:MAX_REQUEST_ID]} if request_id else {})


async def _act(request: AnyRequest, services: Services, act: cmd.Act) -> Json:
    internal_data = _who(request, services)
    done = await services.writer.submit(act, internal_data=internal_data, request=await repeatable(request))
    return written(request, done)


@post("/login", status_code=200, opt={BY_COOKIE: False}, security=OPEN, responses=answers(Token, 401))
async def login(request: AnyRequest, data: JSONBody[Login], services: NamedDependency[Services]) -> Response[Json]:
    return await log_in(request, "operator", data, services)


@post("/gates/{id:str}/satisfy", status_code=200, responses=answers(Written, 401, 404, 409))
async def satisfy_gate(
    request: AnyRequest, id: FromPath[str], data: JSONBody[Whom], services: NamedDependency[Services]
) -> Json:
    return await _act(request, services, cmd.SatisfyGate(teams=_of(data.teams), id=id))


@post("/currency", status_code=200, responses=answers(Written, 401, 404, 409))
async def currency(request: AnyRequest, data: JSONBody[Money], services: NamedDependency[Services]) -> Json:
    keys, clues = (data.amount, 0) if data.kind == "keys" else (0, data.amount)
    return await _act(request, services, cmd.Grant(teams=_of(data.teams), keys=keys, clues=clues, force=data.force))


@post("/puzzles/{slug:str}/unlock", status_code=200, responses=answers(Written, 401, 404, 409))
async def unlock(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[Whom], services: NamedDependency[Services]
) -> Json:
    return await _act(request, services, cmd.OpenPuzzle(teams=_of(data.teams), slug=slug))


@post("/puzzles/{slug:str}/solve", status_code=200, responses=answers(Written, 401, 404, 409))
async def solve(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[Whom], services: NamedDependency[Services]
) -> Json:
    return await _act(request, services, cmd.SolvePuzzle(teams=_of(data.teams), slug=slug))


@post("/puzzles/{slug:str}/reset-rate-limit", status_code=200, responses=answers(Written, 401, 404, 409))
async def reset_rate_limit(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[Whom], services: NamedDependency[Services]
) -> Json:
    return await _act(request, services, cmd.ResetRateLimit(teams=_of(data.teams), slug=slug))


@post("/puzzles/{slug:str}/hints/open", status_code=200, responses=answers(Written, 401, 404, 409))
async def open_hints(
    request: AnyRequest, slug: FromPath[str], data: JSONBody[Hints], services: NamedDependency[Services]
) -> Json:
    command = cmd.OpenHints(teams=_of(data.teams), slug=slug, after_hours=data.after_hours)
    return await _act(request, services, command)


@post("/interactions/{id:str}/{step:str}", status_code=200, responses=answers(Written, 401, 404, 409))
async def move_interaction(
    request: AnyRequest,
    id: FromPath[str],
    step: FromPath[str],
    data: JSONBody[Move],
    services: NamedDependency[Services],
) -> Json:
    to = _STEPS.get(step)
    if to is None:
        raise NotFound
    command = cmd.MoveInteraction(teams=_of(data.teams), id=id, to=to, result=data.result)
    return await _act(request, services, command)


@post("/teams", status_code=201, responses=answers(CreatedTeam, 401, 409, status=201))
async def create_team(request: AnyRequest, data: JSONBody[NewTeam], services: NamedDependency[Services]) -> Json:
    team_id, done = await services.accounts.register(
        data.username,
        data.name,
        data.password,
        internal_data=_who(request, services),
        request=await repeatable(request),
    )
    return {"team_id": team_id, **written(request, done)}


@post("/teams/{team_id:int}", status_code=200, responses=answers(Written, 401, 404, 409))
async def edit_team(
    request: AnyRequest, team_id: FromPath[int], data: JSONBody[TeamEdit], services: NamedDependency[Services]
) -> Json:
    who = _who(request, services)
    _existing(services, team_id)
    done = await services.accounts.rename(team_id, data.name, who, request=await repeatable(request))
    return written(request, done)


@post("/teams/{team_id:int}/deactivate", status_code=200, responses=answers(Written, 401, 404, 409))
async def deactivate(request: AnyRequest, team_id: FromPath[int], services: NamedDependency[Services]) -> Json:
    return await _set_active(request, services, team_id, active=False)


@post("/teams/{team_id:int}/reactivate", status_code=200, responses=answers(Written, 401, 404, 409))
async def reactivate(request: AnyRequest, team_id: FromPath[int], services: NamedDependency[Services]) -> Json:
    return await _set_active(request, services, team_id, active=True)


async def _set_active(request: AnyRequest, services: Services, team_id: int, *, active: bool) -> Json:
    who = _who(request, services)
    _existing(services, team_id)
    done = await services.accounts.set_active(
        team_id, active=active, internal_data=who, request=await repeatable(request)
    )
    return written(request, done)


@post("/teams/{team_id:int}/set-password", status_code=200, responses=answers(Written, 401, 404, 409))
async def set_password(
    request: AnyRequest, team_id: FromPath[int], data: JSONBody[NewPassword], services: NamedDependency[Services]
) -> Json:
    by = actor(request, services)
    _existing(services, team_id)
    await services.accounts.set_password("team", team_id, data.password, by=by)
    wrote(request.scope, services.tail.head)
    return {"ids": [], "epoch": services.tail.head}


@get("/teams", responses=answers(TeamList, 401))
async def teams(request: AnyRequest, services: NamedDependency[Services]) -> Json:
    operator_session(request)
    board = services.tail.board
    rows = [_team(board.teams[team_id]) for team_id in sorted(board.teams)]
    return {"teams": rows, "epoch": services.tail.head}


@get("/teams/{team_id:int}", responses=answers(TeamThen, 401, 404))
async def team(
    request: AnyRequest, team_id: FromPath[int], services: NamedDependency[Services], at: OptionalId = None
) -> Json:
    operator_session(request)
    state, epoch = _existing(services, team_id), services.tail.head
    if at is not None and at < epoch:
        state, epoch = await read_again(lambda: services.history.state_at(team_id, at)), at
    shown = {"epoch": epoch, **team_state(services.hunt, state)}
    return {"team": _team(state), "state": shown, "epoch": epoch}


def _existing(services: Services, team_id: int) -> TeamState:
    state = services.tail.board.teams.get(team_id)
    if state is None:
        raise NotFound(f"There is no team with the id {team_id}.")
    return state


def _team(state: TeamState) -> Json:
    return {
        "id": state.team_id,
        "username": state.username,
        "name": state.name,
        "active": state.active,
        "solved": sum(puzzle.solved is not None for puzzle in state.puzzles.values()),
        "currency": state.currency,
        "strong_currency": state.strong_currency,
    }


router = Router(
    path="/api/ops",
    route_handlers=[
        login,
        satisfy_gate,
        currency,
        unlock,
        solve,
        reset_rate_limit,
        open_hints,
        move_interaction,
        create_team,
        edit_team,
        deactivate,
        reactivate,
        set_password,
        teams,
        team,
    ],
)
