"""The tables that carry the game: `teams` and `activity_log`."""

from datetime import UTC, datetime
from typing import Any

from advanced_alchemy.base import DefaultBase, IdentityBase
from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Index, String, Text, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from hunt.game.entries import parse_stamp, stamp


class Moment(TypeDecorator[datetime]):
    """A time in UTC: `timestamptz` on PostgreSQL, on SQLite the text that the digest is computed over."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = String(27) if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return stamp(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return _read(value) if isinstance(value, str) else value


UNREADABLE = datetime.min.replace(tzinfo=UTC)
"""Stands for a time that somebody edited by hand into none; no digest fits it."""


def _read(text: str) -> datetime:
    try:
        return parse_stamp(text)
    except ValueError:
        return UNREADABLE


RequestKey = String(160).with_variant(String(160, collation="C"), "postgresql")
"""Looked up by prefix, which needs an order by character; a database's own order may leave punctuation out."""


class TeamRow(IdentityBase):
    """A team's account. Where it stands in the hunt is the log's to say. Without a password nobody can log in.

    `name_key` is what the name looks like (`hunt.accounts.names.name_key`), so that no two teams look alike; teams that
    did before there was such a rule, and those of an imported log, have none. `email` is never in the log.
    """

    __tablename__ = "teams"

    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text, default=None)
    name_key: Mapped[str | None] = mapped_column(Text, default=None)
    email: Mapped[str | None] = mapped_column(Text, default=None)

    __table_args__ = (Index("ix_teams_name_key", "name_key", unique=True),)


class EntryRow(DefaultBase):
    """One entry. Ids come from the writer, never from a sequence; `request_key` is no part of the digest."""

    __tablename__ = "activity_log"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    team_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("teams.id"))
    timestamp: Mapped[datetime] = mapped_column(Moment())
    type: Mapped[str] = mapped_column(String(64))
    slug: Mapped[str | None] = mapped_column(Text)
    currency_delta: Mapped[int] = mapped_column(default=0)
    strong_currency_delta: Mapped[int] = mapped_column(default=0)
    data: Mapped[str | None] = mapped_column(Text)
    internal_data: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    request_key: Mapped[str | None] = mapped_column(RequestKey, index=True)

    __table_args__ = (Index("ix_activity_log_team_id_id", "team_id", "id"),)
