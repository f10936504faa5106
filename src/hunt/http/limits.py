"""What one connection, and one address, may take of the server before the application hears of it."""

import ipaddress
from collections import Counter
from weakref import WeakKeyDictionary

import structlog
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.server import ServerState

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
    pipelined: int = 16
    """Requests sent before the first of them is answered."""

    frames_per_turn: int = 25
    """Websocket frames of one socket that are looked at before the others get their turn."""
    frames_at_once: int = 250
    frames_per_second: float = 25.0
    """Frames of every kind: a page that wakes up subscribes to a few things for each of its tabs at once."""
    frame_bytes_at_once: int = 512 * 1024
    frame_bytes_per_second: float = 32 * 1024.0

    connections: int = 16_000
    """Of one process; fewer where the limit of open files is low."""
    connections_per_address: int = 1_000
    """A proxy in HUNT_TRUSTED_PROXIES may have as many as there are."""
    reserved_files: int = 256
    """Open files that connections leave for the databases, the hunt's files and refusals."""
    lingering: int = 100
    """Refused connections that are kept for `linger_seconds`; more are closed at once."""


class Refusal(Struct, frozen=True):
    """An answer that is given before the application."""

    status: int
    code: str
    detail: str


BAD_REQUEST = Refusal(400, "bad_request", "This is no HTTP request that the server understands.")
URL_TOO_LONG = Refusal(414, "url_too_long", "This address is too long.")
HEADERS_TOO_LARGE = Refusal(431, "headers_too_large", "The headers of this request are too many or too long.")
TOO_SLOW = Refusal(408, "too_slow", "The request did not arrive in time. Try again.")
TOO_MANY_PIPELINED = Refusal(429, "too_many_pipelined", "Too many requests at once on one connection.")
TOO_MANY_CONNECTIONS = Refusal(429, "too_many_connections", "Too many connections from your address.")
FULL = Refusal(503, "overloaded", "The server is very busy. Try again in a moment.")


class Connections:
    """The open connections of one process, in all and by address."""

    def __init__(self, limits: Limits, trusted: str | list[str]) -> None:
        self.limits = limits
        self.most = min(limits.connections, max(1, open_files() - limits.reserved_files))
        self.most_per_address = min(limits.connections_per_address, max(1, self.most // 2))
        self.open = 0
        self.lingering = 0
        self._of: Counter[str] = Counter()
        self._was_full = False
        self._trusts_all, self._trusted = _networks(trusted)

    def admit(self, address: str | None) -> Refusal | None:
        """Count a connection. Gives why it has to be refused, if it has to be; `release` follows in any case."""
        self.open += 1
        if self.open > self.most:
            if not self._was_full:  # said once until there is room again
                self._was_full = True
                logger.warning("connections_full", limit=self.most, open_files=open_files())
            return FULL
        if address is None or self._is_trusted(address):
            return None
        self._of[address] += 1
        return TOO_MANY_CONNECTIONS if self._of[address] > self.most_per_address else None

    def release(self, address: str | None) -> None:
        """A connection that was counted is gone."""
        self.open -= 1
        if self.open < self.most * 0.9:
            self._was_full = False
        if address is not None and address in self._of:
            self._of[address] -= 1
            if self._of[address] <= 0:
                del self._of[address]

    def _is_trusted(self, address: str) -> bool:
        if self._trusts_all:
            return True
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._trusted)


def _networks(trusted: str | list[str]) -> tuple[bool, list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    parts = trusted.split(",") if isinstance(trusted, str) else trusted
    names = [part.strip() for part in parts]
    return "*" in names, [ipaddress.ip_network(name) for name in names if name and name != "*"]


def open_files() -> int:
    """How many files this process may have open."""
    try:
        import resource  # noqa: PLC0415 - only where there is POSIX
    except ImportError:
        return MANY_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MANY_FILES if soft == resource.RLIM_INFINITY else soft


def raise_open_files() -> None:
    """Allow this process as many open files as the system lets it have, up to what it can use."""
    try:
        import resource  # noqa: PLC0415 - only where there is POSIX
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


MANY_FILES = 20_000
"""More than a process can use."""

_of_server: WeakKeyDictionary[ServerState, Connections] = WeakKeyDictionary()


def connections_of(server_state: ServerState, config: Config, limits: Limits) -> Connections:
    """The connections of the server that a protocol belongs to."""
    if server_state not in _of_server:
        _of_server[server_state] = Connections(limits, config.forwarded_allow_ips or "")
    return _of_server[server_state]
