"""Teams, operators and sessions in SQL."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from advanced_alchemy.base import ModelProtocol
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from hunt.accounts.sessions import Kind
from hunt.accounts.tables import OperatorRow, SessionRow
from hunt.game.refusals import NotFound
from hunt.log.reader import reading_from
from hunt.log.source import read_again
from hunt.log.tables import TeamRow

Row = TypeVar("Row", bound=ModelProtocol)
T = TypeVar("T")


class _Repository(SQLAlchemyAsyncRepository[Row]):
    """Lets SQLAlchemy's errors through: wrapped, a lost connection and a taken name look alike."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session=session, wrap_exceptions=False)


class TeamRepository(_Repository[TeamRow]):
    model_type = TeamRow


class OperatorRepository(_Repository[OperatorRow]):
    model_type = OperatorRow


class SessionRepository(_Repository[SessionRow]):
    model_type = SessionRow


Account = TeamRow | OperatorRow

REPOSITORIES: dict[Kind, type[TeamRepository] | type[OperatorRepository]] = {
    "team": TeamRepository,
    "operator": OperatorRepository,
}


def inside(connection: AsyncConnection) -> AsyncSession:
    """A session within a transaction that somebody else commits; its own commit ends only a savepoint."""
    return AsyncSession(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


def missing(kind: Kind, account_id: int) -> NotFound:
    """What to raise where there is no such account."""
    return NotFound(f"There is no {kind} with the id {account_id}.")


async def read(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """What `work` reads; tried again while the database is away, which is LogAway in the end."""

    async def once() -> T:
        async with reading_from(engine) as connection:
            return await work(connection)

    return await read_again(once)
