import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler import msgpack
from markers.compiler.clusters import Cluster
from markers.compiler.encode import MalformedTarget, encode_mind, parse_mind
from markers.compiler.target import FeatureSet, Keyframe, Target, TrackingImage
from tests.markers.compiler.builders import random_target

# Written by hand from the format's description, member by member.
GOLDEN = (
    b"\x82\xa1v\x02\xa8dataList\x91"
    b"\x83\xabtargetImage\x82\xa5width\xcd\x02\x80\xa6height\xcd\x01\xe0"
    b"\xactrackingData\x91"
    b"\x85\xa4data\xc4\x06\x00\x01\x02\x03\x04\xff"
    b"\xa5scale\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00\xa5width\x03\xa6height\x02"
    b"\xa6points\x91\x82\xa1x\x02\xa1y\x01"
    b"\xacmatchingData\x91"
    b"\x87\xacmaximaPoints\x91"
    b"\x86\xa6maxima\xc3\xa1x\xca\x41\x28\x00\x00\xa1y\xca\x41\xa2\x00\x00\xa5scale\x04"
    b"\xa5angle\xca\xbf\xc0\x00\x00\xabdescriptors\xdc\x00\x15"
    b"\xce\x01\x02\x03\x04" + b"\xce\x00\x00\x00\x00" * 19 + b"\xce\x00\x00\x00\xc0"
    b"\xacminimaPoints\x90"
    b"\xb3maximaPointsCluster\x81\xa8rootNode"
    b"\x83\xb0centerPointIndex\xc0\xa4leaf\xc3\xacpointIndexes\x91\x00"
    b"\xb3minimaPointsCluster\x81\xa8rootNode"
    b"\x83\xb0centerPointIndex\xc0\xa4leaf\xc3\xacpointIndexes\x90"
    b"\xa5width\xcd\x01\x40\xa6height\xcc\xf0\xa5scale\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00"
)


def golden_target() -> Target:
    descriptor = np.zeros((1, 84), np.uint8)
    descriptor[0, :4] = 1, 2, 3, 4
    descriptor[0, -1] = 0xC0
    one = FeatureSet(
        np.array([[10.5, 20.25]], np.float32),
        np.array([4], np.int32),
        np.array([-1.5], np.float32),
        descriptor,
        Cluster(None, (0,), ()),
    )
    none = FeatureSet(
        np.empty((0, 2), np.float32),
        np.empty(0, np.int32),
        np.empty(0, np.float32),
        np.empty((0, 84), np.uint8),
        Cluster(None, (), ()),
    )
    pixels = np.array([[0, 1, 2], [3, 4, 255]], np.uint8)
    tracking = TrackingImage(0.5, pixels, np.array([[2, 1]], np.int32))
    return Target(640, 480, (tracking,), (Keyframe(0.5, 320, 240, maxima=one, minima=none),))


def test_the_file_is_what_the_format_says() -> None:
    assert encode_mind([golden_target()]) == GOLDEN


def test_a_file_is_read_as_what_was_written() -> None:
    (target,) = parse_mind(GOLDEN)

    feature = target.keyframes[0].maxima
    assert (target.width_px, target.height_px) == (640, 480)
    assert feature.points_px.tolist() == [[10.5, 20.25]]
    assert feature.descriptors[0, :5].tolist() == [1, 2, 3, 4, 0]
    assert target.tracking[0].pixels.tolist() == [[0, 1, 2], [3, 4, 255]]
    assert target.tracking[0].points_px.tolist() == [[2, 1]]


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32),
    bright=st.integers(0, 60),
    dark=st.integers(0, 60),
    keyframes=st.integers(0, 3),
    tracked=st.integers(0, 20),
    targets=st.integers(0, 2),
)
def test_a_file_survives_reading_and_writing_byte_for_byte(
    seed: int, bright: int, dark: int, keyframes: int, tracked: int, targets: int
) -> None:
    numbers = {"bright": bright, "dark": dark, "keyframes": keyframes, "tracked": tracked}
    data = encode_mind([random_target(seed=seed + n, **numbers) for n in range(targets)])

    assert encode_mind(parse_mind(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"<!doctype html>",
        GOLDEN[:-1],
        GOLDEN + b"\x00",
        GOLDEN.replace(b"\xa1v\x02", b"\xa1v\x01"),
        GOLDEN.replace(b"\xa8dataList", b"\xa8dataLost"),
        GOLDEN.replace(b"\xa6height\x02", b"\xa6height\x03"),
        GOLDEN.replace(b"\xa6points\x91\x82\xa1x", b"\xa6points\x91\x82\xa1z"),
    ],
)
def test_what_is_no_target_file_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedTarget):
        parse_mind(data)


@settings(deadline=None)
@given(place=st.integers(0, len(GOLDEN) - 1), byte=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(place: int, byte: int) -> None:
    damaged = GOLDEN[:place] + bytes([byte]) + GOLDEN[place + 1 :]

    try:
        targets = parse_mind(damaged)
    except MalformedTarget:
        return
    assert all(isinstance(target, Target) for target in targets)


def test_a_centre_written_as_text_is_read_as_a_number() -> None:
    text_centre = GOLDEN.replace(
        b"centerPointIndex\xc0", b"centerPointIndex" + msgpack.pack_str("12")
    )

    (target,) = parse_mind(text_centre)

    assert target.keyframes[0].maxima.root.centre == 12
