"""What other processes and the people who run the server ask for: the log, ended sessions, health, metrics."""

import asyncio
import ipaddress
from collections.abc import Sequence

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from hunt.accounts.errors import NotAllowed, NotLoggedIn
from hunt.api.answers import OPEN, Alive, EndedSessions, Readiness, Rows, answers
from hunt.api.common import Json
from hunt.front import identity_of
from hunt.log.lines import Line, line_of
from hunt.log.source import LogAway, read_again
from hunt.metrics import REGISTRY
from hunt.requests import AnyRequest, Limit, LogId, OptionalId, account_of, address
from hunt.services import BaseServices, Services

LOG_PAGE_ENTRIES = 500
MAX_LOG_PAGE_ENTRIES = 1_000

DATABASE_SECONDS = 2.0
"""How long a health check waits for SQL."""


def _check_insider(request: AnyRequest) -> None:
    """Raises unless an operator or a service asks."""
    who = identity_of(request.scope)
    if who.by == "service" or (who.session and who.session.kind == "operator"):
        return
    raise NotAllowed if who.session else NotLoggedIn


@get("/api/log", media_type=MediaType.JSON, responses=answers(Rows, 401))
async def log(
    request: AnyRequest,
    services: NamedDependency[Services],
    *,
    since: LogId = 0,
    limit: Limit = LOG_PAGE_ENTRIES,
    team_id: OptionalId = None,
    before: OptionalId = None,
) -> Response[bytes]:
    _check_insider(request)
    session = identity_of(request.scope).session
    if session:
        services.reads.check(account_of(session))
    reader, limit = services.reader, min(limit, MAX_LOG_PAGE_ENTRIES)

    async def read() -> tuple[Sequence[Line], tuple[int, str]]:
        if before is not None:
            lines = list(map(line_of, await reader.newest(team_id, limit, before)))
        elif team_id is not None:
            lines = list(map(line_of, await reader.entries(since, limit, team_id)))
        else:  # what `live` processes read, a thousand at a time
            lines = await reader.lines(since, limit)
        return lines, await reader.head()

    lines, (head, digest) = await read_again(read)
    if session:
        services.reads.spend(account_of(session), len(lines))
    rows = b",".join(line.body for line in lines)
    body = b'{"entries":[%b],"head":{"id":%d,"digest":"%b"}}' % (rows, head, digest.encode())
    return Response(body, media_type=MediaType.JSON)


@get("/api/sessions", responses=answers(EndedSessions, 401))
async def sessions(request: AnyRequest, services: NamedDependency[Services], since: LogId = 0) -> Json:
    who = identity_of(request.scope)
    if who.by != "service":
        raise NotAllowed("This is for the server's own processes.") if who.session else NotLoggedIn
    access = await services.guard.read_access(since)
    body: Json = msgspec.to_builtins(access)
    return body | {"last": access.ended[-1].revocation if access.ended else since}


@get("/health/live", security=OPEN, responses=answers(Alive))
async def live() -> Json:
    return {"status": "ok"}


@get("/health/ready", security=OPEN, responses=answers(Readiness) | {503: ResponseSpec(Readiness, False, "Not ready.")})
async def ready(services: NamedDependency[BaseServices]) -> Response[Json]:
    replica = await services.replica.status()
    log_head = await _log_head(services)
    body = {
        "database": log_head is not None,
        "redis": replica.available,
        "log_head": log_head,
        "replica_head": replica.head,
        "feed_head": services.tail.head,
        "waiting_commands": services.waiting_commands,
        "sockets": len(services.hub.connections),
        "failed": None if services.failed is None else type(services.failed).__name__,
    }
    return Response(body, status_code=200 if services.is_ready and log_head is not None else 503)


async def _log_head(services: BaseServices) -> int | None:
    """The last id in SQL, None when the log does not say so in time."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            return (await services.source.head())[0]
    except (LogAway, TimeoutError):
        return None


@get("/metrics", media_type=MediaType.TEXT, security=OPEN, responses=answers(None, 401))
async def metrics(request: AnyRequest, services: NamedDependency[BaseServices]) -> bytes:
    if identity_of(request.scope).by != "service" and not _is_loopback(request):
        raise NotAllowed("Metrics are read with the service token or from this machine.")
    replica = await services.replica.status()
    figures: dict[str, tuple[str, float]] = {
        "log_head": ("Id of the newest entry in the log, 0 while it does not say", await _log_head(services) or 0),
        "feed_head": ("Id of the newest entry that this process knows", services.tail.head),
        "replica_head": ("Id of the newest entry in Redis", replica.head or 0),
        "replica_available": ("Whether Redis answers", replica.available),
        "ready": ("Whether this process should get requests", services.is_ready),
        "teams": ("Registered teams", len(services.tail.board.teams)),
        "sockets": ("Open websockets", len(services.hub.connections)),
        "waiting_commands": ("Commands that wait for the writer", services.waiting_commands),
        "content_errors": ("Errors in the hunt folder when it was read last", len(services.content.loaded.errors)),
        "content_warnings": ("Warnings about it", len(services.content.loaded.warnings)),
        "content_kept": (
            "Puzzles, rounds and other parts that are played as they were before, because the folder has an error",
            len(services.content.loaded.kept),
        ),
    }
    registry = CollectorRegistry()
    for name, (text, value) in figures.items():
        Gauge(f"hunt_{name}", text, registry=registry).set(value)
    for name, count in msgspec.to_builtins(replica.counters).items():
        text = f"What the replica has counted: {name.replace('_', ' ')}"
        Counter(f"hunt_replica_{name}", text, registry=registry).inc(count)
    return generate_latest(registry) + generate_latest(REGISTRY)


def _is_loopback(request: AnyRequest) -> bool:
    try:
        return ipaddress.ip_address(address(request)).is_loopback
    except ValueError:
        return False


log_router = Router(path="/", route_handlers=[log, sessions])
health_router = Router(path="/", route_handlers=[live, ready, metrics])
