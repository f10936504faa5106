"""Runs the migrations in one transaction under a lock, so that several starting copies migrate once.

`hunt.log.migrations` passes the open connection in the configuration's attributes.
"""

from alembic import context
from sqlalchemy import text

from hunt.accounts import tables as account_tables
from hunt.log import tables as log_tables

MIGRATION_LOCK = 4_847_567

connection = context.config.attributes["connection"]
metadata = log_tables.TeamRow.metadata
assert account_tables.OperatorRow.metadata is metadata  # noqa: S101 - the import itself is what is needed

if connection.dialect.name == "postgresql":
    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
context.run_migrations()
