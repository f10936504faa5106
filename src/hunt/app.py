"""The bootstrap: HTTP and websockets around the services, as one application."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog
import uvicorn
from litestar import Litestar, Response, WebSocket, websocket
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import WebsocketRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, Reference, SecurityScheme
from litestar.types import ControllerRouterHandler, Middleware, Scope

from hunt import logs
from hunt.api import ops, solver, system, updates
from hunt.api.answers import SchemaPlugin
from hunt.api.common import JsonRequest
from hunt.content import Loaded
from hunt.control import serve_control
from hunt.front import SESSION_COOKIE, Front, identity_of
from hunt.http.compression import Compression
from hunt.http.hosts import OwnHosts
from hunt.http.limits import LIMITS, Limits
from hunt.http.methods import Methods
from hunt.http.open_files import FileWatch, open_files
from hunt.http.own_pages import OwnPages
from hunt.http.protocol import BoundedHttp
from hunt.http.websocket import BoundedWebSocket
from hunt.live.protocol import CLOSE_LOGGED_OUT
from hunt.live.socket import serve
from hunt.services import BaseServices, LiveServices, Services, build_id, running
from hunt.settings import Settings
from hunt.web import account_forms, files, pages, play_forms
from hunt.web.common import Pages
from hunt.web.errors import answer_as_json, answer_fault
from hunt.web.form import MAX_FIELDS
from hunt.web.render import Renderer
from hunt.web.static_files import static_files

logger = structlog.get_logger()

MAX_CALL_BYTES = 16 * 1024
"""Of one websocket frame from a client."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""

STOP_SECONDS = 5
"""How long requests under way may take to end when the server stops."""

SECURITY_SCHEMES: dict[str, SecurityScheme | Reference] = {
    "token": SecurityScheme(type="http", scheme="bearer", description="From a login or a registration."),
    "cookie": SecurityScheme(type="apiKey", name=SESSION_COOKIE, security_scheme_in="cookie", description="The same."),
}

MAX_BODY_BYTES = 64 * 1024
"""Of a request: a guess, a question or a form is far smaller."""

WORKER_SECONDS = 60
"""How long a worker may say nothing before it is replaced. On a busy machine its imports alone take many seconds."""


def create_app(settings: Settings, loaded: Loaded) -> Litestar:
    """The whole server, to be run by any ASGI server."""
    logs.configure()
    for name in settings.weak_secrets:
        logger.warning("weak_secret", setting=name, advice="Make a random one with `openssl rand -hex 32`.")
    build = build_id()
    renderer = Renderer(settings.content, build, reload=settings.watch_content)
    services: LiveServices | Services
    if settings.role == "live":
        services = LiveServices(settings, loaded.hunt, renderer.fragment)
        app = assemble_live(services, build)
    else:
        services = Services(settings, loaded.hunt, renderer.fragment)
        app = assemble(services, Pages(services, renderer, build))
    services.content.loaded = loaded
    services.tail.on_replaced.append(renderer.read_theme)
    services.more_parts.append(("control", partial(serve_control, settings.content, services.content.take_over)))
    return app


def server_config(app: Litestar | str, settings: Settings, *, limits: Limits = LIMITS, **more: Any) -> uvicorn.Config:
    """How uvicorn serves the application; `more` are options of its own."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=partial(BoundedHttp, limits=limits),  # type: ignore[arg-type] # it only calls it
        ws=partial(BoundedWebSocket, limits=limits),  # type: ignore[arg-type] # the same
        ws_per_message_deflate=False,  # costs twice the CPU and up to 250 KiB a socket
        ws_max_size=MAX_CALL_BYTES,
        backlog=min(BACKLOG, open_files() // 8),
        access_log=False,  # query strings may hold tokens
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_worker_healthcheck=WORKER_SECONDS,
        callback_notify=FileWatch(),
        timeout_notify=0,
        log_config=None,  # see hunt.logs
        log_level="warning",
        **more,
    )


def assemble(services: Services, drawn: Pages) -> Litestar:
    """The application around these services; in the role `web` without sockets."""
    sockets = [] if services.settings.role == "web" else [_socket_handler(services, drawn.build)]
    return _application(
        services,
        [
            solver.router,
            updates.router,
            ops.router,
            system.log_router,
            system.health_router,
            *sockets,
            pages.router,
            account_forms.router,
            play_forms.router,
            files.router,
            static_files(drawn.build),
        ],
        answer_fault(drawn),
        dependencies={"pages": Provide(lambda: drawn, sync_to_thread=False)},
        middleware=[DefineMiddleware(OwnPages, hosts=OwnHosts(services.settings.public_url, services.settings.host))],
    )


def assemble_live(services: LiveServices, build: str) -> Litestar:
    """The application of a process that serves sockets alone."""
    return _application(services, [_socket_handler(services, build), system.health_router], answer_as_json)


def _application(
    services: BaseServices,
    handlers: Sequence[ControllerRouterHandler],
    answer: Callable[[Any, Exception], Response[Any]],
    *,
    dependencies: Mapping[str, Provide] = MappingProxyType({}),
    middleware: Sequence[Middleware] = (),
) -> Litestar:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with running(services):
            yield

    app = Litestar(
        route_handlers=handlers,
        dependencies={**dependencies, "services": Provide(lambda: services, sync_to_thread=False)},
        middleware=middleware,
        exception_handlers={Exception: answer},
        after_exception=[_note_broken_socket],
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(
            title="Hunt",
            version="1",
            path="/api/schema",
            render_plugins=[SchemaPlugin(path="/")],
            components=Components(security_schemes=SECURITY_SCHEMES),
            security=[{name: []} for name in SECURITY_SCHEMES],
        ),
        request_class=JsonRequest,
        request_max_body_size=MAX_BODY_BYTES,
        multipart_form_part_limit=MAX_FIELDS,
        logging_config=None,
        signature_types=[BaseServices, Services, Pages],
    )
    app.asgi_handler = Front(Methods(Compression(app.asgi_handler), app), services)
    return app


def _socket_handler(services: BaseServices, build: str) -> WebsocketRouteHandler:
    @websocket("/ws")
    async def live(socket: WebSocket[Any, Any, Any]) -> None:
        session = identity_of(socket.scope).session
        await socket.accept()
        if session is None or not services.guard.is_open(session):  # it ended meanwhile, and nobody knew of this socket
            await socket.close(code=CLOSE_LOGGED_OUT)
            return
        await serve(socket, services.hub, session.team_id, session.id, build)

    return live


async def _note_broken_socket(error: Exception, scope: Scope) -> None:
    """What breaks a request is noted where it becomes an answer; of a socket nobody else would know."""
    if scope["type"] == ScopeType.WEBSOCKET and not isinstance(error, HTTPException):
        logger.error("socket_failed", exc_info=error)
