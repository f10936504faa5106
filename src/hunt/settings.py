"""The server's settings, from the environment: one name each, `HUNT_…`."""

import ipaddress
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from hunt.http.hosts import origin
from hunt.log.address import EXAMPLE, BadAddress, address_of

MIN_SECRET_LENGTH = 16
"""Characters of a secret, whatever the server is for."""

STRONG_SECRET_LENGTH = 32
STRONG_SECRET_DIFFERENT = 10
"""What a secret of a public server has: characters, and different ones. `openssl rand -hex 32` gives enough."""

RESERVED_DOMAINS = {"localhost", "test", "example", "invalid", "example.com", "example.net", "example.org"}
"""Names that no server on the Internet has (RFC 2606, RFC 6761)."""

MAX_WORKERS = 64
"""Processes of one server. More than any machine has use for: each has connections and a copy of all states."""

ROLES = {"all", "web", "live"}

FAKE_REDIS = "fake://"
"""A Redis inside the process that serves."""

_WHAT = {
    "database_url": f"where the log is kept, like {EXAMPLE}",
    "content": "the folder of the hunt",
    "secret_key": "a long random text that signs sessions",
}


_MAKE_ONE = "Make a random one with `openssl rand -hex 32`."


class BadSetting(Exception):
    """A setting is missing or wrong; the message names it and says what it takes."""


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator of the server decides. docs/deploy.md has a line for each."""

    database_url: str = ""
    content: Path
    secret_key: str
    redis_url: str = FAKE_REDIS
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    role: str = "all"
    service_token: str | None = None
    log_url: str = ""
    reconcile_seconds: float = 5.0
    scrub_entries_per_second: int = 800
    public_url: str | None = None
    trusted_proxies: str = "127.0.0.1"
    stubs: bool = False
    watch_content: bool = False

    @property
    def secure_cookies(self) -> bool:
        return self.public_url is not None and self.public_url.lower().startswith("https:")

    def cookie_name(self, name: str) -> str:
        """The name of a cookie. With `__Host-` no other site of the domain can set it, but that needs HTTPS."""
        return f"__Host-{name}" if self.secure_cookies else name

    @property
    def is_public(self) -> bool:
        """Whether the server has an address for people elsewhere: what is weak is refused there.

        Without one it answers to addresses only, not to a name: that is for trying things out.
        """
        return self.public_url is not None and not _is_for_trying_out(urlsplit(self.public_url).hostname or "")

    @property
    def weak_secrets(self) -> list[str]:
        """The secrets that could be guessed, by the names of their settings."""
        secrets = {"HUNT_SECRET_KEY": self.secret_key, "HUNT_SERVICE_TOKEN": self.service_token}
        return [name for name, secret in secrets.items() if secret is not None and not _is_strong(secret)]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in `environment`; BadSetting for the first that is missing or cannot be understood."""
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            name = f"HUNT_{field.name.upper()}"
            text = environment.get(name, "").strip()
            if not text:
                if field.required or (field.name == "database_url" and environment.get("HUNT_ROLE") != "live"):
                    raise BadSetting(f"{name} is not set: {_WHAT[field.name]}.")
                continue
            values[field.name] = _read(name, text, field.type)
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.role not in ROLES:
            raise BadSetting(f"HUNT_ROLE is `{self.role}`; it is `all`, `web` or `live`.")
        if self.role == "live":
            self._check_live()
        else:
            _check_database_url(self.database_url)
        _check_redis_url(self.redis_url)
        if self.redis_url.startswith(FAKE_REDIS) and self.workers > 1:
            raise BadSetting("HUNT_REDIS_URL is fake://, which one process alone can use: set HUNT_WORKERS to 1.")
        if self.public_url is not None and not _is_site(self.public_url):
            raise BadSetting("HUNT_PUBLIC_URL must be an address like https://hunt.example.org, without a path.")
        if self.service_token is not None and not (self.service_token.isascii() and self.service_token.isprintable()):
            raise BadSetting("HUNT_SERVICE_TOKEN must be made of visible ASCII characters.")
        self._check_secrets()
        if not 0 < self.reconcile_seconds < math.inf or self.scrub_entries_per_second < 1:
            raise BadSetting("HUNT_RECONCILE_SECONDS and HUNT_SCRUB_ENTRIES_PER_SECOND must be above 0.")
        if not 1 <= self.workers <= MAX_WORKERS:
            raise BadSetting(f"HUNT_WORKERS must be 1 to {MAX_WORKERS}.")
        if not 0 < self.port < 65536:  # noqa: PLR2004 - the range of TCP ports
            raise BadSetting("HUNT_PORT must be a port number, 1 to 65535.")
        _check_proxies(self.trusted_proxies)

    def _check_secrets(self) -> None:
        for name, secret in (("HUNT_SECRET_KEY", self.secret_key), ("HUNT_SERVICE_TOKEN", self.service_token)):
            if secret is not None and len(secret) < MIN_SECRET_LENGTH:
                raise BadSetting(f"{name} must have at least {MIN_SECRET_LENGTH} characters. {_MAKE_ONE}")
        if self.is_public and self.weak_secrets:
            raise BadSetting(
                f"{self.weak_secrets[0]} could be guessed: it must have at least {STRONG_SECRET_LENGTH} characters, "
                f"{STRONG_SECRET_DIFFERENT} of them different ones. {_MAKE_ONE}"
            )

    def _check_live(self) -> None:
        """A process without a database depends on others that have one."""
        if not _is_site(self.log_url):
            raise BadSetting("HUNT_LOG_URL must be where a process with a database serves, like http://10.0.0.5:8000.")
        if self.service_token is None:
            raise BadSetting("HUNT_SERVICE_TOKEN is not set: with it a `live` process asks HUNT_LOG_URL for the log.")
        if self.redis_url.startswith(FAKE_REDIS):
            raise BadSetting(
                "HUNT_REDIS_URL must be the Redis that the other processes use: a `live` one has no other."
            )


def database_url(environment: Mapping[str, str]) -> str:
    """HUNT_DATABASE_URL, for commands that need no other setting; BadSetting where it is missing or no such URL."""
    url = environment.get("HUNT_DATABASE_URL", "").strip()
    if not url:
        raise BadSetting(f"HUNT_DATABASE_URL is not set: {_WHAT['database_url']}.")
    _check_database_url(url)
    return url


def _is_strong(secret: str) -> bool:
    return len(secret) >= STRONG_SECRET_LENGTH and len(set(secret)) >= STRONG_SECRET_DIFFERENT


def _is_for_trying_out(host: str) -> bool:
    """Whether only this machine, or nobody, finds a server under this name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.rstrip(".")
        return any(name == domain or name.endswith(f".{domain}") for domain in RESERVED_DOMAINS)


def content(environment: Mapping[str, str]) -> Path:
    """HUNT_CONTENT, for commands that need no other setting; BadSetting where it is missing."""
    text = environment.get("HUNT_CONTENT", "").strip()
    if not text:
        raise BadSetting(f"HUNT_CONTENT is not set: {_WHAT['content']}.")
    return Path(text)


def _is_site(url: str) -> bool:
    if re.search(r"[\s@]", url):  # whoever has to log in there would be shown in messages
        return False
    try:
        parts = urlsplit(url)
        nothing_more = parts.path in {"", "/"} and not parts.query and not parts.fragment and parts.port != 0
        return nothing_more and bool(origin(url))
    except ValueError:  # half an IPv6 address, or a port that is no number
        return False


def _check_database_url(url: str) -> None:
    try:
        address_of(url)
    except BadAddress as error:
        raise BadSetting(f"HUNT_DATABASE_URL {error}") from None


def _check_redis_url(url: str) -> None:
    """Stricter than the client, which takes its defaults for what it cannot read."""
    if not url.startswith(("redis://", "rediss://", "unix://", "fake://")):
        raise BadSetting("HUNT_REDIS_URL must start with redis://, rediss://, unix:// or fake://.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # half an IPv6 address, or a port that is no number
        raise BadSetting("HUNT_REDIS_URL cannot be understood: it is like redis://:password@host:6379/0.") from None
    if parts.scheme == "unix":
        if host or len(parts.path) <= 1 or not re.fullmatch(r"(db=\d+)?", parts.query, re.ASCII):
            raise BadSetting("HUNT_REDIS_URL must be like unix:///path/to/socket or unix:///path/to/socket?db=0.")
    elif parts.query:
        raise BadSetting("HUNT_REDIS_URL must not have options after a question mark: the server has its own.")
    elif parts.scheme != "fake" and not (host and re.fullmatch(r"/?\d*", parts.path, re.ASCII)):
        raise BadSetting("HUNT_REDIS_URL must name a host and, after a slash, the number of a database.")


def _check_proxies(text: str) -> None:
    for proxy in text.split(",") if text != "*" else []:
        try:
            ipaddress.ip_network(proxy.strip())
        except ValueError:
            raise BadSetting(
                f"HUNT_TRUSTED_PROXIES has `{proxy.strip()}`, which is no address and no network like 10.0.0.0/24."
            ) from None


def _read(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text not in {"0", "1"}:
            raise BadSetting(f"{name} is `{text}`; it is 0 or 1.")
        return text == "1"
    try:
        return Path(text) if kind is Path else msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise BadSetting(f"{name} is `{text}`, which is no number.") from None
