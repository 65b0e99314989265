"""How well a target will be recognised: measured on simulated shots, and explained.

Counting points or contrast says little about that. Here the target is looked for in views of the
picture, with the runtime's own detector and ratio test.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np

from markers.compiler.arrays import Descriptors, Mask, Points, Rows
from markers.compiler.decode import Picture, to_gray
from markers.compiler.features import Features, describe_image
from markers.compiler.reasons import coverage_of, find_reasons, grade_tracking
from markers.compiler.target import FeatureSet, Keyframe, Target
from markers.compiler.views import Homography, View

RATIO_MAX: Final = 0.7
INLIER_PX: Final = 3.0
# An estimate is right if its corners are this near to the truth, as a share of the diagonal.
CORNERS_OFF_MAX: Final = 0.06
# 5 matches are hardly more than the 4 that fit any four points; 15 make a pose that holds. The two
# were chosen for the best rank correlation with what stock MindAR detects: docs/benchmarks.md.
INLIERS_NONE, INLIERS_FULL = 5, 15
MATCHES_MIN: Final = 4
INLIERS_DETECTED: Final = 8
# Keyframes with the most matches, whose poses are worked out.
KEYFRAMES_TRIED: Final = 2
# Points that the runtime keeps in each of the 10x10 fields of a camera frame.
FRAME_POINTS_PER_BUCKET: Final = 5

# A picture with at least this score needs no explanation.
SCORE_GOOD: Final = 75
FIVE_STARS: Final = 90


@dataclass(frozen=True, slots=True)
class Quality:
    """What the simulated shots showed.

    Attributes:
        score: 0..100.
        report: what it was made of, ready for JSON. ``stars``, ``detect_stars`` and
            ``track_stars`` are 0..5; ``reasons`` are stable codes that tell what keeps a picture
            below a good score, see ``reasons.REASONS``.
    """

    score: int
    report: dict[str, Any]

    def with_enhanced(self, *, before: int) -> "Quality":
        """Return the same, reported as that of a picture with more contrast."""
        return replace(self, report={**self.report, "enhanced": True, "score_plain": before})


@dataclass(frozen=True, slots=True)
class Shot:
    """A simulated shot and the points that are seen in it."""

    view: View
    features: Features


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


def observe(views: Iterable[View]) -> tuple[Shot, ...]:
    """Find the points of each view, as the runtime does with a camera frame."""
    return tuple(
        Shot(view, describe_image(view.gray, per_bucket=FRAME_POINTS_PER_BUCKET)) for view in views
    )


def measure_quality(target: Target, shots: Sequence[Shot], *, picture: Picture) -> Quality:
    """Look for a target in shots of its picture.

    Args:
        target: what was compiled.
        shots: simulated shots of its picture; none give a score of 0.
        picture: the picture, for the reasons.
    """
    sightings = [_look(target, shot) for shot in shots]
    inliers = np.array([sighting.inliers for sighting in sightings] or [0], np.float64)
    shares = np.clip((inliers - INLIERS_NONE) / (INLIERS_FULL - INLIERS_NONE), 0, 1)
    score = round(100 * float(shares.mean()))
    seen = sum(sighting.seen for sighting in sightings)
    best = max(target.keyframes, key=count_keypoints)
    report: dict[str, Any] = {
        "stars": stars_of(score),
        "detect_stars": stars_of(round(100 * _detect_rate(sightings))),
        "track_stars": stars_of(grade_tracking(target)),
        "keypoints": count_keypoints(best),
        "keypoints_in_all": sum(count_keypoints(keyframe) for keyframe in target.keyframes),
        "keyframes": len(target.keyframes),
        "tracking_points": max(len(image.points_px) for image in target.tracking),
        "coverage": round(coverage_of(best), 3),
        "contrast": round(float(to_gray(picture.colour).std()), 1),
        "distinct": round(sum(s.matched for s in sightings) / max(seen, 1), 3),
        "detect_rate": _detect_rate(sightings),
        "detect_rate_small": _detect_rate([s for s in sightings if s.view.is_small]),
        "detect_rate_tilted": _detect_rate([s for s in sightings if s.view.is_tilted]),
        "inliers_mean": round(float(inliers.mean()), 1),
        "views": len(sightings),
        "enhanced": False,
    }
    report["reasons"] = [] if score >= SCORE_GOOD else find_reasons(report, target, picture)
    return Quality(score, report)


def count_keypoints(keyframe: Keyframe) -> int:
    """Count the points of both kinds."""
    return len(keyframe.maxima) + len(keyframe.minima)


def stars_of(score: int) -> int:
    """Turn 0..100 into 0..5 stars: one for each full fifth but the last, which 90 fill."""
    return 5 if score >= FIVE_STARS else min(4, score // 20)


def _detect_rate(sightings: Sequence[_Sighting]) -> float:
    return round(sum(s.is_detected for s in sightings) / max(len(sightings), 1), 3)


def _look(target: Target, shot: Shot) -> _Sighting:
    view, features = shot.view, shot.features
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
    if len(places) < MATCHES_MIN:
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
