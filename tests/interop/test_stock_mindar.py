"""Targets compiled by us, in the hands of stock MindAR."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from markers.compiler import CompiledTarget, compile_target
from markers.compiler.clusters import hamming_distances
from markers.compiler.encode import parse_mind
from tests.e2e.clips import Conditions, View, render_clip, still
from tests.interop.browser import FRAME_HEIGHT_PX, FRAME_WIDTH_PX, StockMindar, stock_mindar
from tests.markers.compiler.builders import gray_poster
from tests.pictures import RgbPicture, encode_png, photo_like, poster

pytestmark = pytest.mark.e2e

# MindAR follows whole pixels of a 128-pixel image: one of them is two to three pixels of the frame.
CORNERS_OFF_MAX_PX = 3.0

VIEWS = {
    "head-on": View(fill=0.7),
    "tilted by 40 degrees": View(fill=0.7, tilt_deg=40, tilt_axis_deg=70),
    "turned by 25 degrees": View(fill=0.6, roll_deg=25, tilt_deg=20),
    "small": View(fill=0.4),
}


@pytest.fixture(scope="module")
def picture() -> RgbPicture:
    return poster(seed=1)


@pytest.fixture(scope="module")
def compiled(picture: RgbPicture) -> CompiledTarget:
    return compile_target(encode_png(picture))


@pytest.fixture(scope="module")
def mindar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StockMindar]:
    with stock_mindar(tmp_path_factory.mktemp("stock")) as mindar:
        yield mindar


def photograph(picture: RgbPicture, view: View, folder: Path) -> tuple[bytes, NDArray[np.float64]]:
    """Take one camera frame of a picture; returns it as PNG, and the picture's true corners."""
    clip = render_clip(
        folder / "clip.y4m",
        picture=picture,
        motion=still(view),
        conditions=Conditions(blur_px=0.6),
        size=(FRAME_WIDTH_PX, FRAME_HEIGHT_PX),
        lead_in_frames=0,
        shown_frames=1,
        tail_frames=0,
    )
    frame = clip.path.read_bytes().partition(b"FRAME\n")[2]
    planes = np.frombuffer(frame, np.uint8).reshape(FRAME_HEIGHT_PX * 3 // 2, FRAME_WIDTH_PX)
    shot = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420).astype(np.uint8)
    corners = clip.corners[0]
    assert corners is not None
    return encode_png(shot), corners


def test_descriptors_are_those_of_mindar_bit_for_bit(mindar: StockMindar) -> None:
    # A grey picture: of colours, MindAR's compiler makes other greys than its runtime sees.
    grey = gray_poster(seed=7, width_px=600, height_px=450)
    picture = encode_png(np.repeat(grey[..., None], 3, axis=2))

    (theirs,) = parse_mind(mindar.compile(picture))
    (ours,) = parse_mind(compile_target(picture).mind)

    for kind in ("maxima", "minima"):
        # The full size: smaller ones are sampled otherwise.
        reference, made = (getattr(target.keyframes[0], kind) for target in (theirs, ours))
        gaps = np.linalg.norm(reference.points_px[:, None] - made.points_px[None], axis=2)
        gaps += 100 * (reference.sizes[:, None] != made.sizes[None])
        same, partners = gaps.min(axis=1) < 0.01, gaps.argmin(axis=1)
        bits = hamming_distances(reference.descriptors, made.descriptors)
        differing = bits[np.arange(len(reference)), partners][same]
        assert theirs.keyframes[0].scale == ours.keyframes[0].scale == 1
        assert same.mean() > 0.9
        assert (differing == 0).mean() > 0.9  # the rest: a sample as bright as another
        assert differing.mean() < 0.5


def test_mindar_reads_the_size_of_the_picture(
    mindar: StockMindar, compiled: CompiledTarget
) -> None:
    assert mindar.load(compiled.mind) == [[compiled.width_px, compiled.height_px]]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_mindar_finds_the_picture_where_it_is(
    mindar: StockMindar, compiled: CompiledTarget, picture: RgbPicture, view: View, tmp_path: Path
) -> None:
    frame, truth = photograph(picture, view, tmp_path)
    mindar.load(compiled.mind)

    sighting = mindar.show(frame)

    assert sighting.corners is not None, f"not recognised in {sighting.frames} frames"
    assert np.linalg.norm(sighting.corners - truth, axis=1).mean() < CORNERS_OFF_MAX_PX


def test_mindar_does_not_find_another_picture(
    mindar: StockMindar, compiled: CompiledTarget, tmp_path: Path
) -> None:
    frame, _ = photograph(photo_like(seed=2), View(fill=0.7), tmp_path)
    mindar.load(compiled.mind)

    assert mindar.show(frame).poses == 0
