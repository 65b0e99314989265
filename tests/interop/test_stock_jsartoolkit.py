"""Targets compiled by us, in the hands of stock jsartoolkitNFT."""

from collections.abc import Iterator

import numpy as np
import pytest

from markers.compiler.nft import NftOptions, NftTarget, compile_nft
from tests.e2e.clips import Conditions, View
from tests.interop.jsartoolkit import Dimensions, StockJsartoolkit, stock_jsartoolkit
from tests.interop.shots import take_shot
from tests.pictures import RgbPicture, encode_png, photo_like, poster

pytestmark = pytest.mark.e2e

LENS = Conditions(blur_px=0.6)
# Of the picture's diagonal in the frame; seen from near, its corners are far outside.
CORNERS_OFF_MAX = 0.01
LOOKS = 15  # it draws lots for its pose

VIEWS = {
    "head-on": View(fill=0.7),
    "tilted by 40 degrees": View(fill=0.7, tilt_deg=40, tilt_axis_deg=70),
    "tilted by 55 degrees": View(fill=0.6, tilt_deg=55, tilt_axis_deg=20),
    "turned by 80 degrees": View(fill=0.6, roll_deg=80, tilt_deg=20),
    "small": View(fill=0.35),
    "from so near that the borders are not seen": View(fill=1.6),
}


@pytest.fixture(scope="module")
def picture() -> RgbPicture:
    return poster(seed=1)


@pytest.fixture(scope="module")
def target(picture: RgbPicture) -> NftTarget:
    return compile_nft(encode_png(picture), NftOptions(physical_width_mm=210))


@pytest.fixture(scope="module")
def jsartoolkit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StockJsartoolkit]:
    with stock_jsartoolkit(tmp_path_factory.mktemp("stock")) as jsartoolkit:
        yield jsartoolkit


@pytest.fixture
def loaded(jsartoolkit: StockJsartoolkit, target: NftTarget) -> StockJsartoolkit:
    jsartoolkit.load(target.iset, target.fset, target.fset3)
    return jsartoolkit


def test_jsartoolkit_reads_the_size_of_the_picture(
    jsartoolkit: StockJsartoolkit, target: NftTarget
) -> None:
    read = jsartoolkit.load(target.iset, target.fset, target.fset3)

    assert read == Dimensions(target.width_px, target.height_px, target.dpi)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_jsartoolkit_finds_the_picture_where_it_is(
    loaded: StockJsartoolkit, picture: RgbPicture, view: View
) -> None:
    shot = take_shot(picture, view, LENS)

    looks = [loaded.show(shot.png).corners for _ in range(LOOKS)]

    found = [corners for corners in looks if corners is not None]
    assert len(found) == LOOKS
    off_px = np.linalg.norm(np.mean(found, axis=0) - shot.corners, axis=1).mean()
    assert off_px < CORNERS_OFF_MAX * np.linalg.norm(shot.corners[2] - shot.corners[0])


@pytest.mark.parametrize("other", [photo_like(seed=2), poster(seed=9)], ids=["photo", "poster"])
def test_jsartoolkit_does_not_find_another_picture(
    loaded: StockJsartoolkit, other: RgbPicture
) -> None:
    for fill in (0.5, 0.8):
        assert loaded.show(take_shot(other, View(fill=fill), LENS).png).corners is None
