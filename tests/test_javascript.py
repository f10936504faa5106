"""The browser's protocol logic has tests of its own, run by node where it is found."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

JS_TESTS = Path(__file__).parent / "js"
VENDORED = Path(__file__).parents[1] / "src/hunt/web/static/vendor"
SECONDS = 60


def test_the_protocol_in_the_browser_resumes_resets_and_backs_off() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs: node")
    files = sorted(str(path) for path in JS_TESTS.glob("*.test.mjs"))
    run = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_vendored_files_are_what_their_checksums_say() -> None:
    lines = (VENDORED / "SHA256SUMS").read_text().splitlines()
    stated = {name: digest for digest, name in (line.split() for line in lines)}
    assert stated == {name: hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() for name in stated}
    unlisted = {path.name for path in VENDORED.iterdir()} - {*stated, "SHA256SUMS", "README.md", "idiomorph.min.d.ts"}
    assert not unlisted
