"""Browsers that were logged in before, by a signed cookie: wrong passwords of others do not count for them."""

import secrets

from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct

from hunt.accounts.sessions import Kind, Session

MAX_DEVICE_ACCOUNTS = 10
"""Accounts that a browser is known to have been logged in to, the latest ones."""

DEVICE_DAYS = 400
"""How long a browser keeps the cookie: browsers allow no longer."""


class Device(Struct, frozen=True):
    """A browser by a random id, and the accounts that it was logged in to, as `team 12`."""

    id: str
    accounts: tuple[str, ...] = ()

    def knows(self, kind: Kind, account_id: int) -> bool:
        """Whether somebody has logged in to this account here."""
        return f"{kind} {account_id}" in self.accounts


class Devices:
    """Reads and writes the cookie. It is no proof of who somebody is and opens nothing by itself."""

    def __init__(self, secret_key: str) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="device")

    def read(self, text: str) -> Device | None:
        """The device of a cookie, None where it is missing or forged."""
        try:
            id, accounts = self._serializer.loads(text)
        except (BadSignature, ValueError, TypeError):
            return None
        return Device(id, tuple(accounts))

    def after_login(self, device: Device | None, session: Session) -> str:
        """The cookie's text once `session` was begun there."""
        account = f"{session.kind} {session.account_id}"
        others = [known for known in device.accounts if known != account] if device else []
        accounts = [*others, account][-MAX_DEVICE_ACCOUNTS:]
        return str(self._serializer.dumps([device.id if device else secrets.token_urlsafe(12), accounts]))
