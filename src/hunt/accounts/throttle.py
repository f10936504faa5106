"""Slowing down those who try passwords, so that no stranger can keep an account's owner out.

Wrong passwords are counted in SQL, so all processes count together: for each account by the place they come from, and
for each address over all accounts. A place is the address, or a browser that was logged in to the account before: it
is counted by itself, whatever others do at its address.
"""

import hashlib
import ipaddress
from datetime import timedelta

from msgspec import Struct
from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.accounts.errors import LoginThrottled
from hunt.accounts.sessions import Kind
from hunt.accounts.tables import LoginFailureRow
from hunt.clock import Clock

WINDOW = timedelta(minutes=15)
"""Failures are counted over this time, from the first on."""

FAILURES_PER_ACCOUNT = 10
"""For one account from one place."""

FAILURES_PER_ADDRESS = 500
"""Far higher: hundreds of people may share an address."""

MAX_COUNTED = 50_000
"""Rows of failures; beyond, the oldest are forgotten."""

IPV6_NETWORK = 64
"""Bits of an IPv6 address that count: who has one address has the whole network after them."""

ANY_ACCOUNT = ""

_account, _place = LoginFailureRow.account, LoginFailureRow.place
_since, _failures = LoginFailureRow.since, LoginFailureRow.failures


class Attempt(Struct, frozen=True):
    """Somebody who tries a password: for which account, and from where."""

    account: str
    place: str
    address: str | None = None
    """The network that it is counted for as well; None for a browser or a session that is known."""

    @classmethod
    def from_address(cls, kind: Kind, username: str, address: str) -> "Attempt":
        place = place_of(address)
        return cls(_account_key(kind, username), place, place)

    @classmethod
    def from_device(cls, kind: Kind, username: str, device_id: str) -> "Attempt":
        return cls(_account_key(kind, username), _hashed("device", device_id))

    @classmethod
    def from_session(cls, kind: Kind, username: str, session_id: str) -> "Attempt":
        """Somebody who is logged in and is asked for the password again."""
        return cls(_account_key(kind, username), _hashed("session", session_id))

    @property
    def limits(self) -> list[tuple[str, str, int]]:
        """Account, place, and how often the two may fail."""
        limits = [(self.account, self.place, FAILURES_PER_ACCOUNT)]
        return [*limits, (ANY_ACCOUNT, self.address, FAILURES_PER_ADDRESS)] if self.address else limits


class Throttle:
    """The count of wrong passwords. All but `check` run inside the writer's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def check(self, connection: AsyncConnection, attempt: Attempt) -> None:
        """LoginThrottled, with the seconds to wait, when this account or this address has failed too often."""
        now = self._clock()
        for account, place, limit in attempt.limits:
            found = select(_since, _failures).where(_account == account, _place == place, _since > now - WINDOW)
            row = (await connection.execute(found)).one_or_none()
            if row is not None and row.failures >= limit:
                raise LoginThrottled(int((row.since + WINDOW - now).total_seconds()) + 1)

    async def failed(self, connection: AsyncConnection, attempt: Attempt) -> bool:
        """Count a wrong password; whether it was the last for now. Attempts under way are not counted.

        A team's sixty people may log in at once.
        """
        now = self._clock()
        await connection.execute(delete(LoginFailureRow).where(_since <= now - WINDOW))
        is_last = False
        for account, place, limit in attempt.limits:
            here = and_(_account == account, _place == place)
            count = await connection.scalar(select(_failures).where(here))
            if count is None:
                await self._make_room(connection)
                values = {"account": account, "place": place, "since": now, "failures": 1}
                await connection.execute(insert(LoginFailureRow).values(values))
            else:
                await connection.execute(update(LoginFailureRow).where(here).values(failures=count + 1))
            is_last |= (count or 0) + 1 == limit
        return is_last

    async def succeeded(self, connection: AsyncConnection, attempt: Attempt) -> None:
        """Forget what the account failed from this place."""
        here = and_(_account == attempt.account, _place == attempt.place)
        await connection.execute(delete(LoginFailureRow).where(here))

    async def forget(self, connection: AsyncConnection, kind: Kind, username: str) -> None:
        """Forget what the account failed from anywhere."""
        await connection.execute(delete(LoginFailureRow).where(_account == _account_key(kind, username)))

    async def _make_room(self, connection: AsyncConnection) -> None:
        surplus = (await connection.scalar(select(func.count()).select_from(LoginFailureRow)) or 0) - MAX_COUNTED + 1
        if surplus > 0:
            oldest = (await connection.execute(select(_account, _place).order_by(_since).limit(surplus))).all()
            these = [and_(_account == row.account, _place == row.place) for row in oldest]
            await connection.execute(delete(LoginFailureRow).where(or_(*these)))


def place_of(address: str) -> str:
    """The place that an address is, without telling which."""
    return _hashed("address", network_of(address))


def network_of(address: str) -> str:
    """What an address counts as: an IPv4 address as itself, one of IPv6 as its /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:  # a socket of this machine has none
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), IPV6_NETWORK), strict=False))


def _account_key(kind: Kind, username: str) -> str:
    return _hashed(kind, username)


def _hashed(what: str, value: str) -> str:
    return hashlib.sha256(f"{what} {value}".encode("utf-8", "surrogatepass")).hexdigest()
