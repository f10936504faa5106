"""What the API answers, as the OpenAPI document describes it. The suite holds every answer against these."""

from typing import Annotated, Any, Literal

from litestar import Request
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from msgspec import UNSET, Meta, Struct, UnsetType

from hunt.requests import MAX_ID

Id = Annotated[int, Meta(ge=0)]
Moment = Annotated[str, Meta(description="A time in UTC, as in `2026-01-16T17:00:00.000Z`.")]
Lock = Literal["visible", "unlockable", "unlocked"]
Verdict = Literal["correct", "incorrect", "partial", "canned"]
Step = Literal["unlocked", "running", "completed"]
Mac = Annotated[str, Meta(description="A keyed hash that stands for the log's digest at the id beside it.")]


class ErrorAnswer(Struct):
    """Why a request was refused: `code` for programs, `detail` for people."""

    code: str
    detail: str
    retry_after: Annotated[int, Meta(description="Seconds until it is worth trying again.")] | UnsetType = UNSET
    field: Annotated[str, Meta(description="The input that is to blame.")] | UnsetType = UNSET


class Token(Struct):
    token: str


class Registered(Struct):
    team_id: Id
    token: Annotated[str, Meta(description="Empty for a repetition once the team has another password: log in.")]


class TeamName(Struct):
    id: Id
    username: str
    name: str


class SlotAnswer(Struct):
    slug: str
    is_meta: bool


class InteractionAnswer(Struct):
    title: str
    state: Step
    result: str | UnsetType = UNSET


class RoundAnswer(Struct):
    title: str
    slots: dict[str, SlotAnswer]
    gates: list[str]
    interactions: dict[str, InteractionAnswer]


class SeenPuzzle(Struct):
    title: str
    round: str
    lock: Lock
    stray: bool
    partially_solved: bool
    unlocked_at: Moment | None
    answer: str | UnsetType = UNSET


class TeamState(Struct):
    """Everything that a team may know of where it stands, at the log id `epoch`."""

    epoch: Id
    currency: int
    strong_currency: int
    rounds: dict[str, RoundAnswer]
    puzzles: dict[str, SeenPuzzle]
    gates_satisfied: list[str]


class Me(Struct):
    team: TeamName
    state: TeamState


class LinkAnswer(Struct):
    display: str
    href: str


class PastGuess(Struct):
    id: Id
    canonical_input: str
    verdict: Verdict
    response: str
    link: LinkAnswer | None
    timestamp: Moment


class HintAnswer(Struct):
    id: Id
    question: str
    at: Moment
    answer: str | None
    answered_at: Moment | None


class PuzzleRow(Struct, kw_only=True):
    """A seen puzzle as lists show it."""

    slug: str
    title: str
    href: str
    round: str
    round_title: str
    is_meta: bool
    lock: Lock
    solved: bool
    stray: bool
    partially_solved: bool
    answer: str | None
    unlock_cost: int
    unlocked_at: Moment | None
    unlocked_id: Id | None
    solved_at: Moment | None


class PuzzleAnswer(PuzzleRow, kw_only=True):
    """A seen puzzle, all but its content."""

    answers: list[str]
    answer_cost: int | None
    currency: int
    strong_currency: int
    guesses: list[PastGuess]
    next_guess_at: Moment | None
    opened: list[PuzzleRow]
    hints: list[HintAnswer]
    hints_open: bool
    has_solution: bool
    epoch: Id


class GuessAnswer(Struct):
    id: Id
    canonical_input: str
    verdict: Verdict
    response: str
    duplicate: bool
    epoch: Id
    link: LinkAnswer | UnsetType = UNSET


class Currencies(Struct):
    currency: int
    strong_currency: int


class HintThread(Struct):
    open: bool
    hints: list[HintAnswer]
    epoch: Id


class ActivityEntry(Struct, kw_only=True):
    id: Id
    timestamp: Moment
    type: str
    currency_delta: int
    strong_currency_delta: int
    text: str
    slug: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    href: str | UnsetType = UNSET
    canonical_input: str | UnsetType = UNSET
    verdict: Verdict | UnsetType = UNSET
    response: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET


class SealedHead(Struct):
    id: Id
    mac: Mac


class Activity(Struct):
    entries: list[ActivityEntry]
    head: SealedHead


class Written(Struct):
    """The ids of the first and the last entry that an act wrote, none where nothing changed."""

    ids: Annotated[list[Id], Meta(max_length=2)]
    epoch: Id


class CreatedTeam(Written):
    team_id: Id


class TeamRow(Struct):
    id: Id
    username: str
    name: str
    active: bool
    solved: int
    currency: int
    strong_currency: int


class TeamList(Struct):
    teams: list[TeamRow]
    epoch: Id


class TeamThen(Struct):
    team: TeamRow
    state: TeamState
    epoch: Id


class Row(Struct):
    """A row of the log, with the digest that chains it to the one before."""

    id: Id
    team_id: Id | None
    timestamp: str
    type: str
    slug: str | None
    currency_delta: int
    strong_currency_delta: int
    data: dict[str, Any] | None
    internal_data: dict[str, Any] | None
    digest: str


class Head(Struct):
    id: Id
    digest: str


class Rows(Struct):
    entries: list[Row]
    head: Head


class EndedSession(Struct):
    revocation: Id
    id: str


class OperatorAnswer(Struct):
    id: Id
    username: str
    registered: str


class EndedSessions(Struct):
    """Sessions that ended after `since`, and the operators who may act."""

    ended: list[EndedSession]
    operators: list[OperatorAnswer]
    last: Id


class Alive(Struct):
    status: Literal["ok"]


class Readiness(Struct):
    database: bool
    redis: bool
    log_head: Id | None
    replica_head: Id | None
    feed_head: Id
    waiting_commands: int
    sockets: int
    failed: str | None


class SchemaPlugin(JsonRenderPlugin):
    """The OpenAPI document as JSON, with what Litestar leaves out.

    A body's fields are all that it may have, and an optional number in a query is an id like any other.
    """

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        for path in openapi_schema["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", []):
                    for choice in parameter["schema"].get("oneOf", []):
                        if choice["type"] == "integer":
                            choice |= {"minimum": 0, "maximum": MAX_ID}
                for body in operation.get("requestBody", {}).get("content", {}).values():
                    name = body["schema"]["$ref"].rpartition("/")[2]
                    openapi_schema["components"]["schemas"][name]["additionalProperties"] = False
        return super().render(request, openapi_schema)


_REASONS = {
    401: "Nobody is logged in, or the password is wrong.",
    403: "Not for this account, or sent by another site's page.",
    404: "There is nothing by that name, or the team has not reached it yet.",
    409: "It cannot be done as things stand.",
    421: "The server does not answer for this host.",
    422: "The request has not the documented shape, or a value that cannot be.",
    429: "Too often; `retry_after` says when to come back.",
    503: "The server is too busy, or the database is away; `retry_after` says when to come back.",
}

NO_CONTENT = 204

_ALWAYS = (403, 421, 422, 429, 503)
"""What any operation may answer."""


def answers(body: type[Struct] | None, *errors: int, status: int = 200) -> dict[int, ResponseSpec]:
    """The `responses` of a handler: what it gives with `status`, and the errors that it may answer with.

    Without a body the handler's own annotation says what it gives, and 204 gives nothing.
    """
    described = {code: ResponseSpec(ErrorAnswer, False, _REASONS[code]) for code in sorted({*_ALWAYS, *errors})}
    success = {status: ResponseSpec(body, False, "It was done.")} if body or status == NO_CONTENT else {}
    return {**success, **described}


OPEN: list[dict[str, list[str]]] = [{}]
"""The `security` of an operation for which nobody has to be logged in."""
