"""Look-alikes, told from their files."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from markers.compiler import CONFUSABLE, compile_target, confusable
from markers.compiler.alike import compare, likeness_of
from markers.compiler.encode import MalformedTarget
from markers.compiler.options import CompileOptions
from tests.pictures import RgbPicture, encode_png, photo_like, poster

QUICK = CompileOptions(quality_views=0, enhance=False)


def mind_of(picture: RgbPicture) -> bytes:
    return compile_target(encode_png(picture), QUICK).mind


def with_another_price(picture: RgbPicture) -> RgbPicture:
    changed = picture.copy()
    cv2.rectangle(changed, (280, 220), (520, 340), (255, 255, 255), -1)
    cv2.putText(changed, "99", (320, 320), cv2.FONT_HERSHEY_DUPLEX, 3, (200, 0, 0), 8)
    return changed


def test_a_target_is_like_itself() -> None:
    mind = mind_of(poster(seed=1))

    assert confusable(mind, mind) > 0.95


@pytest.mark.parametrize(
    "alter",
    [
        with_another_price,
        lambda picture: picture[60:, 80:].copy(),
        lambda picture: cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.uint8),
        lambda picture: np.rint(picture * 0.6 + 30).astype(np.uint8),
    ],
    ids=["another price", "cropped", "blurred", "paler"],
)
def test_nearly_the_same_picture_is_confusable(
    alter: Callable[[RgbPicture], RgbPicture],
) -> None:
    picture = poster(seed=1)

    assert confusable(mind_of(picture), mind_of(alter(picture))) > CONFUSABLE


def test_other_pictures_are_not_confusable() -> None:
    likenesses = [
        likeness_of(mind_of(picture))
        for picture in (poster(seed=1), poster(seed=2), photo_like(seed=3), photo_like(seed=4))
    ]

    pairs = [(a, b) for n, a in enumerate(likenesses) for b in likenesses[:n]]
    assert max(compare(a, b) for a, b in pairs) < CONFUSABLE


def test_the_order_does_not_matter() -> None:
    picture = poster(seed=1)
    one, other = mind_of(picture), mind_of(picture[100:, 100:].copy())

    assert confusable(one, other) == pytest.approx(confusable(other, one), abs=0.1)


def test_what_is_no_target_file_is_refused() -> None:
    with pytest.raises(MalformedTarget):
        confusable(b"", mind_of(poster(seed=1)))
