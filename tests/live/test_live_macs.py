"""What clients are given in place of the log's digests, and that nobody but the server can make or read it."""

import json
import re
from hashlib import sha256

import pytest

from apps import App, Team
from hunt.live.macs import Macs
from live_world import guess, wired

pytestmark = pytest.mark.anyio

DIGEST = "d" * 64
MICROSECONDS = re.compile(r"\d{2}:\d{2}:\d{2}\.\d{4,}")


def test_a_mac_is_the_same_for_everybody_with_the_secret_and_another_for_every_other_place() -> None:
    macs = Macs("a secret")
    assert Macs("a secret").of(7, DIGEST) == macs.of(7, DIGEST)
    others = {Macs("another").of(7, DIGEST), macs.of(8, DIGEST), macs.of(7, "e" * 64), macs.of(7, "")}
    assert len(others | {macs.of(7, DIGEST)}) == 5


@pytest.mark.parametrize("guessed", [DIGEST, sha256(DIGEST.encode()).hexdigest()[:32], "", "ಕ", "\ud800", "0" * 32])
def test_nothing_but_the_mac_itself_fits(guessed: str) -> None:
    macs = Macs("a secret")
    assert macs.fits(macs.of(7, DIGEST), 7, DIGEST)
    assert not macs.fits(guessed, 7, DIGEST)
    assert not macs.fits(macs.of(7, DIGEST).upper(), 7, DIGEST)
    assert not macs.fits(macs.of(7, DIGEST), 8, DIGEST)


async def _digests(app: App) -> set[str]:
    reader = app.services.reader
    return {entry.digest for entry in await reader.entries(0, 1_000)} | {app.services.tail.digest}


async def test_a_team_is_never_sent_a_digest(live_app: App, team: Team) -> None:
    await guess(live_app, team, "wrong")
    async with wired(live_app, team) as wire, live_app.client() as client:
        wire.sub("activity_log")
        wire.sub("hub", "b")
        await guess(live_app, team, "wrong too")
        await wire.settled()
        answers = [
            await client.get(path, headers=team.headers) for path in ("/api/activity", "/api/me", "/health/ready")
        ]
        said = json.dumps(wire.frames) + "".join(answer.text for answer in answers)
    assert not [digest for digest in await _digests(live_app) if digest in said]
    head = answers[0].json()["head"]
    assert head["mac"] == live_app.services.hub.shared.head_mac()


async def test_a_cursor_from_the_activity_resumes_a_socket(live_app: App, team: Team) -> None:
    async with live_app.client() as client:
        head = (await client.get("/api/activity", headers=team.headers)).json()["head"]
    new = await guess(live_app, team, "later")
    async with wired(live_app, team) as wire:
        wire.sub("activity_log", since=head["id"], mac=head["mac"])
        await wire.settled()
        assert not wire.of("reset")
        assert [entry["id"] for entry in wire.of("append")[0]["entries"]] == [new]


@pytest.mark.parametrize("path", ["/", "/puzzles", "/puzzles/lantern", "/activity", "/team"])
async def test_a_page_of_a_team_holds_a_mac_and_no_finer_time_than_milliseconds(
    live_app: App, team: Team, path: str
) -> None:
    for text in ("wrong", "wronger"):
        await guess(live_app, team, text)
    async with live_app.client(headers=team.headers) as client:
        page = (await client.get(path)).text
    assert f'data-mac="{live_app.services.hub.shared.head_mac()}"' in page
    assert not [digest for digest in await _digests(live_app) if digest in page]
    assert not MICROSECONDS.search(page)


@pytest.mark.parametrize("path", ["/login", "/register", "/nothing", "/pages/rules"])
async def test_a_page_for_everybody_says_nothing_of_the_log(live_app: App, path: str) -> None:
    async with live_app.client() as client:
        page = (await client.get(path)).text
    assert "data-now" in page
    for secret in ("data-mac", "data-epoch", "data-team", live_app.services.hub.shared.head_mac()):
        assert secret not in page
    assert not [digest for digest in await _digests(live_app) if digest in page]
    assert not MICROSECONDS.search(page)
