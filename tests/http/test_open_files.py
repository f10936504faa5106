"""What a process says of open files that it cannot have."""

import errno
import os

import pytest
from structlog.testing import capture_logs

from hunt.http.open_files import FileWatch

pytestmark = pytest.mark.anyio


async def test_running_out_of_files_is_said_once_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = FileWatch()

    def fail(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    async def look(*, is_out: bool) -> list[str]:
        with capture_logs() as said, monkeypatch.context() as patched:
            if is_out:
                patched.setattr(os, "open", fail)
            await watch()
        return [line["event"] for line in said]

    assert await look(is_out=True) == ["out_of_files"]
    assert await look(is_out=True) == []
    assert await look(is_out=False) == []
    assert await look(is_out=True) == ["out_of_files"]
