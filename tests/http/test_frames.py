"""Counting frames: as many as there are, however the bytes are cut."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from hunt.http.frames import Bucket, FrameMeter

FRAMES = st.lists(
    st.builds(
        Frame,
        opcode=st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
        data=st.one_of(st.binary(max_size=10), st.integers(0, 70_000).map(bytes)),
        fin=st.booleans(),
    ),
    max_size=8,
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@settings(deadline=None)
@given(FRAMES, st.lists(st.integers(0, 10**6), max_size=6), st.integers(1, 5), st.booleans())
def test_all_frames_are_counted_wherever_the_stream_is_cut(
    frames: list[Frame], cuts: list[int], most: int, mask: bool
) -> None:
    data = b"".join(frame.serialize(mask=mask) for frame in frames)
    meter, counted, taken = FrameMeter(), 0, b""
    for piece in pieces(data, cuts):
        left = piece
        while left:
            end, begun = meter.take(left, most)
            assert begun <= most
            assert end > 0
            counted, taken, left = counted + begun, taken + left[:end], left[end:]
    assert (counted, taken) == (len(frames), data)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 5))
def test_any_bytes_are_taken_without_an_error(data: bytes, most: int) -> None:
    meter, left = FrameMeter(), data
    while left:
        end, _ = meter.take(left, most)
        left = left[end:]


def test_a_bucket_fills_up_again_and_never_over() -> None:
    now = 0.0
    bucket = Bucket(3, 1.0, lambda: now)
    assert [bucket.spend(1) for _ in range(4)] == [True, True, True, False]
    now = 100.0
    assert [bucket.spend(1) for _ in range(4)] == [True, True, True, False]
