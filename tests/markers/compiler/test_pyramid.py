import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markers.compiler.pyramid import AreaSampler, blur, build_pyramid, double, halve


def sampler_of(gray: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> AreaSampler:
    return AreaSampler(gray, width_px=gray.shape[1], height_px=gray.shape[0])


def test_half_the_size_is_the_mean_of_two_by_two() -> None:
    rng = np.random.default_rng(1)
    gray = rng.integers(0, 256, (40, 60), dtype=np.uint8)

    half = sampler_of(gray).at(0.5)

    means = gray.reshape(20, 2, 30, 2).mean(axis=(1, 3))
    assert np.array_equal(half, np.rint(means))


def test_the_full_size_is_the_picture_itself() -> None:
    gray = np.random.default_rng(2).integers(0, 256, (33, 47), dtype=np.uint8)

    assert np.array_equal(sampler_of(gray).at(1.0), gray)


@settings(deadline=None, max_examples=50)
@given(scale=st.floats(0.11, 1.9), width_px=st.integers(60, 200), height_px=st.integers(60, 200))
def test_a_point_is_where_the_scale_says_on_both_axes(
    scale: float, width_px: int, height_px: int
) -> None:
    across, down = np.arange(width_px) * 0.9, np.arange(height_px) * 0.3
    gray = np.rint(down[:, None] + across[None, :]).astype(np.uint8)

    sampled = sampler_of(gray).at(scale)

    rows, columns = np.mgrid[: sampled.shape[0], : sampled.shape[1]]
    x, y = (columns + 0.5) / scale - 0.5, (rows + 0.5) / scale - 0.5
    inside = np.s_[2:-2, 2:-2]
    assert sampled.shape == (round(height_px * scale), round(width_px * scale))
    assert np.abs(sampled - (0.9 * x + 0.3 * y))[inside].max() < 1.6  # two roundings and an edge


@pytest.mark.parametrize("scale", [1.6, 2.0, 2.5])
def test_an_enlargement_is_not_shifted(scale: float) -> None:
    gray = np.tile(np.arange(0, 240, 8), (30, 1)).astype(np.uint8)

    enlarged = sampler_of(gray).at(scale)

    inner = np.arange(5, enlarged.shape[1] - 5)
    assert np.abs(enlarged[20, inner] - 8 * ((inner + 0.5) / scale - 0.5)).max() < 1
    assert np.abs(sampler_of(gray.T.copy()).at(scale).astype(int) - enlarged.T).max() <= 1


def test_a_reduction_of_the_picture_is_sampled_as_the_picture() -> None:
    across = np.repeat(np.arange(200), 2)
    gray = np.tile(across, (100, 1)).astype(np.uint8)

    from_half = AreaSampler(gray[::2, ::2].copy(), width_px=400, height_px=100).at(0.25)

    assert np.abs(from_half.astype(int) - sampler_of(gray).at(0.25)).max() <= 1


@pytest.mark.parametrize("scale", [0.37, 1.0, 1.6])
def test_a_flat_picture_stays_flat(scale: float) -> None:
    sampled = sampler_of(np.full((50, 70), 93, np.uint8)).at(scale)

    assert np.all(sampled == 93)


def test_the_blur_is_the_binomial_filter() -> None:
    impulse = np.zeros((9, 9), np.float32)
    impulse[4, 4] = 256

    row = np.array([1, 4, 6, 4, 1])
    assert np.array_equal(blur(impulse)[2:7, 2:7], np.outer(row, row))


def test_doubling_reads_a_quarter_pixel_off() -> None:
    ramp = np.tile(np.arange(10, dtype=np.float32), (6, 1))

    doubled = double(ramp, height_px=13, width_px=21)

    assert doubled.shape == (13, 21)
    assert np.allclose(doubled[5, 1:19], 0.5 * np.arange(1, 19) - 0.25)


def test_halving_leaves_out_an_odd_line() -> None:
    image = np.arange(35, dtype=np.float32).reshape(5, 7)

    assert np.array_equal(halve(image), [[4, 6, 8], [18, 20, 22]])


@pytest.mark.parametrize(
    ("size_px", "octaves"), [((7, 300), 0), ((8, 8), 1), ((100, 100), 4), ((640, 480), 5)]
)
def test_octaves_end_at_eight_pixels_or_at_five(size_px: tuple[int, int], octaves: int) -> None:
    pyramid = build_pyramid(np.zeros(size_px, np.uint8))

    assert len(pyramid) == octaves
