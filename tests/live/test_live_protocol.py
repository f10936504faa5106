"""Frames in and out, without a socket."""

import json
from datetime import UTC, datetime

import pytest

from hunt.game.entries import Entry
from hunt.live import protocol
from hunt.live.protocol import MAX_FRAME_BYTES, BadFrame, Ping, Sub, Unsub


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        "not json",
        "{}",
        '{"rpc": 1}',
        '{"rpc": 1, "method": "subscribe"}',
        '{"method": "ping"}',
        '{"rpc": null, "method": "ping"}',
        '{"rpc": 1.5, "method": "ping"}',
        '{"rpc": [1], "method": "ping"}',
        f'{{"rpc": {10**30}, "method": "ping"}}',
        '{"rpc": 1, "method": "sub", "sub": "a"}',
        '{"rpc": 1, "method": "sub", "sub": 5, "dataset": "hub"}',
        '{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "since": "5"}',
        f'{{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "since": {10**30}}}',
        '{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "params": []}',
        '{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "params": {"slug": 5}}',
        '{"rpc": 1, "method": "unsub"}',
        '{"rpc": 1, "method": "ping"} {}',
        '{"rpc": "\\ud800", "method": "ping"}',
        '{"more": ' + "[" * 8_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_call_is_a_bad_frame(frame: str | bytes) -> None:
    with pytest.raises(BadFrame, match=r"\.$"):
        protocol.read(frame)


def test_calls_are_read_with_all_that_is_optional_left_out() -> None:
    assert protocol.read('{"rpc": "x", "method": "ping"}') == Ping(rpc="x")
    assert protocol.read('{"rpc": 2, "method": "unsub", "sub": "a"}') == Unsub(rpc=2, sub="a")
    call = protocol.read('{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "unknown": 1}')
    assert isinstance(call, Sub)
    assert (call.slug, call.format, call.since, call.mac) == ("", "json", None, None)


def test_what_is_optional_may_be_null() -> None:
    text = '{"rpc": 1, "method": "sub", "sub": "a", "dataset": "hub", "params": null, "since": null, "mac": null}'
    assert protocol.read(text) == Sub(rpc=1, sub="a", dataset="hub")


def test_an_update_carries_its_epoch_inside_the_value() -> None:
    for value in ({}, {"a": [1, "}"]}):
        frame = json.loads(protocol.update('with "quotes"', protocol.body(value), 7))
        assert frame == {"type": "update", "sub": 'with "quotes"', "value": {**value, "epoch": 7}}


def entry(id: int) -> Entry:
    moment = datetime(2026, 1, 16, tzinfo=UTC)
    return Entry(id=id, team_id=1, timestamp=moment, type="team_renamed", digest=f"digest {id}")


def test_nothing_picked_is_one_empty_chunk_up_to_the_head() -> None:
    [chunk] = protocol.chunks([], 9, "digest 9")
    assert (chunk.entries, chunk.id, chunk.digest) == ([], 9, "digest 9")


@pytest.mark.parametrize("size", [1, 1_000, 100_000, MAX_FRAME_BYTES - 2_000])
def test_a_long_append_is_split_into_frames_that_tile(size: int) -> None:
    picked = [(entry(id), b'"%s"' % (b"x" * size)) for id in range(3, 3 + 12)]
    chunks = protocol.chunks(picked, 20, "digest 20")
    frames, cursor = [], 0
    for chunk in chunks:
        frames.append(protocol.append("a", cursor, chunk, f"mac of {chunk.digest}"))
        cursor = chunk.id
    assert all(len(frame) <= MAX_FRAME_BYTES for frame in frames)
    read = [json.loads(frame) for frame in frames]
    assert [frame["prev"] for frame in read] == [0, *(frame["id"] for frame in read[:-1])]
    assert (read[-1]["id"], read[-1]["mac"]) == (20, "mac of digest 20")
    assert all(frame["mac"] == f"mac of digest {frame['id']}" for frame in read)
    assert sum(len(frame["entries"]) for frame in read) == 12
