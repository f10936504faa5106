"""The servers that other tests stand on."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest
import redis
from playwright.async_api import Page, expect

import servers
from cancelled import alone_in_failing
from servers import PostgresServer, RedisServer

pytestmark = pytest.mark.anyio


def test_a_killed_redis_comes_back_empty(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set("a", "1")
    redis_server.kill()
    with redis_server.client() as client, pytest.raises(redis.ConnectionError):
        client.ping()
    redis_server.start()
    with redis_server.client() as client:
        assert client.get("a") is None


def test_a_paused_redis_answers_when_it_is_resumed(redis_server: RedisServer) -> None:
    redis_server.pause()
    with redis_server.client(timeout=0.1) as client:
        with pytest.raises(redis.TimeoutError):
            client.ping()
        redis_server.resume()
    assert redis_server.answers()


def test_what_postgres_committed_survives_a_kill(postgres_server: PostgresServer) -> None:
    name = postgres_server.database()
    postgres_server.execute("CREATE TABLE kept (id int)", name)
    postgres_server.kill()
    assert not postgres_server.running
    postgres_server.start()
    with pytest.raises(asyncpg.DuplicateTableError):
        postgres_server.execute("CREATE TABLE kept (id int)", name)
    postgres_server.drop(name)


def test_a_restarted_postgres_answers(postgres_server: PostgresServer) -> None:
    postgres_server.restart()
    assert postgres_server.answers()


async def test_each_test_has_an_empty_database(database_url: str) -> None:
    assert database_url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://"))


async def test_a_test_that_is_cancelled_fails_alone() -> None:
    async def cancels_itself() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="cancelled from inside"):
        await alone_in_failing(cancels_itself)()
    await asyncio.sleep(0)


async def test_a_page_renders(page: Page) -> None:
    await page.set_content("<h1>Hello</h1>")
    await expect(page.get_by_role("heading")).to_have_text("Hello")


def test_the_bundled_servers_run_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    own = [folder for folder in servers._postgres_folders() if "pgserver" in str(folder)]
    monkeypatch.setattr(servers, "_postgres_folders", lambda: own)
    for server in (RedisServer(), PostgresServer()):
        server.start()
        assert server.answers()
        server.close()


def test_postgres_runs_from_a_folder_that_its_user_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_may_run", lambda _binary, _user: False)
    own = [folder for folder in servers._postgres_folders() if "pgserver" in str(folder)]
    monkeypatch.setattr(servers, "_postgres_folders", lambda: own)
    server = PostgresServer()
    server.start()
    assert server.answers()
    server.close()
    assert not Path(server.folder).exists()
