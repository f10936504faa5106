"""Teams, the activity log, operators and sessions."""

import sqlalchemy as sa
from alembic import op

from hunt.log.tables import Moment, RequestKey

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("username", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.String(128), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text),
    )
    op.create_table(
        "activity_log",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("team_id", sa.BigInteger, sa.ForeignKey("teams.id")),
        sa.Column("timestamp", Moment(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("slug", sa.Text),
        sa.Column("currency_delta", sa.Integer, nullable=False, server_default="0"),
        sa.Column("strong_currency_delta", sa.Integer, nullable=False, server_default="0"),
        sa.Column("data", sa.Text),
        sa.Column("internal_data", sa.Text),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("request_key", RequestKey),
    )
    op.create_index("ix_activity_log_team_id_id", "activity_log", ["team_id", "id"])
    op.create_index("ix_activity_log_request_key", "activity_log", ["request_key"])
    op.create_table(
        "operators",
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("username", sa.String(64), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(43), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("revocation", sa.BigInteger, unique=True),
    )
    op.create_index("ix_sessions_account", "sessions", ["kind", "account_id"])


def downgrade() -> None:
    for table in ("sessions", "operators", "activity_log", "teams"):
        op.drop_table(table)
