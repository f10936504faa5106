"""Answers that no Redis gives, from whatever answers in its place: each counts as a refusal, and no task ends of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from derived_world import FORM
from redis.asyncio import Redis
from replica_world import KICKOFF, SECRET, MemoryLog, Parts, lines

from apps import HOST
from hunt.replica import Replica, Unreadable, connect
from hunt.replica.commands import stream_range, team_scores
from hunt.replica.derived.form import Unusable
from hunt.replica.derived.scripts import DerivedScripts
from hunt.replica.errors import PASSING
from hunt.replica.messages import BadMessage, parse
from hunt.replica.notes import Notes
from tcp import tcp_server
from waiting import eventually

pytestmark = pytest.mark.anyio
SET_UP = (b"CLIENT", b"SELECT")
"""What a client says when it connects; it is answered as Redis would."""
ANSWERS = {
    "a text": b"+OK\r\n",
    "a number": b":5\r\n",
    "nothing": b"$-1\r\n",
    "no list": b"*-1\r\n",
    "an empty list": b"*0\r\n",
    "bytes": b"$3\r\nabc\r\n",
    "lists": b"*2\r\n*1\r\n:1\r\n*1\r\n:2\r\n",
    "pairs of numbers": b"*1\r\n*2\r\n:1\r\n*2\r\n:1\r\n:2\r\n",
    "nine times nothing": b"*9\r\n" + b"$-1\r\n" * 9,
    "nine numbers": b"*9\r\n" + b":1\r\n" * 9,
    "nine texts": b"*9\r\n" + b"$1\r\na\r\n" * 9,
    "a message without a text": b"*1\r\n*2\r\n$1\r\na\r\n*1\r\n*2\r\n$3\r\n0-1\r\n$-1\r\n",
    "a mapping": b"%1\r\n+a\r\n:1\r\n",
    "yes": b"#t\r\n",
    "a fraction": b",1.5\r\n",
    "no UTF-8": b"+\xff\xfe\r\n",
    "an error in no UTF-8": b"-ERR \xff\xfe\r\n",
    "no place in a cluster": b"-ASK 1 x:y\r\n",
    "a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@contextlib.asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """The URL of a server that gives the same answer to whatever it is asked."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(1 << 20):
            set_up = sum(asked.count(name) for name in SET_UP)
            writer.write(b"+OK\r\n" * set_up or answer)
            await writer.drain()

    async with tcp_server(serve) as port:
        yield f"redis://{HOST}:{port}"


def questions(redis: Redis, log: MemoryLog) -> list[Callable[[], Awaitable[object]]]:
    """All that is asked of Redis, as the tasks ask it."""
    parts, kept = Parts(redis, log), DerivedScripts(redis)
    scripts, notes = parts.scripts, Notes(redis, parts.scripts, lambda: KICKOFF)

    async def messages() -> None:
        parse(await stream_range(redis, "stream", 0, None, 10))

    return [
        scripts.inspect,
        lambda: scripts.read(0, 10),
        lambda: scripts.append(0, "", lines(log.rows)),
        lambda: scripts.take_build("token"),
        lambda: scripts.swap("token", 0, "", ""),
        lambda: scripts.extend_team("gen", 1, score=0, length=0, upto=1, messages=[]),
        lambda: scripts.team_ends(1),
        lambda: scripts.drop_strays(["1"]),
        lambda: scripts.hold_lease("me", 1.0),
        lambda: team_scores(redis),
        messages,
        notes.read,
        lambda: kept.begin(FORM, "token"),
        lambda: kept.meta(FORM),
        lambda: kept.values(FORM, [1, 2]),
        lambda: parts.builder.rebuild("For a test."),
        lambda: parts.keeper._turn({1: True}),
        parts.keeper.audit_next,
    ]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_answer_of_another_form_is_a_refusal(answer: str, log: MemoryLog) -> None:
    log.grow(5)
    async with answering(ANSWERS[answer]) as url, connect(url) as redis:
        for ask in questions(redis, log):
            with contextlib.suppress(*PASSING, BadMessage):
                await ask()


@pytest.mark.parametrize("answer", ANSWERS)
async def test_whatever_is_kept_of_the_teams_is_of_a_form_that_can_be_refused(answer: str) -> None:
    async with answering(ANSWERS[answer]) as url, connect(url) as redis:
        kept = DerivedScripts(redis)
        with contextlib.suppress(*PASSING, Unusable):
            FORM.meta_in(await kept.meta(FORM))
        with contextlib.suppress(*PASSING, Unusable):
            FORM.kept(1, (await kept.values(FORM, [1]))[0])


@pytest.mark.parametrize("answer", ["nine numbers", "nothing", "a mapping", "no place in a cluster"])
async def test_the_tasks_outlive_such_answers_and_the_log_is_read(answer: str, log: MemoryLog) -> None:
    log.grow(5)
    async with answering(ANSWERS[answer]) as url, connect(url) as redis:
        replica = Replica(redis, log, SECRET, reconcile_seconds=0.01, scrub_entries_per_second=100)
        task = asyncio.create_task(replica.run())
        replica.publish(log.rows, "")
        with pytest.raises(Unreadable):
            await replica.read(0, 10, 10)

        async def many() -> bool:
            return task.done() or (await replica.status()).counters.errors > 10

        await eventually(many, what="errors")
        assert not task.done()
        assert await replica.team_entries(1, 0, 5, 10) == log.of_team(1)
        assert not (await replica.status()).available
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await replica.aclose()
