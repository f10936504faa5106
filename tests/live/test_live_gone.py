"""A browser that goes away while something is sent to it: nothing that anybody has to hear of."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from hunt.live.budget import Budget
from hunt.live.socket import serve

pytestmark = pytest.mark.anyio


class GoneSocket:
    """A socket whose client has gone without a word: sending and closing fail as uvicorn lets them."""

    def __init__(self) -> None:
        self.tried = 0

    async def send_data(self, *_: Any, **__: Any) -> None:
        self.tried += 1
        raise OSError

    async def receive_data(self, **_: Any) -> str:
        await asyncio.Event().wait()
        return ""

    async def close(self, *_: Any) -> None:
        raise OSError


async def test_a_client_that_goes_away_while_it_is_sent_something_is_no_error() -> None:
    tail = SimpleNamespace(head=0, digest="")
    joined: list[Any] = []
    shared = SimpleNamespace(
        tail=tail, budget=lambda _team_id: Budget(), head_mac=lambda: "", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )
    hub: Any = SimpleNamespace(shared=shared, join=joined.append, leave=joined.remove)
    socket: Any = GoneSocket()
    with capture_logs() as said:
        await serve(socket, hub, None, None, "build")
    assert socket.tried == 1
    assert not joined
    assert said == []
