"""What may be chosen about a compilation, in one frozen object."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Options of one compilation; the defaults are the robust profile.

    Same picture and same options give the same bytes.
    """

    # Grey of the picture: ``mean`` of the channels, as our engine takes it from a camera frame, or
    # ``luma``, as stock MindAR weighs a frame's colours.
    gray: Literal["mean", "luma"] = "mean"
    # The smallest keyframe: what is smaller has hardly any point.
    keyframe_short_side_min_px: int = 100
    # The largest keyframe: runtimes look at 256-pixel crops of a 640x480 frame, so larger ones
    # cost time on the phone and match nothing.
    keyframe_long_side_max_px: int = 640
    # A picture of few pixels is enlarged to this at most on its long side.
    keyframe_enlarged_to_px: int = 360
    # A keyframe is this many times larger than the one below it.
    keyframe_step: float = 2 ** (2 / 3)
    # Strongest keypoints kept in each of the 10x10 fields of a keyframe.
    keypoints_per_bucket: int = 5
    # With fewer keypoints than this in its best keyframe, the picture is refused: a pose asks for
    # at least 6 matches, and a good part of the keypoints is not found again.
    keypoints_min: int = 16
    # Keyframes of the picture seen from the side, in as many directions; 0 for none.
    tilt_directions: int = 6
    # What becomes of a length in such a direction: about a view from 53 degrees.
    tilt_squeeze: float = 0.6
    # Short sides of these keyframes before they are squeezed, in turn.
    tilt_short_sides_px: tuple[int, ...] = (141, 224)
    # Short sides of the two tracking images, as the format fixes their places.
    tracking_fine_px: int = 256
    tracking_coarse_px: int = 128
    # Simulated views that the quality score is measured on.
    quality_views: int = 18
    # Whether more contrast is tried on a poor picture, and kept if it is recognised better.
    enhance: bool = True
    # The long side of the preview and of the heat map at most.
    preview_long_side_px: int = 800
    # Seed of every random choice: cluster centres, simulated views.
    seed: int = 20_250_101


ROBUST = CompileOptions()
"""Recognised from the side too, with no more points than the format's own compiler writes."""

LEAN = replace(ROBUST, keyframe_step=2**0.5, tilt_directions=0)
"""The smallest file and the shortest matching: the flat picture alone."""

STOCK = replace(ROBUST, gray="luma")
"""For stock MindAR, which sees colours as other greys than its own compiler does."""
