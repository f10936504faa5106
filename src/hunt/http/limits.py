"""What one connection, and one address, may take of the server before the application hears of it."""

import ipaddress
from collections import Counter
from weakref import WeakKeyDictionary

import structlog
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.server import ServerState

from hunt.http.open_files import open_files

logger = structlog.get_logger()


class Limits(Struct, frozen=True, kw_only=True):
    """Bytes, seconds and numbers. Docs: the table of limits in docs/security.md."""

    url_bytes: int = 8 * 1024
    header_bytes: int = 32 * 1024
    """Of the request line and all headers together."""
    headers: int = 100
    header_seconds: float = 10.0
    """Until a request's head is there, from the connection or its first byte on."""
    body_bytes: int = 64 * 1024
    drained_bytes: int = 32 * 1024 * 1024
    """Of a body that is refused for its length: read and thrown away, so that the client reads the refusal."""
    chunks: int = 4_096
    """Of a body that comes in chunks."""
    body_seconds: float = 20.0
    body_check_seconds: float = 5.0
    body_bytes_per_second: int = 500
    """A body that arrives more slowly, looked at every `body_check_seconds`, is given up."""
    idle_seconds: int = 20
    """A connection between two requests."""
    write_seconds: float = 60.0
    """A client that takes nothing of its answer for so long is cut off."""
    linger_seconds: float = 1.0
    """How long a refused connection may still read why."""
    stop_seconds: float = 4.0
    """The same when the server stops; less than `app.STOP_SECONDS`."""
    pipelined: int = 16
    """Requests sent before the first of them is answered."""

    frames_per_turn: int = 25
    """Websocket frames of one socket that are looked at before the others get their turn."""
    frames_at_once: int = 250
    frames_per_second: float = 25.0
    """Frames of every kind: a page that wakes up subscribes to a few things for each of its tabs at once."""
    fragments: int = 64
    """Frames of one message."""
    frame_bytes_at_once: int = 512 * 1024
    frame_bytes_per_second: float = 32 * 1024.0

    connections: int = 16_000
    """Of one process; fewer where the limit of open files is low."""
    connections_per_address: int = 1_000
    """Or network of IPv6 (/64). This machine, and a proxy in HUNT_TRUSTED_PROXIES, may have as many as there are."""
    reserved_files: int = 3_000
    """Open files that connections leave for those that arrive all at once, for databases and the hunt's files.

    Half of what there is, where that is less.
    """
    lingering: int = 100
    """Refused connections that are kept for `linger_seconds`; more are closed at once."""


LIMITS = Limits()
"""Those of `hunt serve`."""


class Refusal(Struct, frozen=True):
    """An answer that is given before the application."""

    status: int
    code: str
    detail: str


BAD_REQUEST = Refusal(400, "bad_request", "This is no HTTP request that the server understands.")
URL_TOO_LONG = Refusal(414, "url_too_long", "This address is too long.")
HEADERS_TOO_LARGE = Refusal(431, "headers_too_large", "The headers of this request are too many or too long.")
TOO_MANY_CHUNKS = Refusal(400, "too_many_chunks", "The body of this request comes in too many pieces.")
TOO_SLOW = Refusal(408, "too_slow", "The request did not arrive in time. Try again.")
TOO_MANY_PIPELINED = Refusal(429, "too_many_pipelined", "Too many requests at once on one connection.")
TOO_MANY_CONNECTIONS = Refusal(429, "too_many_connections", "Too many connections from your address.")
FULL = Refusal(503, "overloaded", "The server is very busy. Try again in a moment.")


class Connections:
    """The open connections of one process, in all and by address."""

    def __init__(self, limits: Limits, trusted: str | list[str]) -> None:
        self.limits = limits
        files = open_files()
        reserved = min(limits.reserved_files, files // 2)
        self.most = max(1, min(limits.connections, files - reserved))
        self.most_lingering = min(limits.lingering, reserved // 4)
        self.most_per_address = min(limits.connections_per_address, max(1, self.most // 2))
        self.open = 0
        self.lingering = 0
        self._of: Counter[str] = Counter()
        self._was_full = False
        self._trusts_all, self._trusted = _networks(trusted)

    def admit(self, address: str | None) -> Refusal | None:
        """Count a connection. Gives why it has to be refused, if it has to be; `release` follows in any case."""
        self.open += 1
        place = _place(address)
        self._of[place] += 1
        if self.open > self.most:
            if not self._was_full:  # said once until there is room again
                self._was_full = True
                logger.warning("connections_full", limit=self.most, open_files=open_files())
            return FULL
        is_one_too_many = self._of[place] > self.most_per_address and not self._is_exempt(address)
        return TOO_MANY_CONNECTIONS if is_one_too_many else None

    def release(self, address: str | None) -> None:
        """A connection that was counted is gone."""
        self.open -= 1
        if self.open < self.most * 0.9:
            self._was_full = False
        place = _place(address)
        self._of[place] -= 1
        if self._of[place] <= 0:
            del self._of[place]

    def _is_exempt(self, address: str | None) -> bool:
        if self._trusts_all or address is None:
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return found.is_loopback or any(found in network for network in self._trusted)


def _place(address: str | None) -> str:
    """What connections are counted by: an address, or the network of an IPv6 one, all of which one client may use."""
    if address is None or ":" not in address:
        return address or ""
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))


def _networks(trusted: str | list[str]) -> tuple[bool, list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    parts = trusted.split(",") if isinstance(trusted, str) else trusted
    names = [part.strip() for part in parts]
    return "*" in names, [ipaddress.ip_network(name) for name in names if name and name != "*"]


_of_server: WeakKeyDictionary[ServerState, Connections] = WeakKeyDictionary()


def connections_of(server_state: ServerState, config: Config, limits: Limits) -> Connections:
    """The connections of the server that a protocol belongs to."""
    if server_state not in _of_server:
        _of_server[server_state] = Connections(limits, config.forwarded_allow_ips or "")
    return _of_server[server_state]
