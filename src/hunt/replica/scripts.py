"""The Lua scripts, which are the one way in which this room writes to Redis, as typed functions."""

import hmac
from collections.abc import Sequence
from enum import StrEnum
from importlib.resources import files
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from hunt.log.lines import LINE_END, Line
from hunt.replica import keys
from hunt.replica.answers import as_refusal
from hunt.replica.commands import BEYOND, id_of_score, is_id
from hunt.replica.ledger import NO_STREAM
from hunt.replica.messages import Message, RawMessages, raw_messages

PROGRESS_SECONDS = 5.0
"""A builder that adds nothing for so long may be taken over from."""

_NONE = b"%d" % NO_STREAM


class Verdict(StrEnum):
    """What came of an append."""

    OK = "OK"
    DUP = "DUP"
    """The replica has all of it already."""
    GAP = "GAP"
    """The replica ends before the entry that these follow."""
    FORK = "FORK"
    """The replica holds another entry at its head than this history."""
    RESET = "RESET"
    """There is no replica, or one of other rules."""
    CORRUPT = "CORRUPT"
    """The stream does not hold what its head says."""


class Swap(StrEnum):
    OK = "OK"
    LOST = "LOST"
    BEHIND = "BEHIND"


class TeamVerdict(StrEnum):
    OK = "OK"
    MOVED = "MOVED"
    CORRUPT = "CORRUPT"
    GONE = "GONE"


class Appended(Struct, frozen=True):
    verdict: Verdict
    head: int


class Inspection(Struct, frozen=True):
    """What the replica says of itself. `length` is -1 without a stream; without meta `head` is 0, texts empty."""

    rules: str
    head: int
    digest: str
    gen: str
    bad: str
    length: int
    top: str
    oddity: str = ""
    """What it says of itself that cannot be."""

    @property
    def present(self) -> bool:
        return self.rules == keys.RULES

    @property
    def damage(self) -> str:
        """Why this replica must not be used, or an empty string. A dense stream is as long as its last id says."""
        if not self.present:
            return "There is no replica of this version."
        if self.oddity:
            return f"The replica says of itself what cannot be: {self.oddity}."
        if self.bad:
            return f"The replica is marked: {self.bad}."
        if self.length < 0:
            return "The stream is missing."
        if self.length != self.head or self.top != (keys.message_id(self.head) if self.head else ""):
            return f"The stream has {self.length} entries up to {self.top or 'none'}, its head says {self.head}."
        return ""


class TeamEnds(Struct, frozen=True):
    """Where a team's stream ends and where it should; all at one moment."""

    head: int
    """The replica's; 0 where it says none."""
    score: int | None
    last: int | None
    """The last id, 0 without messages, one beyond every log for what is no entry's; None without a stream."""

    @property
    def fits(self) -> bool:
        """Whether nothing stands above the score, the score not above the head, and no stream is without one."""
        if self.score is None:
            return self.last is None
        return (self.last or 0) <= self.score <= self.head


class Scripts:
    """Each method is one round trip and one atomic step; all raise RedisError.

    With `secret`, which the server's processes share and Redis does not know, the replica's head is sealed: what others
    add stands beyond it, or at one without a seal.
    """

    def __init__(self, redis: Redis, secret: str) -> None:
        self._secret = secret.encode()
        self._append = _script(redis, "append")
        self._inspect = _script(redis, "inspect")
        self._mark = _script(redis, "mark")
        self._take = _script(redis, "take")
        self._chunk = _script(redis, "chunk")
        self._swap = _script(redis, "swap")
        self._release = _script(redis, "release")
        self._team = _script(redis, "team")
        self._ends = _script(redis, "ends")
        self._drop = _script(redis, "drop")
        self._stray = _script(redis, "stray")
        self._lease = _script(redis, "lease")
        self._note = _script(redis, "note")
        self._place = _script(redis, "place")

    async def append(self, previous: int, digest: str, lines: Sequence[Line]) -> Appended:
        """Appends `lines`, which follow the entry `previous` with the log's `digest`."""
        args: list[Any] = [keys.RULES, previous, digest]
        for line in lines:
            args += (line.body, line.digest)
        args.append(self._seal(previous + len(lines), lines[-1].digest if lines else digest))
        reply = await self._append(keys=[keys.META, keys.STREAM], args=args)
        with as_refusal():
            verdict, head = reply
            return Appended(Verdict(verdict.decode()), int(head))

    async def inspect(self) -> Inspection:
        reply = await self._inspect(keys=[keys.META, keys.STREAM, keys.TEAMS])
        with as_refusal():
            return self._inspection(reply)

    async def read(self, after: int, count: int) -> tuple[Inspection, RawMessages]:
        """What the replica says of itself, and the first `count` messages after `after`."""
        names = [keys.META, keys.STREAM, keys.TEAMS]
        reply = await self._inspect(keys=names, args=[keys.message_id(after + 1), count])
        with as_refusal():
            return self._inspection(reply), raw_messages(reply[-1])

    def _inspection(self, reply: list[Any]) -> Inspection:
        *texts, length, top, _ = reply
        rules, head, digest, gen, bad, seal = (text.decode(errors="replace") for text in texts)
        id = _head_in(head)
        sealed = id is not None and hmac.compare_digest(seal.encode(), self._seal(id, digest).encode())
        oddity = _oddity(head, gen) or ("" if sealed else "its head has no seal of this hunt's servers")
        return Inspection(rules, id or 0, digest, gen, bad, int(length), top.decode(errors="replace"), oddity)

    def _seal(self, head: int, digest: str) -> str:
        return hmac.digest(self._secret, f"replica {head} {digest}".encode(), "sha256").hex()

    async def mark_bad(self, gen: str, reason: str) -> bool:
        """Marks the replica as bad; False when `gen` has been replaced already."""
        return bool(await self._mark(keys=[keys.META], args=[gen, reason]))

    async def take_build(self, token: str, gen: str | None = None) -> str:
        """Takes the right to build, if it is free; the token of whoever has it now.

        Or of whoever has put another replica in the place of `gen`, where that is given.
        """
        args: list[Any] = [token, _milliseconds(PROGRESS_SECONDS)]
        holder = await self._take(keys=[keys.BUILDER, keys.META], args=args if gen is None else [*args, gen])
        with as_refusal():
            return str(holder, errors="replace")

    async def add_chunk(self, token: str, done: int, lines: Sequence[Line]) -> bool:
        """Adds `lines` after the first `done` to the shadow stream; False when another builder has taken over."""
        bodies = LINE_END.join([*(line.body for line in lines), b""])
        args: list[Any] = [token, _milliseconds(PROGRESS_SECONDS), done, bodies]
        return bool(await self._chunk(keys=[keys.BUILDER, keys.shadow_stream(token)], args=args))

    async def swap(self, token: str, head: int, digest: str, denied: str) -> Swap:
        """Puts the shadow stream in place; `denied` is a digest at which the log says the replica cannot stand."""
        names = [keys.BUILDER, keys.shadow_stream(token), keys.STREAM, keys.META, keys.TEAMS]
        reply = await self._swap(keys=names, args=[token, keys.RULES, head, digest, self._seal(head, digest), denied])
        with as_refusal():
            return Swap(reply.decode())

    async def release(self, token: str) -> None:
        """Gives up the build of `token`."""
        await self._release(keys=[keys.BUILDER, keys.shadow_stream(token)], args=[token])

    async def extend_team(
        self, gen: str, team_id: int, *, score: int, length: int, upto: int, messages: Sequence[Message]
    ) -> tuple[TeamVerdict, int]:
        """Adds `messages`, moves the score from `score` to `upto`; the verdict and the score now (-1: none)."""
        args: list[Any] = [gen, team_id, score, length, upto]
        for message in messages:
            args += message
        names = [keys.META, keys.TEAMS, keys.team_stream(team_id)]
        reply = await self._team(keys=names, args=args)
        with as_refusal():
            verdict, now = reply
            return TeamVerdict(verdict.decode()), NO_STREAM if now == _NONE else id_of_score(float(now))

    async def drop_team(self, team_id: int) -> None:
        await self._drop(keys=[keys.TEAMS, keys.team_stream(team_id)], args=[team_id])

    async def team_ends(self, member: int | str) -> TeamEnds:
        names = [keys.META, keys.TEAMS, keys.team_stream(member)]
        reply = await self._ends(keys=names, args=[member])
        with as_refusal():
            head, score, last = reply
            return TeamEnds(
                _head_in(head.decode(errors="replace")) or 0,
                id_of_score(float(score)) if score else None,
                _last_in(last.decode()),
            )

    async def drop_member(self, member: bytes) -> None:
        """Drops a member of the sorted set that names no team."""
        await self._drop(keys=[keys.TEAMS, keys.team_stream("").encode() + member], args=[member])

    async def drop_strays(self, members: Sequence[str]) -> list[str]:
        """Drops the streams of those that have no score, and names them."""
        dropped = await self._stray(keys=[keys.TEAMS, *map(keys.team_stream, members)], args=members)
        with as_refusal():
            return [member.decode() for member in dropped]

    async def hold_lease(self, holder: str, seconds: float) -> bool:
        return bool(await self._lease(keys=[keys.LEASE], args=[holder, _milliseconds(seconds)]))

    async def note(self, notes: Sequence[bytes], kept: int) -> None:
        """Adds notes of repairs, the newest last; `kept` of all stay."""
        await self._note(keys=[keys.NOTES], args=[kept, *notes])

    async def place(self, said: bytes, seconds: float) -> None:
        """Says for so many seconds where the scrub is."""
        await self._place(keys=[keys.PLACE], args=[said, _milliseconds(seconds)])


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script((files(__package__) / "lua" / f"{name}.lua").read_text())


def _head_in(text: str) -> int | None:
    """The head that a text says; None where it says none."""
    return int(text) if is_id(text) else None


def _last_in(text: str) -> int | None:
    """The id in the last message's, as TeamEnds has it."""
    if not text:
        return None
    if text == "stream":
        return 0
    id = text.removeprefix("0-")
    return int(id) if id != text and is_id(id) else BEYOND


def _oddity(head: str, gen: str) -> str:
    if _head_in(head) is None:
        return "its head is no number of entries"
    return "" if gen.isascii() and gen.isalnum() else "its gen is no builder's token"


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
