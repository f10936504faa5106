"""What teams' names look like, one form of a user name however it is typed, and e-mail addresses."""

import sqlalchemy as sa
from alembic import op

from hunt.accounts.errors import BadAccount
from hunt.accounts.names import clean_username, name_key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

teams = sa.table("teams", sa.column("id"), sa.column("username"), sa.column("name"), sa.column("name_key"))
operators = sa.table("operators", sa.column("id"), sa.column("username"))


def upgrade() -> None:
    op.add_column("teams", sa.Column("name_key", sa.Text))
    op.add_column("teams", sa.Column("email", sa.Text))
    connection = op.get_bind()
    seen: set[str] = set()
    for id, name in connection.execute(sa.select(teams.c.id, teams.c.name).order_by(teams.c.id)).all():
        key = name_key(name)
        if key not in seen:  # a later one that looks alike keeps its name, and has no key
            seen.add(key)
            connection.execute(teams.update().where(teams.c.id == id).values(name_key=key))
    op.create_index("ix_teams_name_key", "teams", ["name_key"], unique=True)
    for table in (teams, operators):
        _respell(connection, table)


def _respell(connection: sa.Connection, table: sa.TableClause) -> None:
    rows = connection.execute(sa.select(table.c.id, table.c.username).order_by(table.c.id)).all()
    taken = {username for _, username in rows}
    for id, username in rows:
        try:
            spelled = clean_username(username)
        except BadAccount:
            continue
        if spelled != username and spelled not in taken:
            taken.add(spelled)
            connection.execute(table.update().where(table.c.id == id).values(username=spelled))


def downgrade() -> None:
    op.drop_index("ix_teams_name_key", "teams")
    with op.batch_alter_table("teams") as batch:
        batch.drop_column("email")
        batch.drop_column("name_key")
