"""What may be chosen about a compilation, in one frozen object."""

from dataclasses import dataclass, replace
from typing import Final


class OptionOutOfRange(ValueError):
    """An option that no compilation can have.

    Attributes:
        code: always ``option_out_of_range``.
        option: its name.
        hint: one English sentence that says what is allowed.
    """

    code: Final = "option_out_of_range"

    def __init__(self, option: str, *, least: float, most: float) -> None:
        self.option = option
        self.hint = f"{option} must be from {least} to {most}."
        super().__init__(self.hint)


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Options of one compilation; the defaults are the robust profile.

    Same picture and same options give the same bytes.

    Raises:
        OptionOutOfRange: a number is not one, or makes no sense.
    """

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
    # Points of a keyframe's tree that are not parted further.
    cluster_leaf_max: int = 16
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
    quality_views: int = 24
    # The picture is drawn into a view this much finer and averaged down, as a sensor's pixel does.
    views_finer: int = 2
    # Of the runtime's nine crops of a view, how many are looked at; those that show the most.
    view_crops: int = 9
    # Whether more contrast is tried on a poor picture, and kept if it is recognised better.
    enhance: bool = True
    # The long side of the preview and of the heat map at most.
    preview_long_side_px: int = 800
    # Seed of every random choice: cluster centres, simulated views.
    seed: int = 20_250_101

    def __post_init__(self) -> None:
        """Refuse numbers that are out of range; NaN is in no range."""
        for option, (least, most) in RANGES.items():
            value = getattr(self, option)
            for number in value if isinstance(value, tuple) else (value,):
                if not least <= number <= most:
                    raise OptionOutOfRange(option, least=least, most=most)
        if not self.tilt_short_sides_px:
            raise ValueError("tilted keyframes have a size")


RANGES: Final = {
    "keyframe_short_side_min_px": (32, 640),
    "keyframe_long_side_max_px": (100, 2048),
    "keyframe_enlarged_to_px": (0, 640),
    "keyframe_step": (1.1, 4.0),
    "keypoints_per_bucket": (1, 50),
    "keypoints_min": (1, 5000),
    "cluster_leaf_max": (8, 1000),
    "tilt_directions": (0, 16),
    "tilt_squeeze": (0.2, 0.95),
    "tilt_short_sides_px": (32, 640),
    "tracking_fine_px": (32, 1024),
    "tracking_coarse_px": (32, 1024),
    "quality_views": (0, 200),
    "views_finer": (1, 4),
    "view_crops": (1, 9),
    "preview_long_side_px": (16, 4096),
    "seed": (0, 2**63 - 1),
}
"""Least and most of each number that may be chosen."""

ROBUST = CompileOptions()
"""Recognised from the side too, with no more points than the format's own compiler writes."""

LEAN = replace(ROBUST, keyframe_step=2**0.5, tilt_directions=0)
"""The smallest file and the shortest matching: the flat picture alone."""
