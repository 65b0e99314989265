"""How well a target will be recognised: measured on simulated shots, and explained.

Counting points or contrast says little about that. Here the target is looked for in views of the
picture, with the runtime's own detector and ratio test.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from markers.compiler.arrays import Descriptors, GrayImage, Mask, Points, Rows
from markers.compiler.features import Features, describe_image
from markers.compiler.options import CompileOptions
from markers.compiler.target import FeatureSet, Keyframe, Target
from markers.compiler.views import Homography, View

RATIO_MAX: Final = 0.7
INLIER_PX: Final = 3.0
# An estimate is right if its corners are this near to the truth, as a share of the diagonal.
CORNERS_OFF_MAX: Final = 0.06
# 4 matches fit any four points; 20 make a pose that holds.
INLIERS_NONE, INLIERS_FULL = 4, 20
INLIERS_DETECTED: Final = 8
# Keyframes with the most matches, whose poses are worked out.
KEYFRAMES_TRIED: Final = 2

# A picture with at least this score needs no explanation.
SCORE_GOOD: Final = 75
KEYPOINTS_FEW: Final = 120
COVERAGE_LOW: Final = 0.4
CONTRAST_LOW: Final = 25.0
DISTINCT_LOW: Final = 0.14
TRACKING_POINTS_FEW: Final = 6
DETECT_RATE_LOW: Final = 0.5
CELLS: Final = 8


@dataclass(frozen=True, slots=True)
class Quality:
    """What the simulated shots showed.

    Attributes:
        score: 0..100.
        report: what it was made of, ready for JSON; ``reasons`` are stable codes that tell what
            keeps a picture below a good score: ``few_points``, ``clustered``, ``repetitive``,
            ``low_contrast``, ``few_tracking_points``, ``lost_when_small``, ``lost_when_tilted``.
    """

    score: int
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Points seen in one view, those with one clear match, and those in the pose."""

    view: View
    seen: int
    matched: int
    inliers: int

    @property
    def is_detected(self) -> bool:
        return self.inliers >= INLIERS_DETECTED


def measure_quality(
    target: Target, views: Iterable[View], *, gray: GrayImage, options: CompileOptions
) -> Quality:
    """Look for a target in views of its picture.

    Args:
        target: what was compiled.
        views: simulated shots of its picture; none give a score of 0.
        gray: (h, w) the picture, for its contrast.
        options: the detector's.
    """
    sightings = [_look(target, view, options=options) for view in views]
    inliers = np.array([sighting.inliers for sighting in sightings] or [0], np.float64)
    shares = np.clip((inliers - INLIERS_NONE) / (INLIERS_FULL - INLIERS_NONE), 0, 1)
    score = round(100 * float(shares.mean()))
    seen = sum(sighting.seen for sighting in sightings)
    best = max(target.keyframes, key=count_keypoints)
    report: dict[str, Any] = {
        "keypoints": count_keypoints(best),
        "keypoints_in_all": sum(count_keypoints(keyframe) for keyframe in target.keyframes),
        "keyframes": len(target.keyframes),
        "tracking_points": max(len(image.points_px) for image in target.tracking),
        "coverage": round(_coverage(best), 3),
        "contrast": round(float(gray.std()), 1),
        "distinct": round(sum(s.matched for s in sightings) / max(seen, 1), 3),
        "detect_rate": _detect_rate(sightings),
        "detect_rate_small": _detect_rate([s for s in sightings if s.view.is_small]),
        "detect_rate_tilted": _detect_rate([s for s in sightings if s.view.is_tilted]),
        "inliers_mean": round(float(inliers.mean()), 1),
        "views": len(sightings),
    }
    report["reasons"] = [] if score >= SCORE_GOOD else _reasons(report)
    return Quality(score, report)


def count_keypoints(keyframe: Keyframe) -> int:
    """Count the points of both kinds."""
    return len(keyframe.maxima) + len(keyframe.minima)


def _reasons(report: dict[str, Any]) -> list[str]:
    found = {
        "low_contrast": report["contrast"] < CONTRAST_LOW,
        "few_points": report["keypoints"] < KEYPOINTS_FEW,
        "clustered": report["coverage"] < COVERAGE_LOW,
        "repetitive": report["keypoints"] >= KEYPOINTS_FEW and report["distinct"] < DISTINCT_LOW,
        "few_tracking_points": report["tracking_points"] < TRACKING_POINTS_FEW,
        "lost_when_small": report["detect_rate_small"] < DETECT_RATE_LOW,
        "lost_when_tilted": report["detect_rate_tilted"] < DETECT_RATE_LOW,
    }
    return [code for code, holds in found.items() if holds]


def _detect_rate(sightings: Sequence[_Sighting]) -> float:
    return round(sum(s.is_detected for s in sightings) / max(len(sightings), 1), 3)


def _coverage(keyframe: Keyframe) -> float:
    """Share of 8x8 equal fields of the keyframe that have a point."""
    points = np.concatenate([keyframe.maxima.points_px, keyframe.minima.points_px])
    size = np.array([keyframe.width_px, keyframe.height_px], np.float32)
    cells = np.clip((points * CELLS / size).astype(np.int64), 0, CELLS - 1)
    return len(np.unique(cells, axis=0)) / CELLS**2


def _look(target: Target, view: View, *, options: CompileOptions) -> _Sighting:
    features = describe_image(view.gray, per_bucket=options.keypoints_per_bucket)
    matches = [_match(features, keyframe) for keyframe in target.keyframes]
    matches.sort(key=lambda pair: -len(pair[0]))
    corners = np.array(
        [[0, 0], [target.width_px, 0], [target.width_px, target.height_px], [0, target.height_px]],
        np.float32,
    )
    inliers = [_inliers(*pair, view.truth, corners) for pair in matches[:KEYFRAMES_TRIED]]
    return _Sighting(view, len(features), len(matches[0][0]), max(inliers))


def _match(features: Features, keyframe: Keyframe) -> tuple[Points, Points]:
    """Pair the view's points with a keyframe's.

    Returns:
        (N, 2) continuous places in the picture, and (N, 2) places in the view.
    """
    places: list[Points] = []
    seen: list[Points] = []
    for kind, is_maximum in ((keyframe.maxima, True), (keyframe.minima, False)):
        rows = np.flatnonzero(features.is_maximum == is_maximum)
        first, second = _clear_matches(features.descriptors[rows], kind)
        places.append(((kind.points_px[second] + 0.5) / keyframe.scale).astype(np.float32))
        seen.append(features.points_px[rows[first]])
    return np.concatenate(places), np.concatenate(seen)


def _clear_matches(descriptors: Descriptors, kind: FeatureSet) -> tuple[Rows, Rows]:
    """Rows of descriptors whose nearest is much nearer than the second, and rows of the nearest."""
    if not len(descriptors) or len(kind) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    bits, nearest = cv2.batchDistance(
        descriptors, kind.descriptors, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    clear = np.flatnonzero(bits[:, 0] < RATIO_MAX * bits[:, 1])
    return clear, nearest[clear, 0].astype(np.int64)


def _inliers(places: Points, seen: Points, truth: Homography, corners: Points) -> int:
    """Count the pairs in the best pose; none if that is not where the picture is."""
    if len(places) < INLIERS_NONE:
        return 0
    fit: tuple[Homography | None, Mask] = cv2.findHomography(  # type: ignore[assignment]
        places, seen, cv2.RANSAC, INLIER_PX, maxIters=500, confidence=0.99
    )
    pose, is_inlier = fit
    if pose is None:  # all in a line, or at one place: OpenCV's stubs know no None
        return 0
    estimated, true = (cv2.perspectiveTransform(corners[None], h)[0] for h in (pose, truth))
    off_px = np.linalg.norm(estimated - true, axis=1).mean()
    diagonal_px = np.linalg.norm(true[2] - true[0])
    return int(is_inlier.sum()) if off_px <= CORNERS_OFF_MAX * diagonal_px else 0
