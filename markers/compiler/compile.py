"""The steps in order: a picture's bytes in, a target's bytes, pictures and quality out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from markers.compiler.arrays import GrayImage
from markers.compiler.decode import Picture, decode_picture, to_gray
from markers.compiler.encode import encode_mind
from markers.compiler.enhance import enhance_contrast
from markers.compiler.errors import UnusableImage
from markers.compiler.heat import draw_heat_map
from markers.compiler.keyframes import keyframe_scales, make_keyframe
from markers.compiler.options import ROBUST, CompileOptions
from markers.compiler.preview import draw_preview
from markers.compiler.pyramid import AreaSampler
from markers.compiler.quality import Quality, count_keypoints, measure_quality, observe
from markers.compiler.target import Target, TrackingImage
from markers.compiler.tilts import make_tilt_keyframes
from markers.compiler.tracking import select_tracking_points
from markers.compiler.views import View, simulate_views

COMPILER_VERSION: Final = "1.3.0"
"""Changes whenever the same picture gives other bytes."""

Progress = Callable[[float], None]
"""Is told the share that is done, 0..1, never less than before."""

# Shares of the time up to the end of a step, as measured on photographs.
DECODED, DESCRIBED, MEASURED = 0.1, 0.4, 0.95
# Below this score more contrast is tried, and kept if it adds at least so much: what added 6 was
# found no more often by stock MindAR.
ENHANCE_BELOW: Final = 60
ENHANCE_GAIN_MIN: Final = 8


@dataclass(frozen=True, slots=True)
class CompiledTarget:
    """All that is known of a picture once it can be recognised.

    Attributes:
        mind: the target as a `.mind` file.
        preview_jpeg: the picture with its points drawn in, as a JPEG file.
        heat_map_jpeg: the picture with colours where it is recognised by, as a JPEG file.
        width_px, height_px: size of the picture as given, after its EXIF rotation.
        quality_score: 0..100, how well it is recognised in simulated shots.
        quality_report: what the score was made of, ready for JSON; see ``quality.Quality``.
    """

    mind: bytes
    preview_jpeg: bytes
    heat_map_jpeg: bytes
    width_px: int
    height_px: int
    quality_score: int
    quality_report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MeasuredPicture:
    """A picture with its target and what simulated shots of it showed."""

    picture: Picture
    target: Target
    quality: Quality


def report_nothing(share: float) -> None:
    """Take no notice of progress."""


def compile_target(
    image: bytes, options: CompileOptions = ROBUST, *, on_progress: Progress = report_nothing
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
    measured = measure_picture(image, options, on_progress=on_progress)
    picture, target = measured.picture, measured.target
    long_side_px = options.preview_long_side_px
    compiled = CompiledTarget(
        mind=encode_mind([target]),
        preview_jpeg=draw_preview(picture.colour, target, long_side_px=long_side_px),
        heat_map_jpeg=draw_heat_map(picture.colour, target, long_side_px=long_side_px),
        width_px=picture.width_px,
        height_px=picture.height_px,
        quality_score=measured.quality.score,
        quality_report=measured.quality.report,
    )
    on_progress(1.0)
    return compiled


def measure_picture(
    image: bytes, options: CompileOptions, *, on_progress: Progress = report_nothing
) -> MeasuredPicture:
    """Make the target of a picture file and look for it in simulated shots.

    If it is poor, and the options allow it, another target is made of the picture with more
    contrast. The shots remain those of the picture as it is: that is what will be printed.

    Raises:
        UnusableImage: as ``compile_target``.
    """
    return measure_decoded(decode_picture(image), options, on_progress=on_progress)


def measure_decoded(
    picture: Picture, options: CompileOptions, *, on_progress: Progress = report_nothing
) -> MeasuredPicture:
    """Do the same with a picture that is decoded already.

    Raises:
        UnusableImage: ``too_few_features``.
    """
    gray = to_gray(picture.colour)
    sampler = AreaSampler(gray, width_px=picture.width_px, height_px=picture.height_px)
    on_progress(DECODED)
    target = build_target(gray, picture, options)
    on_progress(DESCRIBED)
    views = simulate_views(
        sampler,
        width_px=picture.width_px,
        height_px=picture.height_px,
        count=options.quality_views,
        seed=options.seed,
        finer=options.views_finer,
    )
    counted = _counted(views, options.quality_views, on_progress)
    shots = observe(counted, crops=options.view_crops)
    quality = measure_quality(target, shots, picture=picture)
    if options.enhance and quality.score < ENHANCE_BELOW:
        clearer = build_target(enhance_contrast(gray), picture, options, tracked=gray)
        better = measure_quality(clearer, shots, picture=picture)
        if better.score >= quality.score + ENHANCE_GAIN_MIN:
            target, quality = clearer, better.with_enhanced(before=quality.score)
    on_progress(MEASURED)
    return MeasuredPicture(picture, target, quality)


def build_target(
    gray: GrayImage, picture: Picture, options: CompileOptions, *, tracked: GrayImage | None = None
) -> Target:
    """Describe a picture at all scales and from all sides asked for.

    Args:
        gray: (h, w) its pixels, or a version of them with more contrast.
        picture: for its size.
        options: which keyframes, how many points.
        tracked: (h, w) the pixels to follow it by, if others.

    Raises:
        UnusableImage: ``too_few_features``.
    """
    width_px, height_px = picture.width_px, picture.height_px
    sampler = AreaSampler(gray, width_px=width_px, height_px=height_px)
    scales = keyframe_scales(width_px=width_px, height_px=height_px, options=options)
    flat = [make_keyframe(sampler.at(scale), scale=scale, options=options) for scale in scales]
    if max(count_keypoints(keyframe) for keyframe in flat) < options.keypoints_min:
        raise UnusableImage("too_few_features")
    tilted = make_tilt_keyframes(sampler, width_px=width_px, height_px=height_px, options=options)
    if tracked is not None:
        sampler = AreaSampler(tracked, width_px=width_px, height_px=height_px)
    tracking = _tracking_images(sampler, short_side_px=min(width_px, height_px), options=options)
    return Target(width_px, height_px, tracking, (*flat, *tilted))


def _counted(views: Iterable[View], count: int, on_progress: Progress) -> Iterator[View]:
    """Hand views on, and tell how many of them are done."""
    for number, view in enumerate(views):
        on_progress(DESCRIBED + (MEASURED - DESCRIBED) * number / count)
        yield view


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
