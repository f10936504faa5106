"""Takes the pictures in docs/images: the demo hunt in a headless Chromium, after an evening's first hour.

Run it from the checkout, with what the tests need installed: `.venv/bin/python docs/screenshots.py`.
"""  # noqa: INP001 - a script beside the pages that it illustrates, no package

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import APIRequestContext, Browser, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 300_000
"""A picture that is larger has no place in a repository."""

DESKTOP = ViewportSize(width=1180, height=860)
PHONE = ViewportSize(width=390, height=800)
SOLVED = ("first_things_first", "stocktaking", "baking_in_the_dark", "what_was_left_behind", "from_behind")
PUZZLE = "the_eels_way_home"
GUESSES = ("river", "home again")


NO_SPOILERS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".ui-answer { filter: blur(5px); }");
  document.adoptedStyleSheets = [sheet];
}"""
"""Who reads the README may want to play the demo. (Pages take no other style from outside.)"""


class Shot(NamedTuple):
    """One picture: its name, the page, the window and the colours."""

    name: str
    path: str
    size: ViewportSize
    colours: Literal["light", "dark"]
    scale: float = 1


SHOTS = (
    Shot("hub-light", "/", DESKTOP, "light"),
    Shot("puzzle-dark", f"/puzzles/{PUZZLE}", DESKTOP, "dark"),
    Shot("round-phone-light", "/rounds/low_water", PHONE, "light", 1.5),
    Shot("puzzle-phone-dark", f"/puzzles/{PUZZLE}", PHONE, "dark", 1.5),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served() -> Iterator[str]:
    """The demo hunt on an address of its own, with a database that nobody needs afterwards."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUNT_")}
        command = [sys.executable, "-m", "hunt.dev", "--home", home, "--no-reload"]
        with subprocess.Popen(  # noqa: S603 - our own server
            command, env=environment | {"HUNT_PORT": str(port)}, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                for line in server.stdout or ():
                    if "Ctrl-C" in line:  # the last line of what it says once it is ready
                        break
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def play(api: APIRequestContext) -> None:
    """Bring the home team to where the pictures are worth looking at."""

    def post(path: str, body: object, token: str = "") -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = api.post(f"/api/{path}", data=body, headers=headers)
        if not answer.ok:
            sys.exit(f"{path} answered {answer.status}: {answer.text()}")
        found: dict[str, str] = answer.json()
        return found

    hq = post("ops/login", {"username": "hq", "password": "password"})["token"]
    for slug in SOLVED:
        post(f"ops/puzzles/{slug}/solve", {"teams": [1]}, hq)
    team = post("login", {"username": "team", "password": "password"})["token"]
    for guess in GUESSES:
        post(f"puzzles/{PUZZLE}/guesses", {"guess": guess}, team)


def take(browser: Browser, base: str, shot: Shot) -> None:
    context = browser.new_context(
        base_url=base, viewport=shot.size, color_scheme=shot.colours, device_scale_factor=shot.scale
    )
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("User name").fill("team")
    page.locator("input[type=password]").fill("password")
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("/")
    page.goto(shot.path)
    page.wait_for_function("document.fonts.status == 'loaded' && [...document.images].every((image) => image.complete)")
    page.evaluate(NO_SPOILERS)
    path = IMAGES / f"{shot.name}.png"
    page.screenshot(path=path, animations="disabled")
    context.close()
    size = path.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"{path.name} has {size} bytes; at most {MAX_BYTES} are wanted.")


def main() -> None:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    IMAGES.mkdir(exist_ok=True)
    with served() as base, sync_playwright() as playwright:
        api = playwright.request.new_context(base_url=base)
        play(api)
        api.dispose()
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for shot in SHOTS:
            take(browser, base, shot)
        browser.close()


if __name__ == "__main__":
    main()
