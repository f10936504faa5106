"""PostgreSQL restarts: who reads meanwhile waits a moment and is answered, without a 503."""

import asyncio
from pathlib import Path

import httpx
import pytest

from apps import SERVICE_TOKEN, running_app, settings_of
from hunt.log import source
from hunt.log.migrations import migrate
from hunt.log.tail import Tail
from servers import PostgresServer
from small_hunt import write_small_hunt

pytestmark = pytest.mark.anyio

SERVICE = {"authorization": f"Bearer {SERVICE_TOKEN}"}


async def test_who_reads_while_the_database_restarts_is_answered(
    postgres_url: str, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "READ_PAUSES", (0.1,) * 300)  # as long as a busy machine takes to start the server
    await migrate(postgres_url)
    async with running_app(settings_of(write_small_hunt(tmp_path / "hunt"), postgres_url)) as app:
        await app.begin()
        team, hq = await app.team(), await app.operator()
        head = app.services.tail.head
        monkeypatch.setattr(Tail, "between", lambda *_: None)  # nothing is in memory
        async with app.client() as client, app.client(cookies={"session": team.token}) as browser:
            postgres_server.stop()
            reads = [
                client.get("/api/activity", headers=team.headers),
                client.get("/api/log", headers=SERVICE),
                client.get(f"/api/ops/teams/{team.id}?at={head - 1}", headers=hq),
                browser.get(f"/activity?before={head}"),
            ]
            asked = [asyncio.create_task(read) for read in reads]
            await asyncio.to_thread(postgres_server.start)
            answers: list[httpx.Response] = await asyncio.gather(*asked)
    assert [answer.status_code for answer in answers] == [200] * len(reads)
