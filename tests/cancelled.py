"""Keeping a cancelled test from taking the ones after it along."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any


def alone_in_failing(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
    """The test, failing where something has cancelled it: all tests share a task, which must not end with it."""

    @functools.wraps(test)
    async def guarded(**fixtures: Any) -> None:
        try:
            await test(**fixtures)
        except asyncio.CancelledError as cancelled:
            while (task := asyncio.current_task()) is not None and task.cancelling():
                task.uncancel()
            raise AssertionError("the test was cancelled from inside") from cancelled

    return guarded
