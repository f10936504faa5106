"""Waiting for a condition, never for a length of time. The only place in the tests that may pause."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

PAUSE_SECONDS = 0.01
WITHIN_SECONDS = 60.0
"""Generous: a machine may be five times slower, or busy. Who waits for what comes does not notice."""

Result = TypeVar("Result")


def wait_until(
    condition: Callable[[], Result], *, within: float = WITHIN_SECONDS, what: str = "the condition"
) -> Result:
    """The first true value of `condition`; AssertionError when there is none after `within` seconds."""
    pause = threading.Event()
    for _ in range(int(within / PAUSE_SECONDS) + 1):
        if result := condition():
            return result
        pause.wait(PAUSE_SECONDS)
    raise AssertionError(f"{what} did not come about within {within} s")


async def eventually(
    condition: Callable[[], Awaitable[Result]], *, within: float = WITHIN_SECONDS, what: str = "the condition"
) -> Result:
    """The first true value of the coroutine function `condition`, else AssertionError, as `wait_until`."""
    try:
        with anyio.fail_after(within):
            while not (result := await condition()):  # noqa: ASYNC110 - the condition knows of no event
                await asyncio.sleep(PAUSE_SECONDS)
            return result
    except TimeoutError:
        raise AssertionError(f"{what} did not come about within {within} s") from None
