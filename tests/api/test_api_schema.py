"""The OpenAPI document, and a program that reads it and tries whether every answer is as it says."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from apps import Site, fresh_sqlite, running_site
from small_hunt import write_small_hunt

CONFIG = Path(__file__).with_name("schemathesis.toml")

pytestmark = pytest.mark.anyio

EXAMPLES = os.environ.get("HUNT_SCHEMA_EXAMPLES", "8")
"""Requests for each operation and phase; see docs/development.md for longer runs."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(write_small_hunt(tmp_path / "hunt"), await fresh_sqlite(tmp_path)) as site:
        await site.app.begin()
        yield site


async def test_every_operation_says_what_it_gives(site: Site) -> None:
    async with site.client() as client:
        document = (await client.get("/api/schema")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) > 30
    for operation in operations:
        [success] = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        described = [content["schema"] for content in success.get("content", {}).values()]
        assert all("$ref" in schema or schema["type"] == "string" for schema in described), operation
        assert described or "204" in operation["responses"]


@pytest.mark.parametrize("who", ["nobody", "team", "operator"])
async def test_every_answer_is_as_the_document_says(site: Site, who: str, tmp_path: Path) -> None:
    headers = {"nobody": {}, "team": (await site.app.team()).headers, "operator": await site.app.operator()}[who]
    program = Path(sys.executable).with_name("st")
    command = [
        str(program),
        "--config-file",
        str(CONFIG),
        "run",
        f"{site.url}/api/schema",
        "--checks",
        "all",
        "--seed",
        "1",
        "--no-color",
    ]
    command += ["--max-examples", EXAMPLES, "--continue-on-failure", "--warnings", "off"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    run = await anyio.run_process(command, check=False, cwd=tmp_path, stderr=subprocess.STDOUT)
    assert run.returncode == 0, run.stdout.decode()
