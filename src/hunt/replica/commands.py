"""The few plain reads, with the types that this room's clients give (bytes, RESP2)."""

from typing import cast

from redis.asyncio import Redis

from hunt.replica import keys
from hunt.replica.answers import as_refusal
from hunt.replica.messages import Message, RawMessages, parse

BEYOND = 1 << 53
"""Ids are below it: scores are floats, and so are Lua's numbers."""

DIGITS = 15
"""Ids have no more, so that each of them is below it."""


async def stream_range(redis: Redis, stream: str, after: int, upto: int | None, limit: int | None) -> RawMessages:
    """At most `limit` messages in (after, upto], or of all after `after` when `upto` is None. Raises RedisError."""
    last = "+" if upto is None else keys.message_id(upto)
    return cast(RawMessages, await redis.xrange(stream, keys.message_id(after + 1), last, count=limit))


async def team_range(redis: Redis, team_id: int, after: int, upto: int, limit: int) -> list[Message]:
    """The first `limit` messages in (after, upto] of the team's stream. Raises RedisError and BadMessage."""
    return parse(await stream_range(redis, keys.team_stream(team_id), after, upto, limit))


async def team_scores(redis: Redis) -> list[tuple[str, int]]:
    """Members and scores of the sorted set of teams, as they are. Raises RedisError."""
    pairs = cast(list[tuple[bytes, float]], await redis.zrange(keys.TEAMS, 0, -1, withscores=True))
    with as_refusal():
        return [(member.decode(errors="backslashreplace"), id_of_score(score)) for member, score in pairs]


def team_of(member: str) -> int | None:
    """The team that a member of the sorted set names; None where it names none."""
    return int(member) if is_id(member) and str(int(member)) == member else None


def is_id(text: str) -> bool:
    """Whether the text is nothing but the digits of an id."""
    return text.isascii() and text.isdigit() and len(text) <= DIGITS


def id_of_score(score: float) -> int:
    """The id in a score; an id beyond every log for what nobody here has written."""
    return int(score) if 0 <= score < BEYOND and score.is_integer() else BEYOND
