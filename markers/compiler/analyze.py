"""How good a picture is, with no target made: thoroughly, or while a form is filled in."""

from dataclasses import dataclass, replace
from typing import Any, Final

from markers.compiler.compile import measure_decoded, measure_picture
from markers.compiler.decode import decode_roughly
from markers.compiler.heat import draw_heat_map
from markers.compiler.options import LEAN, ROBUST, CompileOptions

PRESCORE: Final = replace(
    LEAN,
    keyframe_short_side_min_px=126,
    keyframe_long_side_max_px=400,
    keyframe_step=2.0**0.7,
    cluster_leaf_max=1000,
    tracking_fine_px=32,
    quality_views=4,
    views_finer=1,
    view_crops=2,
    enhance=False,
)
"""Enough to tell good from bad: few scales, few views, two looks at each."""

PRESCORE_LONG_SIDE_PX: Final = 640
"""What is looked at is at most 400 px long, or a frame of 640."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is to be said about a picture.

    Attributes:
        score: 0..100, as a compilation with the same options gives it.
        stars: 0..5.
        reasons: codes of ``reasons.REASONS``; none for a good picture.
        report: what the score was made of, ready for JSON.
        heat_map_jpeg: the picture with colours where it is recognised by.
        width_px, height_px: size of the picture as given, after its EXIF rotation.
    """

    score: int
    stars: int
    reasons: tuple[str, ...]
    report: dict[str, Any]
    heat_map_jpeg: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class PreScore:
    """A first guess at a picture's score, with the reasons that are seen at once."""

    score: int
    stars: int
    reasons: tuple[str, ...]


def analyze_image(image: bytes, options: CompileOptions = ROBUST) -> Analysis:
    """Measure a picture file as a compilation does, and keep no target.

    Raises:
        UnusableImage: as ``compile_target``.
    """
    measured = measure_picture(image, options)
    picture, report = measured.picture, measured.quality.report
    return Analysis(
        score=measured.quality.score,
        stars=report["stars"],
        reasons=tuple(report["reasons"]),
        report=report,
        heat_map_jpeg=draw_heat_map(
            picture.colour, measured.target, long_side_px=options.preview_long_side_px
        ),
        width_px=picture.width_px,
        height_px=picture.height_px,
    )


def prescore(image: bytes) -> PreScore:
    """Guess a picture's score in a fraction of the time.

    Raises:
        UnusableImage: as ``compile_target``.
    """
    picture = decode_roughly(image, long_side_px=PRESCORE_LONG_SIDE_PX)
    quality = measure_decoded(picture, PRESCORE).quality
    return PreScore(quality.score, quality.report["stars"], tuple(quality.report["reasons"]))


def heat_map(image: bytes, options: CompileOptions = ROBUST) -> bytes:
    """Draw where a picture file is recognised by, as a JPEG file.

    Raises:
        UnusableImage: as ``compile_target``.
    """
    return analyze_image(image, replace(options, quality_views=0, enhance=False)).heat_map_jpeg
