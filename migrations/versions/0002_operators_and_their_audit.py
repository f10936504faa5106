"""Operators that are disabled, wrong passwords, and the audit of accounts."""

import sqlalchemy as sa
from alembic import op

from hunt.log.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("operators", sa.Column("created_at", Moment()))
    op.add_column("operators", sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "login_failures",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("place", sa.String(64), primary_key=True),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_index("ix_login_failures_since", "login_failures", ["since"])
    op.create_table(
        "account_audit",
        sa.Column("id", BigId, sa.Identity(), primary_key=True),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("account_audit")
    op.drop_table("login_failures")
    with op.batch_alter_table("operators") as operators:
        operators.drop_column("disabled")
        operators.drop_column("created_at")
