"""The accounts that are no teams, and who is logged in."""

from datetime import datetime

from advanced_alchemy.base import DefaultBase, IdentityBase
from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hunt.log.tables import Moment


class OperatorRow(IdentityBase):
    """Somebody at headquarters."""

    __tablename__ = "operators"

    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)


class SessionRow(DefaultBase):
    """A login. `revocation` numbers the ended ones 1, 2, 3, … in the order in which they ended, without a gap."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Moment())
    expires_at: Mapped[datetime] = mapped_column(Moment())
    label: Mapped[str] = mapped_column(String(200))
    revocation: Mapped[int | None] = mapped_column(BigInteger, unique=True)

    __table_args__ = (Index("ix_sessions_account", "kind", "account_id"),)
