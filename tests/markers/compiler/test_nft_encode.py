import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.nft.encode import (
    MalformedTarget,
    encode_fset,
    encode_fset3,
    encode_iset,
    parse_fset,
    parse_fset3,
    parse_iset,
)
from markers.compiler.nft.target import (
    POINT,
    TRACKED,
    ImageSet,
    Page,
    PageImage,
    PointSet,
    TrackingLayer,
)

PARSERS = (parse_iset, parse_fset, parse_fset3)
JPEG = b"\xff\xd8\xff\xe0pixels\xff\xd9"

int32 = st.integers(-(2**31), 2**31 - 1)
float32 = st.floats(width=32, allow_nan=False)


@st.composite
def tracking_layers(draw: st.DrawFn) -> TrackingLayer:
    raw = draw(st.binary(max_size=3 * TRACKED.itemsize))
    count = len(raw) // TRACKED.itemsize
    points = np.frombuffer(raw, TRACKED, count) if count else np.empty(0, TRACKED)
    return TrackingLayer(draw(int32), draw(float32), draw(float32), points)


@st.composite
def point_sets(draw: st.DrawFn) -> PointSet:
    raw = draw(st.binary(max_size=3 * POINT.itemsize))
    count = len(raw) // POINT.itemsize
    points = np.frombuffer(raw, POINT, count) if count else np.empty(0, POINT)
    images = st.lists(st.builds(PageImage, int32, int32, int32), max_size=3).map(tuple)
    pages = st.lists(st.builds(Page, int32, images), max_size=3).map(tuple)
    return PointSet(points, draw(pages))


@given(pixels=st.binary(max_size=30), dpis=st.lists(float32, max_size=5))
def test_an_image_set_is_read_back_byte_for_byte(pixels: bytes, dpis: list[float]) -> None:
    images = ImageSet(b"\xff\xd8\xff" + pixels + b"\xff\xd9", np.array(dpis, "<f4"))

    data = encode_iset(images)

    assert parse_iset(data).jpeg == images.jpeg
    assert encode_iset(parse_iset(data)) == data


@given(layers=st.lists(tracking_layers(), max_size=4))
def test_places_to_track_are_read_back_byte_for_byte(layers: list[TrackingLayer]) -> None:
    data = encode_fset(layers)

    assert [len(layer.points) for layer in parse_fset(data)] == [len(x.points) for x in layers]
    assert encode_fset(parse_fset(data)) == data


@given(points=point_sets())
def test_points_to_recognise_are_read_back_byte_for_byte(points: PointSet) -> None:
    data = encode_fset3(points)

    assert parse_fset3(data).pages == points.pages
    assert encode_fset3(parse_fset3(data)) == data


def test_the_files_are_laid_out_as_the_runtime_reads_them() -> None:
    tracked = np.zeros(1, TRACKED)
    tracked["place_px"], tracked["place_mm"], tracked["similarity"] = (3, 4), (5, 6), 0.5
    point = np.zeros(1, POINT)
    point["place_px"], point["place_mm"], point["angle_rad"] = (1, 2), (3, 4), 5
    point["descriptor"][0, :3] = 7, 8, 9
    point["sigma_px"], point["is_maximum"], point["page"], point["image"] = 6, 1, 1, 11

    iset = encode_iset(ImageSet(JPEG, np.array([120, 60], "<f4")))
    fset = encode_fset([TrackingLayer(2, 300.0, 75.0, tracked)])
    fset3 = encode_fset3(PointSet(point, (Page(1, (PageImage(0, 0, -1), PageImage(640, 480, 0))),)))

    assert iset == struct.pack("<i", 3) + JPEG + struct.pack("<2f", 120, 60)
    assert fset == struct.pack("<iiffi ii fff", 1, 2, 300, 75, 1, 3, 4, 5, 6, 0.5)
    assert fset3 == struct.pack(
        "<i 4f 3B93x 2f 3i i 2i 3i 3i",
        *(1, 1, 2, 3, 4, 7, 8, 9, 5, 6, 1, 1, 11),
        *(1, 1, 2, 0, 0, -1, 640, 480, 0),
    )


@settings(max_examples=200)
@given(data=st.binary(max_size=300))
def test_other_bytes_are_a_malformed_target_and_nothing_else(data: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(data)
        except MalformedTarget:
            continue


@pytest.mark.parametrize("cut", [1, 4, 20])
def test_a_file_that_is_too_short_or_too_long_is_refused(cut: int) -> None:
    tracked, points = np.zeros(2, TRACKED), np.zeros(2, POINT)
    fset = encode_fset([TrackingLayer(0, 2.0, 1.0, tracked)])
    fset3 = encode_fset3(PointSet(points, (Page(1, (PageImage(1, 1, 0),)),)))

    for parse, data in ((parse_fset, fset), (parse_fset3, fset3)):
        for wrong in (data[:-cut], data + bytes(cut)):
            with pytest.raises(MalformedTarget):
                parse(wrong)


@pytest.mark.parametrize("count", [-1, 0, 2**31 - 1])
def test_an_image_set_that_says_a_wrong_number_of_layers_is_refused(count: int) -> None:
    with pytest.raises(MalformedTarget):
        parse_iset(struct.pack("<i", count) + JPEG)
