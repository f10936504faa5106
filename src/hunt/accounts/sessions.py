"""Who is logged in: signed tokens, and the list of those that ended.

A token is proof by itself, so a request costs no SQL. Ended sessions are numbered densely under the append lock; every
process keeps the ids of those that could still be shown and reads on from the last number it knows.
"""

import secrets
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import Struct
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.accounts.tables import SessionRow
from hunt.clock import Clock

SESSION_DAYS = 14
MAX_REMEMBERED_TOKENS = 50_000
"""Tokens whose signature need not be checked again."""

LABEL_LENGTH = 200

Kind = Literal["team", "operator"]


class Session(Struct, frozen=True, kw_only=True):
    """A login: who (`kind` and `account_id`), which (`id`), and until when (UTC).

    `registered` is when the account was made: later another one may come to have its id, once a backup is restored or
    an operator is removed. Operators who were made before that was noted have an empty one.
    """

    kind: Kind
    account_id: int
    id: str
    expires_at: datetime
    registered: str = ""

    @property
    def team_id(self) -> int | None:
        """The team's id; None for an operator."""
        return self.account_id if self.kind == "team" else None


class Ended(Struct, frozen=True, kw_only=True):
    """The `revocation`-th session to end."""

    revocation: int
    id: str


class Sessions:
    """Issues and checks tokens. `revoke` and `add` run inside the writer's transaction."""

    def __init__(self, secret_key: str, clock: Clock) -> None:
        self._serializer = URLSafeSerializer(secret_key, salt="session")
        self.clock = clock
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._ended: set[str] = set()
        self.last: Ended | None = None
        """The last session that is known to have ended and could still be shown."""

    def issue(self, kind: Kind, account_id: int, registered: str = "") -> tuple[Session, str]:
        """A new session and its token. It counts from when `add` is committed."""
        expires_at = (self.clock() + timedelta(days=SESSION_DAYS)).replace(microsecond=0)
        id = secrets.token_urlsafe(18)
        session = Session(kind=kind, account_id=account_id, id=id, expires_at=expires_at, registered=registered)
        token = self._serializer.dumps([kind, account_id, id, int(expires_at.timestamp()), registered])
        return session, str(token)

    def check(self, token: str) -> Session | None:
        """The session of a token, None when it is forged, expired or ended."""
        session = self._known.get(token) or self._verify(token)
        return None if session is None or self.has_ended(session) else session

    def has_ended(self, session: Session) -> bool:
        """Whether it was ended, or its time is over."""
        return session.id in self._ended or self.clock() >= session.expires_at

    def _verify(self, token: str) -> Session | None:
        try:
            kind, account_id, id, expires, registered = self._serializer.loads(token)
            expires_at = datetime.fromtimestamp(expires, tz=UTC)
        except (BadSignature, ValueError, TypeError):
            return None
        session = Session(kind=kind, account_id=account_id, id=id, expires_at=expires_at, registered=registered)
        self._known[token] = session
        if len(self._known) > MAX_REMEMBERED_TOKENS:
            self._known.popitem(last=False)
        return session

    async def add(self, connection: AsyncConnection, session: Session, label: str) -> None:
        """Record the session, for the list of devices and so that it can be ended. To do it twice does no harm."""
        if await connection.scalar(select(SessionRow.id).where(SessionRow.id == session.id)):
            return
        values = {
            "id": session.id,
            "kind": session.kind,
            "account_id": session.account_id,
            "created_at": self.clock(),
            "expires_at": session.expires_at,
            "label": "".join(char for char in label if char.isprintable())[:LABEL_LENGTH],
        }
        await connection.execute(insert(SessionRow).values(values))

    async def forget_devices(self, connection: AsyncConnection, kind: Kind, account_id: int) -> None:
        """Forget what the account's browsers called themselves."""
        these = update(SessionRow).where(SessionRow.kind == kind, SessionRow.account_id == account_id)
        await connection.execute(these.values(label=""))

    async def revoke(
        self,
        connection: AsyncConnection,
        kind: Kind,
        account_id: int,
        *,
        only: str | None = None,
        but: str | None = None,
    ) -> None:
        """End an account's sessions: all, `only` one, or all `but` one. Under the append lock, so numbers are dense."""
        statement = select(SessionRow.id).where(
            SessionRow.kind == kind,
            SessionRow.account_id == account_id,
            SessionRow.revocation.is_(None),
            SessionRow.expires_at > self.clock(),
        )
        if only is not None:
            statement = statement.where(SessionRow.id == only)
        if but is not None:
            statement = statement.where(SessionRow.id != but)
        ids = list(await connection.scalars(statement.order_by(SessionRow.id)))
        last = await connection.scalar(select(func.max(SessionRow.revocation))) or 0
        for revocation, id in enumerate(ids, start=last + 1):
            await connection.execute(update(SessionRow).where(SessionRow.id == id).values(revocation=revocation))

    def learn(self, ended: list[Ended]) -> list[str]:
        """Take in what was read of the table, up to its end; the ids."""
        self._ended.update(item.id for item in ended)
        self.last = ended[-1] if ended else None
        return [item.id for item in ended]
