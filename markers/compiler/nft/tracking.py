"""Places of a layer that can be found again in the next frame.

The runtime compares a 13x13 template at each of them with the frame, within 6 pixels of where it
should be. It needs three places that hold, in whichever layer fits the distance; a layer without
any hides the picture at that distance. So every layer gets the best it has, however weak.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import GrayImage, PixelPoints
from markers.compiler.nft.layers import MM_PER_INCH, falling_scales, resized
from markers.compiler.nft.options import NftOptions
from markers.compiler.nft.target import TRACKED, TrackingLayer

TEMPLATE_PX: Final = 13
# A tilted view needs template pixels from somewhat beyond the template.
BORDER_PX: Final = 8
# Greys below which a corner is the camera's noise.
CORNER_MIN: Final = 1e-6
# How far towards the next finer layer a layer is still used.
FINER_SHARE: Final = 0.2
# How far beyond their own resolution the finest and the coarsest are used.
NEAREST: Final = 4.0
FARTHEST: Final = 2.0


def tracking_dpis(base: GrayImage, *, dpi: int, options: NftOptions) -> list[float]:
    """List the pixels per inch of the layers to track on, large to small.

    Args:
        base: (h, w) largest layer.
        dpi: its pixels per inch.
        options: sizes.
    """
    return falling_scales(
        largest=dpi,
        smallest=dpi * min(1.0, options.tracking_short_side_min_px / min(base.shape)),
        step=options.tracking_step,
    )


def make_tracking_layers(
    base: GrayImage, dpis: Sequence[float], *, count_max: int
) -> tuple[TrackingLayer, ...]:
    """Choose places in each layer, and the distances at which it is used.

    Args:
        base: (h, w) largest layer.
        dpis: pixels per inch of all layers, large to small; the first is that of ``base``.
        count_max: most places in a layer, if it were a square.
    """
    height_px, width_px = base.shape
    layers = []
    gray = base
    for number, dpi in enumerate(dpis):
        scale = dpi / dpis[0]
        gray = resized(gray, width_px=round(width_px * scale), height_px=round(height_px * scale))
        finer = dpis[number - 1] if number else NEAREST * dpi
        coarser = dpis[number + 1] if number + 1 < len(dpis) else dpi / FARTHEST
        layers.append(
            TrackingLayer(
                layer=number,
                dpi_max=dpi + FINER_SHARE * (finer - dpi) if number else finer,
                dpi_min=coarser,
                points=_records(
                    select_tracking_points(gray, count_max=count_max),
                    height_px=gray.shape[0],
                    dpi=dpi,
                ),
            )
        )
    return tuple(layers)


def _records(points_px: PixelPoints, *, height_px: int, dpi: float) -> NDArray[np.void]:
    records = np.zeros(len(points_px), TRACKED)
    records["place_px"] = points_px
    x, y = points_px.T
    records["place_mm"] = np.stack([x, height_px - y], axis=1) / dpi * MM_PER_INCH
    return records


def select_tracking_points(image: GrayImage, *, count_max: int) -> PixelPoints:
    """Choose places to track, one in each field of a grid over the layer.

    Args:
        image: (h, w) layer.
        count_max: most places, if the layer were a square.

    Returns:
        (N, 2) int32 x, y, the best first, all at least 8 px from the border. None in a layer of
        fewer than 17 px, or where all is even.
    """
    height_px, width_px = image.shape
    if min(height_px, width_px) <= 2 * BORDER_PX:
        return np.empty((0, 2), np.int32)
    strength = cv2.cornerMinEigenVal(image, TEMPLATE_PX, ksize=3)
    inner = strength[BORDER_PX : height_px - BORDER_PX, BORDER_PX : width_px - BORDER_PX]
    field_px = max(BORDER_PX, int(np.ceil(np.sqrt(inner.size / count_max))))
    rows, columns = -(-inner.shape[0] // field_px), -(-inner.shape[1] // field_px)
    padded = np.full((rows * field_px, columns * field_px), -1, np.float32)
    padded[: inner.shape[0], : inner.shape[1]] = inner
    quartered = padded.reshape(rows, field_px, columns, field_px).transpose(0, 2, 1, 3)
    fields = quartered.reshape(rows * columns, field_px * field_px)
    best = fields.argmax(axis=1)
    strengths = fields[np.arange(len(fields)), best]
    order = np.argsort(-strengths, kind="stable")
    order = order[strengths[order] > CORNER_MIN]
    field_y, field_x = np.divmod(order, columns)
    y, x = np.divmod(best[order], field_px)
    points = np.stack([field_x * field_px + x, field_y * field_px + y], axis=1) + BORDER_PX
    return points.astype(np.int32)
