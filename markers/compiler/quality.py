"""How well a target will be recognised: measured on simulated frames, and explained.

Counting points or contrast says little about that. Here the target is looked for in frames of the
picture as the stock runtime does it, up to the tracker that must hold it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt
from typing import Any, Final

import numpy as np

from markers.compiler.decode import Picture, to_gray
from markers.compiler.reasons import coverage_of, find_reasons, grade_tracking
from markers.compiler.sighting import Shot, Sighting, look
from markers.compiler.target import Keyframe, Target
from markers.compiler.views import View

# How sure a sighting is: not at all at the first number, 63 % with the second more, 95 % with three
# times that. A pose with few matches, or few places held, is lost to a little more noise. Chosen
# for the best rank correlation with what stock MindAR detects of the pictures not held out:
# docs/adr/0013.
INLIERS_NONE, INLIERS_MORE = 4, 2
HELD_NONE, HELD_MORE = 2, 4

# A picture with at least this score needs no explanation.
SCORE_GOOD: Final = 95
FIVE_STARS: Final = 90


@dataclass(frozen=True, slots=True)
class Quality:
    """What the simulated shots showed.

    Attributes:
        score: 0..100, near to the percentage of frames in which stock MindAR finds the picture.
        report: what it was made of, ready for JSON. ``stars``, ``detect_stars`` and
            ``track_stars`` are 0..5; ``reasons`` are stable codes that tell what keeps a picture
            below a good score, see ``reasons.REASONS``.
    """

    score: int
    report: dict[str, Any]

    def with_enhanced(self, *, before: int) -> "Quality":
        """Return the same, reported as that of a picture with more contrast."""
        return replace(self, report={**self.report, "enhanced": True, "score_plain": before})


def observe(views: Iterable[View], *, crops: int) -> tuple[Shot, ...]:
    """Get views ready to be looked at by several targets, in so many crops of each at most."""
    return tuple(Shot(view, crops=crops) for view in views)


def measure_quality(target: Target, shots: Sequence[Shot], *, picture: Picture) -> Quality:
    """Look for a target in shots of its picture.

    Args:
        target: what was compiled.
        shots: simulated shots of its picture; none give a score of 0.
        picture: the picture, for the reasons.
    """
    sightings = [look(target, shot) for shot in shots]
    score = score_of(sightings)
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
        # Of few views, none may be small or tilted and nothing else: then all must tell.
        "detect_rate_small": _detect_rate([s for s in sightings if s.view.is_small] or sightings),
        "detect_rate_tilted": _detect_rate([s for s in sightings if s.view.is_tilted] or sightings),
        "inliers_mean": round(float(np.mean([s.inliers for s in sightings] or [0])), 1),
        "held_mean": round(float(np.mean([s.held for s in sightings] or [0])), 1),
        "hold_rate": _hold_rate(sightings),
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


def score_of(sightings: Sequence[Sighting]) -> int:
    """Sum up 0..100 how surely a target is sighted; 0 without any sighting.

    The root brings the mean near to the share of frames that the runtime finds: it finds many of
    which we are not sure.
    """
    mean = float(np.mean([certainty_of(sighting) for sighting in sightings] or [0]))
    return round(100 * sqrt(mean))


def certainty_of(sighting: Sighting) -> float:
    """Tell how sure it is that the runtime finds the target in such a frame, 0..1."""
    found = 1 - exp(-max(sighting.inliers - INLIERS_NONE, 0) / INLIERS_MORE)
    held = 1 - exp(-max(sighting.held - HELD_NONE, 0) / HELD_MORE)
    return found * held


def _detect_rate(sightings: Sequence[Sighting]) -> float:
    return round(sum(s.is_found for s in sightings) / max(len(sightings), 1), 3)


def _hold_rate(sightings: Sequence[Sighting]) -> float:
    """Share of the right poses that the tracker holds; 1 if there is none, as nothing is lost."""
    right = [s for s in sightings if s.inliers]
    return _detect_rate(right) if right else 1.0
