"""Teams, operators and sessions in SQL."""

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hunt.accounts.tables import OperatorRow, SessionRow
from hunt.log.tables import TeamRow


class TeamRepository(SQLAlchemyAsyncRepository[TeamRow]):
    model_type = TeamRow


class OperatorRepository(SQLAlchemyAsyncRepository[OperatorRow]):
    model_type = OperatorRow


class SessionRepository(SQLAlchemyAsyncRepository[SessionRow]):
    model_type = SessionRow


def inside(connection: AsyncConnection) -> AsyncSession:
    """A session within a transaction that somebody else commits; its own commit ends only a savepoint."""
    return AsyncSession(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
