"""The state of every team, kept in Redis so that a start need not fold the whole log."""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hunt.log.source import Source
from hunt.log.tail import Tail
from hunt.replica.derived.form import Form, NothingKept, Unusable
from hunt.replica.derived.loader import Loader
from hunt.replica.derived.sampler import Sampler
from hunt.replica.derived.scripts import DerivedScripts
from hunt.replica.derived.writer import Writer
from hunt.replica.errors import PASSING
from hunt.replica.lease import Lease
from hunt.replica.status import Health

DERIVE_SECONDS = 30.0
"""Between the beginnings of two passes: what a start has to read of the log is about what two of them take."""

SAMPLE_SECONDS = 60.0
"""How often one team is folded from the log and compared."""

TICK_SECONDS = 1.0

logger = structlog.get_logger()


class Derived:
    """What is kept is never believed: its seal, its place in this log's chain and the code it was made by must fit.

    `secret` is what the server's processes share; nobody without it can make a seal.
    """

    def __init__(self, redis: Redis, source: Source, tail: Tail, secret: str, *, lease: Lease, health: Health) -> None:
        self._tail = tail
        self._secret = secret
        self._lease = lease
        self._health = health
        self._scripts = DerivedScripts(redis)
        self._loader = Loader(self._scripts, source)
        self._writer = Writer(self._scripts, source, tail, lease, health)
        self._sampler = Sampler(self._scripts, source, tail, health)
        self._form: Form | None = None
        self._refused = False

    @property
    def form(self) -> Form:
        """How states of the hunt that is played now are kept."""
        hunt = self._tail.board.hunt
        if self._form is None or self._form.hunt is not hunt:
            self._form = Form(hunt, self._secret)
        return self._form

    async def load(self) -> bool:
        """Has the tail stand at the log's end, from what is kept; False, and nothing done, where that is of no use.

        Raises LogAway.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            board, newest = await self._loader.board(self.form)
        except (Unusable, RedisError) as error:
            self._refused = isinstance(error, Unusable) and not isinstance(error, NothingKept)
            logger.info("derived_state_not_used", reason=str(error), seconds=round(loop.time() - begun, 2))
            return False
        self._tail.replace(board, newest)
        seconds = round(loop.time() - begun, 2)
        logger.info("derived_state_used", head=board.head, teams=len(board.teams), seconds=seconds)
        return True

    async def run(self) -> None:
        """Writes and samples while this process holds the lease, until cancelled; Redis may come and go."""
        loop = asyncio.get_running_loop()
        write_at, sample_at = loop.time(), loop.time() + SAMPLE_SECONDS
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = loop.time()
            try:
                if self._refused:  # else the next start would refuse it as well, until every state has changed
                    await self._scripts.drop(self.form)
                    self._refused = False
                if now >= write_at and await self._lease.hold():
                    write_at = now + DERIVE_SECONDS
                    await self.write()
                if now >= sample_at and await self._lease.hold():
                    sample_at = now + SAMPLE_SECONDS
                    await self.sample()
            except PASSING as error:
                self._health.failed(error)

    async def write(self) -> bool:
        """Writes the states that have changed since they were written; True when all are there.

        Raises RedisError and LogAway.
        """
        return await self._writer.write(self.form)

    async def sample(self, team_id: int | None = None) -> bool:
        """Folds a team (any, where none is named) from the log; False when Redis or this process has it otherwise.

        What is wrong is mended: what is kept is dropped, the board folded anew. Raises RedisError and LogAway.
        """
        return await self._sampler.sample(self.form, team_id)
