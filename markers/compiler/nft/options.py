"""What may be chosen about the files for jsartoolkitNFT, in one frozen object."""

from dataclasses import dataclass
from typing import Final

PHYSICAL_WIDTH_MM: Final = (5.0, 10_000.0)
"""Least and largest width of a print: from a stamp to the wall of a house."""


@dataclass(frozen=True, slots=True)
class NftOptions:
    """Options of one compilation.

    Same picture and same options give the same bytes.

    Raises:
        ValueError: the physical width is none that a print has.
    """

    # Width of the print; None if nobody measured it.
    physical_width_mm: float | None = None
    # Pixels of the picture per inch of the print where the width is not known.
    default_dpi: float = 150.0
    # The largest layer at most: what a camera frame of 640x480 shows of it, even from near.
    long_side_max_px: int = 1024
    # The smallest layer to track on: nearer to nothing, templates of 13 pixels are the picture.
    tracking_short_side_min_px: int = 32
    # A layer to track on is this many times larger than the one below it.
    tracking_step: float = 2 ** (1 / 3)
    # Places to track in a layer, in a square field of it, at most.
    tracking_points_max: int = 64
    # The largest and the smallest layer to recognise.
    keyframe_long_side_max_px: int = 640
    keyframe_short_side_min_px: int = 64
    # A layer to recognise is this many times larger than the one below it.
    keyframe_step: float = 2**0.5
    # The largest size that is also recognised from the sides; sizes from there down.
    tilt_long_side_max_px: int = 300
    tilt_step: float = 2**0.5
    # How many sides; none but the front if 0.
    tilt_directions: int = 4
    # How much narrower the picture is from a side.
    tilt_squeeze: float = 0.6
    # Strongest keypoints kept in each of the 10x10 fields of a layer.
    keypoints_per_bucket: int = 4
    # With fewer keypoints than this in its best layer, the picture is refused: a pose asks for at
    # least 8 matches, and a good part of the keypoints is not found again.
    keypoints_min: int = 16

    def __post_init__(self) -> None:
        """Refuse a width that is no length of a print, not-a-number among them."""
        least, largest = PHYSICAL_WIDTH_MM
        if self.physical_width_mm is not None and not least <= self.physical_width_mm <= largest:
            raise ValueError(
                f"physical_width_mm is {self.physical_width_mm}, not {least:g} to {largest:g}"
            )
