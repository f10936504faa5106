"""The address of the database: what people write in HUNT_DATABASE_URL, and what the drivers take."""

import re
import ssl
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from msgspec import Struct
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

EXAMPLE = "postgresql://user:password@host/name"

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_SSL_OR_NOT = {"true": "require", "false": "disable"}

MAX_PORT = 65_535

_SQLITE = re.compile(r"sqlite(\+aiosqlite)?://")

_POSTGRESQL = re.compile(
    r"postgres(?:ql)?(?:\+\w+)?://"
    r"(?:(?P<user>[^:/@?]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?@]*)(?:/(?P<name>[^?@]*))?(?:\?(?P<options>[^@]*))?"
)

_FIELDS = {"host", "port", "user", "password", "dbname"}
"""Options that say what may also stand before the question mark, there where nothing does."""

_FOR_DRIVER = {
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "sslrootcert",
    "sslnegotiation",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "target_session_attrs",
    "krbsrvname",
    "gsslib",
    "passfile",
}
"""Options that the driver understands as PostgreSQL's own client does."""

_FOR_SERVER = {"application_name", "options", "search_path"}

_AS_IT_IS = {
    "channel_binding": {"disable", "prefer"},
    "gssencmode": {"disable", "prefer"},
    "client_encoding": {"utf8", "utf-8", "auto"},
    "load_balance_hosts": {"disable"},
    "pgbouncer": {"true"},
}
"""Options with the values that ask for nothing which is not so already."""


class BadAddress(Exception):
    """An address that cannot be used; the message says why, and holds nothing of the address that may be secret."""


class Address(Struct, frozen=True, kw_only=True):
    """A database: for SQLAlchemy (and for messages, without options), and what the driver gets beside it."""

    url: URL
    arguments: dict[str, Any] = {}


def address_of(text: str) -> Address:
    """The address in a text as hosted databases hand it out; BadAddress."""
    if _SQLITE.match(text):
        return _sqlite(text)
    if not re.match(r"postgres(ql)?(\+\w+)?://", text):
        raise BadAddress(f"must start with sqlite:/// or postgresql://, like {EXAMPLE}.")
    parts = _POSTGRESQL.fullmatch(text)
    if parts is None:
        raise BadAddress(
            f"cannot be understood: it is like {EXAMPLE}. An @ in a user name or a password is written %40, "
            "a colon %3A, a slash %2F, a question mark %3F."
        )
    return _postgresql(parts)


def _sqlite(text: str) -> Address:
    try:
        url = make_url(_SQLITE.sub("sqlite+aiosqlite://", text, count=1))
    except (ArgumentError, ValueError):
        raise BadAddress("cannot be understood: it is like sqlite:////path/to/file.") from None
    if url.host or url.database in {None, "", ":memory:"}:
        raise BadAddress("must end with the path of a file, like sqlite:////path/to/file.")
    return Address(url=url)


def _postgresql(parts: re.Match[str]) -> Address:
    options = _options(parts["options"] or "")
    fields = {name: options.pop(name) for name in _FIELDS & options.keys()}
    hosts, ports = _hosts(parts["hosts"] or "", fields.get("host", ""), fields.get("port", ""))
    name = unquote(parts["name"] or "") or fields.get("dbname", "")
    if not name:
        raise BadAddress(f"must end with the name of a database, like {EXAMPLE}.")
    user = unquote(parts["user"] or "") or fields.get("user")
    password = unquote(parts["password"] or "") or fields.get("password")
    given = {"user": user, "password": password, "host": hosts, "port": ports[0] if len(ports) == 1 else ports}
    arguments = {key: value for key, value in given.items() if value} | {"database": name}
    arguments |= _arguments(options, is_secret="password" in fields)
    url = URL.create("postgresql+asyncpg", user, password, ",".join(hosts) or None, database=name)
    return Address(url=url.set(port=ports[0]) if len(ports) == 1 else url, arguments=arguments)


def _options(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, strict_parsing=True, keep_blank_values=True)) if text else {}
    except ValueError:
        raise BadAddress("has something after its question mark that is not of the form name=value.") from None


def _hosts(text: str, host: str, port: str) -> tuple[list[str], list[int]]:
    """Hosts, or folders of unix sockets, and as many ports; one port for all where there is one."""
    hosts: list[str] = []
    ports: list[str] = []
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:]*)(?::(\d*))?", part)
        if found is None:
            raise BadAddress(
                f"has a host or a port that cannot be: it is like {EXAMPLE} or postgresql://user@host:5432/name."
            )
        hosts.append(unquote(found[1]).strip("[]"))
        ports.append(found[2] or "")
    hosts = [name for name in hosts if name] or [name for name in host.split(",") if name]
    if not any(ports):
        ports = port.split(",") if port else []
    numbers = [int(each) if each.isdecimal() else -1 for each in (each or "5432" for each in ports)]
    if any(not 0 < number <= MAX_PORT for number in numbers) or (len(numbers) > 1 and len(numbers) != len(hosts)):
        raise BadAddress(f"has a port that cannot be: ports are 1 to {MAX_PORT}, one for each host.")
    return hosts, numbers


def _arguments(options: dict[str, str], *, is_secret: bool) -> dict[str, Any]:
    """What the driver gets of the options after the question mark, none of which is shown where there is a secret."""
    arguments: dict[str, Any] = {}
    mode = options.pop("sslmode", options.pop("ssl", ""))
    if mode := _SSL_OR_NOT.get(mode, mode):
        arguments["ssl"] = _ssl(mode, options)
    if seconds := options.pop("connect_timeout", ""):
        if not re.fullmatch(r"[0-9]{1,4}", seconds):
            raise BadAddress("has a `connect_timeout` that is no number of seconds.")
        arguments["timeout"] = int(seconds) or None
    server = {name: options.pop(name) for name in _FOR_SERVER & options.keys()}
    if server:
        arguments["server_settings"] = server
    driver = {name: options.pop(name) for name in _FOR_DRIVER & options.keys()}
    if driver:
        arguments["dsn"] = f"postgresql://?{urlencode(driver)}"
    for name, value in options.items():
        _check_needless(name, value, "an option" if is_secret else f"the option {name!a}")
    return arguments


def _ssl(mode: str, options: dict[str, str]) -> str | ssl.SSLContext:
    """What the driver makes of `sslmode`, except that the system's certificates are trusted where none is named."""
    if mode not in SSL_MODES:
        raise BadAddress(f"has an `sslmode` that is none of {', '.join(SSL_MODES)}.")
    if not mode.startswith("verify-") or options.get("sslrootcert", "system") != "system" or "sslcert" in options:
        return mode
    options.pop("sslrootcert", None)
    context = ssl.create_default_context()
    context.check_hostname = mode == "verify-full"
    return context


def _check_needless(name: str, value: str, shown: str) -> None:
    if name.startswith("keepalives") or value.lower() in _AS_IT_IS.get(name, ()):
        return
    if name == "channel_binding":
        raise BadAddress(
            "has `channel_binding=require`, which the driver cannot do: write sslmode=verify-full instead."
        )
    raise BadAddress(f"has {shown} that is not known here: leave it out.")
