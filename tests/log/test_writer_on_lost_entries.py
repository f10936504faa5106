"""A backup was restored, and something still tells of what the log has lost: nothing is appended on top of that."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from hunt.game import commands as cmd
from hunt.game.entries import Entry
from hunt.log import writer as writing
from hunt.log.reader import LogReader, reading
from stores import Process, execute, process

pytestmark = pytest.mark.anyio


async def restored(one: Process, store: str) -> tuple[list[Entry], str]:
    """The log loses its last two entries and the process knows that; they, and the digest before them."""
    await one.register(1)
    for keys in (1, 2, 3):
        await one.submit(cmd.Grant(teams=(1,), keys=keys))
    lost = await LogReader(one.engine).entries(one.tail.head - 2, 2)
    await execute(store, "DELETE FROM activity_log WHERE id >= :id", id=lost[0].id)
    await one.read_on()
    return lost, one.tail.digest


async def test_entries_that_the_log_has_lost_do_not_get_under_what_is_appended_while_it_is_read(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(store) as one:
        lost, digest = await restored(one, store)

        def overtaken(connection: AsyncConnection) -> Callable[[int, int], Awaitable[list[Entry]]]:
            async def read(after: int, limit: int) -> list[Entry]:
                page = await reading(connection)(after, limit)
                if lost:  # a stream that nobody has mended yet brings them back
                    one.tail.accept(lost, digest)
                    lost.clear()
                return page

            return read

        monkeypatch.setattr(writing, "reading", overtaken)
        done = await one.submit(cmd.Grant(teams=(1,), keys=10))
        assert not lost
        assert done.ids == (len(await one.check()),) * 2
        assert one.tail.board.teams[1].currency == 11


async def test_entries_that_the_log_has_lost_do_not_get_under_what_is_appended_while_it_is_decided(store: str) -> None:
    async with process(store) as one:
        lost, digest = await restored(one, store)

        async def overtaken(_connection: AsyncConnection) -> cmd.Command:
            if lost:
                one.tail.accept(lost, digest)
                lost.clear()
            return cmd.Grant(teams=(1,), keys=10)

        done = await one.writer.submit(prepare=overtaken)
        assert not lost
        assert done.ids == (len(await one.check()),) * 2
        assert one.tail.board.teams[1].currency == 11
