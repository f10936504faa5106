"""The accounts that are no teams, who is logged in, wrong passwords, and what was done to operators' accounts."""

from datetime import datetime

from advanced_alchemy.base import DefaultBase, IdentityBase
from sqlalchemy import BigInteger, Boolean, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hunt.log.tables import Moment


class OperatorRow(IdentityBase):
    """Somebody at headquarters. `created_at` tells two apart that have the same id, one after the other."""

    __tablename__ = "operators"

    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime | None] = mapped_column(Moment(), default=None)
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)


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


class LoginFailureRow(DefaultBase):
    """Wrong passwords since `since`: for an account from one place, or from one place for all accounts.

    Accounts and places are hashes: what was typed as a user name may be a password.
    """

    __tablename__ = "login_failures"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime] = mapped_column(Moment(), index=True)
    failures: Mapped[int] = mapped_column(Integer)


class AuditRow(IdentityBase):
    """What was done with an account of headquarters, or by headquarters with a team's password."""

    __tablename__ = "account_audit"

    at: Mapped[datetime] = mapped_column(Moment())
    action: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    username: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
