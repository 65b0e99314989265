"""What may be chosen about a compilation, in one frozen object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Options of one compilation; the defaults are the lean profile.

    Same picture and same options give the same bytes.
    """

    # The smallest keyframe: what is smaller has hardly any point.
    keyframe_short_side_min_px: int = 100
    # The largest keyframe: runtimes look at 256-pixel crops of a 640x480 frame, so larger ones
    # cost time on the phone and match nothing.
    keyframe_long_side_max_px: int = 640
    # A keyframe is this many times larger than the one below it: three keyframes an octave.
    keyframe_step: float = 2 ** (1 / 3)
    # Strongest keypoints kept in each of the 10x10 fields of a keyframe.
    keypoints_per_bucket: int = 5
    # With fewer keypoints than this in its best keyframe, the picture is refused: a pose asks for
    # at least 6 matches, and a good part of the keypoints is not found again.
    keypoints_min: int = 16
    # Short sides of the two tracking images, as the format fixes their places.
    tracking_fine_px: int = 256
    tracking_coarse_px: int = 128
    # Simulated views that the quality score is measured on.
    quality_views: int = 18
    # The preview's long side at most.
    preview_long_side_px: int = 800
    # Seed of every random choice: cluster centres, simulated views.
    seed: int = 20_250_101


LEAN = CompileOptions()
"""Keyframes that a phone's camera frame can match, and no more."""
