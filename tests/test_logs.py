"""What the server says while it runs."""

import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from hunt import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail_with_a_secret() -> None:
    password = "correct" + " horse"
    try:
        next(iter(()), password).index("?")
    except ValueError:
        structlog.get_logger().exception("request_failed")


def test_a_line_for_machines_tells_of_an_error_without_what_variables_held(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    fail_with_a_secret()
    said = capsys.readouterr().err
    line = json.loads(said)
    assert line["event"] == "request_failed"
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "correct horse" not in said


def test_a_line_at_a_terminal_tells_of_an_error_without_what_variables_held(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.configure()
    fail_with_a_secret()
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "correct horse" not in said
