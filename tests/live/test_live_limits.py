"""What a connection may have at most, and what becomes of one that wants more or reads too little."""

import pytest

from apps import App, Team
from hunt.live import connection, protocol
from hunt.live.hub import MAX_SOCKETS_OF_ACCOUNT, TooManySockets
from live_world import Wire, check_tiles, grant, wired

pytestmark = pytest.mark.anyio


async def test_a_connection_that_does_not_read_keeps_no_queue_and_gets_the_newest(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.sub("navbar")
        wire.sub("activity_log", "b")
        await wire.settled()
        wire.hold()
        for _ in range(30):
            await grant(live_app, team)
        wire.go_on()
        await wire.until(lambda: wire.of("update")[-1]["value"]["currency"] == 30)
        await wire.settled()
        assert len(wire.of("update")) <= 3, "what was replaced meanwhile is passed over"
        check_tiles(wire.of("append", "b"), 0)


async def test_a_connection_that_reads_too_slowly_is_closed_with_4008(
    live_app: App, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SLOW_SECONDS", 0.05)
    async with wired(live_app, team) as wire:
        wire.hold()
        wire.sub("navbar")
        await wire.until(lambda: wire.connection.close_code == protocol.CLOSE_TOO_SLOW)


async def test_a_client_that_asks_without_reading_is_closed_with_4029(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        wire.hold()
        for number in range(connection.MAX_REPLIES + 2):
            wire.call(rpc=number, method="ping")
        assert wire.connection.close_code == protocol.CLOSE_TOO_MANY


async def test_a_connection_has_a_hundred_subscriptions_and_one_more_fails(live_app: App, team: Team) -> None:
    async with wired(live_app, team) as wire:
        for number in range(connection.MAX_SUBSCRIPTIONS + 1):
            wire.sub("team_info", str(number))
        wire.sub("team_info", "0")
        await wire.settled()
        assert [frame["code"] for frame in wire.of("fail")] == ["too_many_subscriptions"]


async def test_an_account_has_a_bounded_number_of_connections(live_app: App, team: Team) -> None:
    hub = live_app.services.hub
    wires = [Wire(live_app, team.id) for _ in range(MAX_SOCKETS_OF_ACCOUNT + 1)]
    for wire in wires[:-1]:
        hub.join(wire.connection)
    with pytest.raises(TooManySockets):
        hub.join(wires[-1].connection)
    other = await live_app.team()
    async with wired(live_app, other) as wire:
        await wire.settled()
    for each in wires:
        hub.leave(each.connection)
    assert team.id not in hub._of
