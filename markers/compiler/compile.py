"""The steps in order: a picture's bytes in, a target's bytes, preview and quality out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from markers.compiler.decode import decode_picture, to_gray
from markers.compiler.encode import encode_mind
from markers.compiler.errors import UnusableImage
from markers.compiler.keyframes import keyframe_scales, make_keyframe
from markers.compiler.options import LEAN, CompileOptions
from markers.compiler.preview import draw_preview
from markers.compiler.pyramid import AreaSampler
from markers.compiler.quality import count_keypoints, measure_quality
from markers.compiler.target import Keyframe, Target, TrackingImage
from markers.compiler.tracking import select_tracking_points
from markers.compiler.views import simulate_views

COMPILER_VERSION: Final = "1.0.0"
"""Changes whenever the same picture gives other bytes."""

Progress = Callable[[float], None]
"""Is told the share that is done, 0..1, never less than before."""

# Shares of the time up to the end of a step, as measured on photographs.
DECODED, DESCRIBED, TRACKED, MEASURED = 0.1, 0.4, 0.45, 0.95


@dataclass(frozen=True, slots=True)
class CompiledTarget:
    """All that is known of a picture once it can be recognised.

    Attributes:
        mind: the target as a `.mind` file.
        preview_jpeg: the picture with its points drawn in, as a JPEG file.
        width_px, height_px: size of the picture as given, after its EXIF rotation.
        quality_score: 0..100, how well it is recognised in simulated shots.
        quality_report: what the score was made of, ready for JSON; see ``quality.Quality``.
    """

    mind: bytes
    preview_jpeg: bytes
    width_px: int
    height_px: int
    quality_score: int
    quality_report: dict[str, Any]


def report_nothing(share: float) -> None:
    """Take no notice of progress."""


def compile_target(
    image: bytes, options: CompileOptions = LEAN, *, on_progress: Progress = report_nothing
) -> CompiledTarget:
    """Compile a picture file into a target.

    Same bytes and options give the same result, byte for byte.

    Args:
        image: a JPEG, PNG or WebP file; its size was checked by the caller.
        options: which keyframes, how many points.
        on_progress: is told the share that is done, from time to time.

    Raises:
        UnusableImage: ``undecodable_image``, ``picture_too_small``, ``aspect_too_extreme`` or
            ``too_few_features``.
    """
    picture = decode_picture(image)
    gray = to_gray(picture.colour)
    width_px, height_px = picture.width_px, picture.height_px
    sampler = AreaSampler(gray, width_px=width_px, height_px=height_px)
    on_progress(DECODED)

    keyframes: list[Keyframe] = []
    scales = keyframe_scales(width_px=width_px, height_px=height_px, options=options)
    for scale in scales:
        keyframes.append(make_keyframe(sampler.at(scale), scale=scale, options=options))
        on_progress(DECODED + (DESCRIBED - DECODED) * len(keyframes) / len(scales))
    if max(count_keypoints(keyframe) for keyframe in keyframes) < options.keypoints_min:
        raise UnusableImage("too_few_features")

    tracking = _tracking_images(sampler, short_side_px=min(width_px, height_px), options=options)
    target = Target(width_px, height_px, tracking, tuple(keyframes))
    on_progress(TRACKED)

    views = simulate_views(
        sampler,
        width_px=width_px,
        height_px=height_px,
        count=options.quality_views,
        seed=options.seed,
    )
    quality = measure_quality(target, views, gray=gray, options=options)
    on_progress(MEASURED)

    compiled = CompiledTarget(
        mind=encode_mind([target]),
        preview_jpeg=draw_preview(
            picture.colour, target, long_side_px=options.preview_long_side_px
        ),
        width_px=width_px,
        height_px=height_px,
        quality_score=quality.score,
        quality_report=quality.report,
    )
    on_progress(1.0)
    return compiled


def _tracking_images(
    sampler: AreaSampler, *, short_side_px: int, options: CompileOptions
) -> tuple[TrackingImage, TrackingImage]:
    """Sample the picture for tracking.

    Only the coarse image gets points: runtimes that track by given points read them nowhere else.
    """
    fine_scale = options.tracking_fine_px / short_side_px
    coarse_scale = options.tracking_coarse_px / short_side_px
    coarse = sampler.at(coarse_scale)
    return (
        TrackingImage(fine_scale, sampler.at(fine_scale), np.empty((0, 2), np.int32)),
        TrackingImage(coarse_scale, coarse, select_tracking_points(coarse)),
    )
