"""Extrema of jsartoolkitNFT's kind, beside the same worked out pixel by pixel of whole images."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from markers.compiler.arrays import FloatImage, GrayImage
from markers.compiler.nft.extrema import find_extrema
from markers.compiler.nft.pyramid import Octave, Stack
from markers.compiler.pyramid import double, halve
from tests.markers.compiler.builders import gray_poster

Place = tuple[int, int, int]


def noise(*, width_px: int, height_px: int, seed: int = 1) -> GrayImage:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height_px // 3, width_px // 3), dtype=np.uint8)
    return cv2.resize(coarse, (width_px, height_px)).astype(np.uint8)


def dogs_of(stack: Stack, octave: Octave) -> tuple[FloatImage, FloatImage]:
    first, second, third = stack.images(octave)
    return first - second, second - third


def whole_levels(stack: Stack, number: int) -> tuple[FloatImage, FloatImage, FloatImage]:
    """A difference of the only picture, with the one below and the one above at its resolution."""
    octave = stack.octaves[number // 2]
    first, second = dogs_of(stack, octave)
    if number % 2 == 0:
        return halve(dogs_of(stack, stack.octaves[number // 2 - 1])[1]), first, second
    coarser = dogs_of(stack, stack.octaves[number // 2 + 1])[0]
    above = double(coarser, height_px=octave.height_px, width_px=octave.width_px)
    return first, second, above


def expected_fields(stack: Stack) -> dict[Place, NDArray[np.float32]]:
    """By number of the difference, x and y: what is around each pixel that stands out."""
    found = {}
    for number in range(1, 2 * len(stack.octaves) - 1):
        levels = np.stack(whole_levels(stack, number))
        if min(levels.shape[1:]) < 16:
            continue
        for y in range(1, levels.shape[1] - 1):
            for x in range(1, levels.shape[2] - 1):
                field = levels[:, y - 1 : y + 2, x - 1 : x + 2]
                height = field[1, 1, 1]
                is_extreme = height in (field.max(), field.min())
                if abs(height) >= 3 and is_extreme and not is_edge(field[1].astype(float)):
                    found[number, x, y] = field
    return found


def is_edge(field: NDArray[np.float64]) -> bool:
    xx = field[1, 0] + field[1, 2] - 2 * field[1, 1]
    yy = field[0, 1] + field[2, 1] - 2 * field[1, 1]
    xy = (field[0, 0] + field[2, 2] - field[0, 2] - field[2, 0]) / 4
    determinant = xx * yy - xy**2
    return bool(determinant <= 0 or (xx + yy) ** 2 / determinant >= 6.25)


@pytest.mark.parametrize(
    "gray",
    [
        noise(width_px=97, height_px=71),
        noise(width_px=64, height_px=130, seed=2),
        gray_poster(seed=3, width_px=151, height_px=110),
        cv2.GaussianBlur(noise(width_px=120, height_px=83), (0, 0), 1).astype(np.uint8),
    ],
    ids=["noise, odd sides", "noise, upright", "poster", "soft noise"],
)
def test_extrema_are_those_that_whole_images_give(gray: GrayImage) -> None:
    stack = Stack([gray])
    expected = expected_fields(stack)

    extrema = find_extrema(stack)

    places = np.column_stack([extrema.numbers, extrema.pixels]).tolist()
    found = {(n, x, y): extrema.fields[..., row] for row, (n, x, y) in enumerate(places)}
    # Which of two equal values is the greater one hangs on the order of sums.
    assert len(found) > 20
    assert len(found.keys() ^ expected.keys()) <= 0.01 * len(expected)
    for place in found.keys() & expected.keys():
        assert np.abs(found[place] - expected[place]).max() < 1e-4


def test_extrema_know_nothing_of_the_other_pictures_in_the_stack() -> None:
    one, other = noise(width_px=90, height_px=60), gray_poster(seed=4)
    alone = find_extrema(Stack([one]))

    both = find_extrema(Stack([other, one, other]))

    rows = np.flatnonzero(both.pictures == 1)
    assert np.array_equal(both.numbers[rows], alone.numbers)
    assert np.array_equal(both.pixels[rows], alone.pixels)
    assert np.array_equal(both.fields[..., rows], alone.fields)
    assert np.all(np.diff(both.pictures) >= 0)


def test_many_extrema_are_found_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack([noise(width_px=200, height_px=150)])
    at_once = find_extrema(stack)

    monkeypatch.setattr("markers.compiler.nft.extrema.AT_ONCE", 7)
    one_by_one = find_extrema(stack)

    assert np.array_equal(at_once.pixels, one_by_one.pixels)
    assert np.array_equal(at_once.fields, one_by_one.fields)


def test_nothing_stands_out_of_no_picture() -> None:
    extrema = find_extrema(Stack([]))

    assert extrema.pixels.shape == (0, 2)
    assert extrema.fields.shape == (3, 3, 3, 0)
