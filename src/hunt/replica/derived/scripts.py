"""The scripts that write the teams' states, and the reads beside them; all raise RedisError."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from hunt.replica.answers import as_refusal
from hunt.replica.derived.form import Form

LIFE_SECONDS = 86_400
"""How long states are kept that nobody writes any more: those of a former hunt or former rules, of a stopped server."""


class DerivedScripts:
    """Each method is one round trip and one atomic step. `token` names a pass; a new pass ends the one before."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._begin = _script(redis, "begin")
        self._put = _script(redis, "put")
        self._close = _script(redis, "close")
        self._drop = _script(redis, "drop")

    async def begin(self, form: Form, token: str) -> tuple[int, bytes]:
        """How many states there are (-1: Redis holds something else there), and the meta, empty for none."""
        names = [form.teams, form.meta, form.pass_]
        reply = await self._begin(keys=names, args=[_LIFE, token])
        with as_refusal():
            return msgspec.convert(reply, tuple[int, bytes])

    async def put(self, form: Form, token: str, values: Mapping[int, bytes]) -> bool:
        """Keeps the teams' values; False when another pass has begun."""
        args: list[Any] = [_LIFE, token]
        for pair in values.items():
            args += pair
        return bool(await self._put(keys=[form.teams, form.pass_], args=args))

    async def close(self, form: Form, token: str, count: int, meta: bytes) -> bool:
        """Keeps the meta; False when another pass has begun, or there are not so many states."""
        names = [form.teams, form.meta, form.pass_]
        return bool(await self._close(keys=names, args=[_LIFE, token, count, meta]))

    async def drop(self, form: Form) -> None:
        await self._drop(keys=[form.teams, form.meta])

    async def meta(self, form: Form) -> bytes | None:
        reply = await self._redis.get(form.meta)
        with as_refusal():
            return msgspec.convert(reply, bytes | None)

    async def values(self, form: Form, team_ids: Sequence[int]) -> list[bytes | None]:
        """The values of these teams, in the same order."""
        reply = await self._redis.hmget(form.teams, list(map(str, team_ids)))
        with as_refusal():
            values = msgspec.convert(reply, list[bytes | None])
            if len(values) != len(team_ids):
                raise ValueError("another number of values")
            return values


_LIFE = LIFE_SECONDS * 1000


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script((files(__package__) / "lua" / f"{name}.lua").read_text())
