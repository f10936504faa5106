"""Which names the server answers for, and whether a request comes from one of its own pages."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

import idna

MAX_KNOWN = 1024
"""Hosts of which it is remembered whether they are ours."""

MAX_HOST_LENGTH = 300
"""A longer one is none: a name has at most 253 characters, a port five."""

DEFAULT_PORTS = {"http": 80, "https": 443}


def netloc(host: str, scheme: str) -> str:
    """A host with its port in one spelling: lower case, punycode, no final dot, no port that the scheme implies.

    Raises ValueError for what is no host.
    """
    if len(host) > MAX_HOST_LENGTH:
        raise ValueError(host)
    parts = urlsplit(f"//{host}")
    name, port = (parts.hostname or "").removesuffix("."), parts.port
    if not name or name.endswith(".") or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(host)
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode()
    if ":" in name:
        name = f"[{name}]"
    return name if port in {None, DEFAULT_PORTS.get(scheme)} else f"{name}:{port}"


def origin(url: str) -> str:
    """The origin of an http or https URL, in one spelling. Raises ValueError for what has none, like `null`."""
    scheme, separator, _ = url.partition("://")
    parts = urlsplit(url)
    if not separator or parts.scheme not in DEFAULT_PORTS or scheme.lower() != parts.scheme:
        raise ValueError(url)
    return f"{parts.scheme}://{netloc(parts.netloc, parts.scheme)}"


class OwnHosts:
    """The names of this server: its public one, and addresses that no other site can point a browser to."""

    def __init__(self, public_url: str | None, host: str) -> None:
        self.public_url = public_url
        self.public_origin = origin(public_url) if public_url else None
        self._public_netloc = self.public_origin.partition("://")[2] if self.public_origin else None
        self._public_scheme = self.public_origin.partition("://")[0] if self.public_origin else "http"
        self._host = host.lower()
        self._are_asked = lru_cache(MAX_KNOWN)(self._look_at)

    def are_asked(self, host: str) -> bool:
        """Whether a request with this `Host` is for this server."""
        return len(host) <= MAX_HOST_LENGTH and self._are_asked(host)

    def _look_at(self, host: str) -> bool:
        try:
            if netloc(host, self._public_scheme) == self._public_netloc:
                return True
            name = urlsplit(f"//{netloc(host, 'http')}").hostname
        except ValueError:  # idna's errors are ValueErrors too
            return False
        if name in {"localhost", self._host}:
            return True
        address = _address(name)
        return address is not None and (self._public_netloc is None or address.is_loopback)

    def is_own_origin(self, given: str, host: str, scheme: str) -> bool:
        """Whether an `Origin` is that of our own pages, for a browser that asked this `Host` by this scheme.

        The public one always is: a proxy may ask by another `Host`.
        """
        try:
            return origin(given) in {self.public_origin, self.origin_of(host, scheme)}
        except ValueError:
            return False

    def origin_of(self, host: str, scheme: str) -> str | None:
        """The origin of our pages for a browser that asked this `Host`; None for a host that is none.

        Behind a proxy for HTTPS the connection's own scheme is http, so the public URL says what it is.
        """
        scheme = scheme.replace("ws", "http")
        try:
            if self.public_origin and netloc(host, self._public_scheme) == self._public_netloc:
                return self.public_origin
            return f"{scheme}://{netloc(host, scheme)}"
        except ValueError:
            return None

    @property
    def setting(self) -> str:
        """What decides, for messages to the people who run the server."""
        given = f"is {self.public_url}" if self.public_url else "is not set"
        return (
            f"HUNT_PUBLIC_URL {given}: it has to be the address that people type, with its scheme and port, "
            "and a proxy has to pass the Host on as it came."
        )


def is_address(host: str) -> bool:
    """Whether a `Host` is an IP address with or without a port, as load balancers send, or nothing at all."""
    try:
        return not host or _address(urlsplit(f"//{netloc(host, 'http')}").hostname) is not None
    except ValueError:
        return False


def _address(name: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name or "")
    except ValueError:
        return None
