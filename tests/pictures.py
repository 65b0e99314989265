"""Seeded synthetic pictures: the same seed gives the same pixels, and two seeds differ everywhere.

A picture is (H, W, 3) uint8, red-green-blue, rows from the top. Nothing here touches the disk.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

RgbPicture = NDArray[np.uint8]  # (H, W, 3), 0..255

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789&?!"
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, size=3).tolist()
    return red, green, blue


def _point(rng: np.random.Generator, *, width_px: int, height_px: int) -> tuple[int, int]:
    return int(rng.integers(0, width_px)), int(rng.integers(0, height_px))


def _clouds(rng: np.random.Generator, *, width_px: int, height_px: int, cells: int) -> RgbPicture:
    """Smooth colour noise: a coarse random grid of ``cells`` across, blown up bicubically."""
    coarse = rng.integers(0, 256, size=(cells, cells, 3), dtype=np.uint8)
    grown = cv2.resize(coarse, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown, dtype=np.uint8)


def poster(*, seed: int, width_px: int = 800, height_px: int = 600) -> RgbPicture:
    """Draw a poster full of corners: shapes, hatching and letters over soft clouds."""
    rng = np.random.default_rng(seed)
    canvas = _clouds(rng, width_px=width_px, height_px=height_px, cells=6)
    unit_px = min(width_px, height_px)

    for _ in range(70):
        centre = _point(rng, width_px=width_px, height_px=height_px)
        radius_px = int(rng.uniform(0.015, 0.11) * unit_px) + 2
        corners = int(rng.integers(3, 8))
        angles_rad = np.sort(rng.uniform(0.0, 2.0 * np.pi, size=corners))
        reach_px = rng.uniform(0.4, 1.0, size=corners) * radius_px
        polygon = np.stack(
            [centre[0] + reach_px * np.cos(angles_rad), centre[1] + reach_px * np.sin(angles_rad)],
            axis=1,
        )
        cv2.fillPoly(canvas, [polygon.astype(np.int32)], _colour(rng), cv2.LINE_AA)

    for _ in range(25):
        start = _point(rng, width_px=width_px, height_px=height_px)
        end = _point(rng, width_px=width_px, height_px=height_px)
        step = rng.uniform(0.1, 0.3)
        near_end = (
            int(start[0] + (end[0] - start[0]) * step),
            int(start[1] + (end[1] - start[1]) * step),
        )
        cv2.line(canvas, start, near_end, _colour(rng), int(rng.integers(1, 5)), cv2.LINE_AA)
        cv2.circle(canvas, start, int(rng.uniform(0.01, 0.05) * unit_px) + 2, _colour(rng), 2)

    for _ in range(35):
        word = "".join(rng.choice(list(_LETTERS), size=int(rng.integers(1, 5))).tolist())
        cv2.putText(
            canvas,
            word,
            _point(rng, width_px=width_px, height_px=height_px),
            int(rng.choice(_FONTS)),
            float(rng.uniform(0.0008, 0.0035) * unit_px),
            _colour(rng),
            int(rng.integers(1, 4)),
            cv2.LINE_AA,
        )
    return canvas


def photo_like(*, seed: int, width_px: int = 800, height_px: int = 600) -> RgbPicture:
    """Noise with a natural photograph's spectrum (amplitude falls as 1/frequency) and grain.

    Plainer than ``poster``: few hard edges, as foliage, stone or cloth seen from afar.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height_px)[:, None], np.fft.rfftfreq(width_px)[None, :])
    amplitude = 1.0 / np.maximum(frequency, 1.0 / max(width_px, height_px))
    shared = rng.standard_normal((height_px, width_px))
    layers = []
    for _ in range(3):
        noise = shared + 0.4 * rng.standard_normal((height_px, width_px))
        layer = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=(height_px, width_px))
        low, high = np.percentile(layer, [1.0, 99.0])
        layers.append((layer - low) / (high - low) * 255.0)
    picture = np.stack(layers, axis=2) + rng.normal(0.0, 2.0, size=(height_px, width_px, 1))
    return np.clip(picture, 0.0, 255.0).astype(np.uint8)


def flat(
    *, width_px: int = 800, height_px: int = 600, colour: tuple[int, int, int] = (200, 180, 160)
) -> RgbPicture:
    """One colour everywhere: nothing to recognise at all."""
    return np.full((height_px, width_px, 3), colour, dtype=np.uint8)


def gradient(*, width_px: int = 800, height_px: int = 600) -> RgbPicture:
    """A smooth ramp from corner to corner: plenty of contrast, no corners to hold on to."""
    across = np.linspace(0.0, 255.0, width_px)[None, :]
    down = np.linspace(0.0, 255.0, height_px)[:, None]
    red, green = np.broadcast_arrays(across, down)
    return np.stack([red, green, (across + down) / 2.0], axis=2).astype(np.uint8)


def encode_png(picture: RgbPicture) -> bytes:
    """Encode as PNG, without loss."""
    done, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert done
    return encoded.tobytes()


def encode_jpeg(picture: RgbPicture, *, quality: int = 92) -> bytes:
    """Encode as a baseline JPEG without metadata; ``quality`` is 1..100."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    assert done
    return encoded.tobytes()
