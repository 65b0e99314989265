"""Looks for a target in a camera frame by the rules of the stock runtime, from points to pose.

The runtime looks at one of nine crops of the frame, matches its points with each keyframe, lets the
matches vote for a place, fits a pose to those that agree, and tells of the target only once the
tracker holds it at that pose.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from markers.compiler.arrays import Descriptors, GrayImage, Mask, Points, Rows
from markers.compiler.features import Features, describe_image
from markers.compiler.target import FeatureSet, Keyframe, Target, TrackingImage
from markers.compiler.views import Homography, View, carried

# The runtime's crops: nine squares that overlap by half, around the middle of the frame.
CROP_PX: Final = 256
CROP_LEFTS_PX: Final = (64, 192, 320)
CROP_TOPS_PX: Final = (0, 112, 223)
# Points that the runtime keeps in each of the 10x10 fields of a crop.
CROP_POINTS_PER_BUCKET: Final = 5
# A crop that shows less of the picture than this share of what the best crop shows of it is not
# looked at here: it takes as long, and is of no more use.
CROP_SHARE_MIN: Final = 0.5

RATIO_MAX: Final = 0.7
ANGLE_BINS: Final = 12
# Bins of the logarithm of the scale, per factor of ten.
SCALE_BINS: Final = 5
# Width of a bin of places, as a share of the picture's size.
PLACE_BIN: Final = 0.25
INLIER_PX: Final = 3.0
INLIERS_MIN: Final = 6
RANSAC_TRIALS: Final = 60
# Keyframes whose poses are worked out: those with the most matches that agree.
KEYFRAMES_TRIED: Final = 3
# A pose is right if its corners are this near to the truth: pixels, or a share of the diagonal.
CORNERS_OFF_PX: Final = 10.0
CORNERS_OFF_MAX: Final = 0.06

TEMPLATE_HALF_PX: Final = 6
SEARCH_PX: Final = 10
LIKENESS_MIN: Final = 0.8
HELD_MIN: Final = 4


@dataclass(frozen=True, slots=True)
class Sighting:
    """What came of looking for a target in one view.

    Attributes:
        view: where.
        seen: points of the picture in the crop that tells.
        matched: of them, those with one clear match in the keyframe that has the most.
        inliers: matches in the pose, 0 if it is not where the picture is.
        held: places that the tracker holds at that pose.
    """

    view: View
    seen: int
    matched: int
    inliers: int
    held: int

    @property
    def is_found(self) -> bool:
        return self.inliers >= INLIERS_MIN and self.held >= HELD_MIN


@dataclass(frozen=True, slots=True)
class _Matches:
    """Pairs of points of a keyframe, in pixels of the picture, and of a crop.

    Attributes:
        places: (N, 2) in the picture.
        seen: (N, 2) in the frame.
        turns_rad: (N,) by which the picture is turned.
        scales: (N,) pixels of the frame per pixel of the picture.
    """

    places: Points
    seen: Points
    turns_rad: NDArray[np.float64]
    scales: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.places)


class Shot:
    """A view, and the points in its crops, which are found when they are first asked for.

    Attributes:
        view: the view.
        origins_px: left and top of each crop that shows enough of the picture, the most first.

    Args:
        view: the view.
        crops: how many of them at most.
    """

    def __init__(self, view: View, *, crops: int) -> None:
        self.view = view
        self.origins_px = _crops_with(view.corners)[:crops]
        self._found: dict[tuple[int, int], Features] = {}

    def features_at(self, origin_px: tuple[int, int]) -> Features:
        """Find the points of the crop that begins there, in pixels of the crop."""
        if origin_px not in self._found:
            left, top = origin_px
            pixels = self.view.gray[top : top + CROP_PX, left : left + CROP_PX]
            self._found[origin_px] = describe_image(
                np.ascontiguousarray(pixels), per_bucket=CROP_POINTS_PER_BUCKET
            )
        return self._found[origin_px]


def look(target: Target, shot: Shot) -> Sighting:
    """Look for a target in crop after crop of a view, until it is found.

    Returns:
        The sighting in the crop where it was found, else the best one of all crops.
    """
    best = Sighting(shot.view, seen=0, matched=0, inliers=0, held=0)
    for origin_px in shot.origins_px:
        one = _look_in(target, shot, origin_px)
        if one.is_found:
            return one
        best = max(best, one, key=lambda sighting: (sighting.inliers, sighting.matched))
    return best


def _look_in(target: Target, shot: Shot, origin_px: tuple[int, int]) -> Sighting:
    features, view = shot.features_at(origin_px), shot.view
    seen = _count_inside(features.points_px, origin_px, view)
    matched, agreeing = 0, []
    for keyframe in target.keyframes:
        matches = _match(features, keyframe)
        matched = max(matched, _count_inside(matches.seen, origin_px, view))
        rows = _agreeing(matches, target)
        if len(rows) >= INLIERS_MIN:
            agreeing.append((matches.places[rows], matches.seen[rows]))
    agreeing.sort(key=lambda pair: -len(pair[0]))
    poses = [_fit(*pair) for pair in agreeing[:KEYFRAMES_TRIED]]
    inliers, pose = max(poses, key=lambda pair: pair[0], default=(0, np.eye(3)))
    left, top = origin_px
    in_frame = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]]) @ pose
    if inliers < INLIERS_MIN or not _is_right(in_frame, view):
        return Sighting(view, seen, matched, inliers=0, held=0)
    held = _held(target.tracking[-1], view.gray, in_frame)
    return Sighting(view, seen, matched, inliers, held)


def _count_inside(points: Points, origin_px: tuple[int, int], view: View) -> int:
    """Count the points of a crop that are the picture's, and not of what is around it."""
    if not len(points):
        return 0
    in_frame = points + np.array(origin_px, np.float32)
    places = carried(in_frame, np.asarray(np.linalg.inv(view.truth), np.float64))
    return int(((places >= 0) & (places <= view.outline[2])).all(axis=1).sum())


def _is_right(pose: Homography, view: View) -> bool:
    corners = view.corners
    off_px = np.linalg.norm(carried(view.outline, pose) - corners, axis=1).mean()
    diagonal_px = np.linalg.norm(corners[2] - corners[0])
    return bool(off_px <= max(CORNERS_OFF_PX, CORNERS_OFF_MAX * diagonal_px))


def _crops_with(corners: Points) -> list[tuple[int, int]]:
    """Origins of the crops that show much of the picture, the most first."""
    outline = corners.astype(np.float32)
    area = cv2.contourArea(outline)
    box = np.array([[0, 0], [CROP_PX, 0], [CROP_PX, CROP_PX], [0, CROP_PX]], np.float32)
    shown = []
    for top in CROP_TOPS_PX:
        for left in CROP_LEFTS_PX:
            common, _ = cv2.intersectConvexConvex(outline, box + np.array([left, top], np.float32))
            off_middle_px = abs(left - CROP_LEFTS_PX[1]) + abs(top - CROP_TOPS_PX[1])
            shown.append((round(common / area, 3), off_middle_px, left, top))
    shown.sort(key=lambda one: (-one[0], *one[1:]))
    least = CROP_SHARE_MIN * shown[0][0]
    return [(left, top) for share, _, left, top in shown if share >= least]


def _match(features: Features, keyframe: Keyframe) -> _Matches:
    """Pair the crop's points with a keyframe's, bright with bright and dark with dark."""
    parts = []
    for kind, is_maximum in ((keyframe.maxima, True), (keyframe.minima, False)):
        rows = np.flatnonzero(features.is_maximum == is_maximum)
        first, second = _clear_matches(features.descriptors[rows], kind)
        first = rows[first]
        parts.append(
            (
                ((kind.points_px[second] + 0.5) / keyframe.scale).astype(np.float32),
                features.points_px[first],
                (features.angles_rad[first] - kind.angles_rad[second]).astype(np.float64),
                features.sizes[first] * keyframe.scale / kind.sizes[second],
            )
        )
    return _Matches(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))


def _clear_matches(descriptors: Descriptors, kind: FeatureSet) -> tuple[Rows, Rows]:
    """Rows of descriptors whose nearest is much nearer than the second, and rows of the nearest."""
    if not len(descriptors) or len(kind) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    bits, nearest = cv2.batchDistance(
        descriptors, kind.descriptors, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    clear = np.flatnonzero(bits[:, 0] < RATIO_MAX * bits[:, 1])
    return clear, nearest[clear, 0].astype(np.int64)


def _agreeing(matches: _Matches, target: Target) -> Rows:
    """Let each match vote for where the picture's middle is, how it is turned, and how large.

    A vote goes to the two nearest bins of each of the four.

    Returns:
        Rows of the matches that voted for the bin with the most votes; none of too few matches.
    """
    if len(matches) < INLIERS_MIN:
        return np.empty(0, np.int64)
    middle = np.array([target.width_px, target.height_px]) / 2
    cos, sin = np.cos(matches.turns_rad), np.sin(matches.turns_rad)
    x, y = (middle - matches.places).T * matches.scales
    bin_px = PLACE_BIN * max(target.width_px, target.height_px) * float(np.median(matches.scales))
    votes = np.stack(
        [
            (matches.seen[:, 0] + cos * x - sin * y) / bin_px,
            (matches.seen[:, 1] + sin * x + cos * y) / bin_px,
            (matches.turns_rad / (2 * np.pi) % 1) * ANGLE_BINS,
            np.log10(matches.scales) * SCALE_BINS,
        ],
        axis=1,
    )
    lower = np.floor(votes - 0.5).astype(np.int64)
    corner = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, -1).T
    bins = lower[:, None, :] + corner[None, :, :]
    bins[..., 2] %= ANGLE_BINS
    keys = ((bins[..., 0] * 4096 + bins[..., 1]) * 16 + bins[..., 2]) * 64 + bins[..., 3]
    found, counts = np.unique(keys, return_counts=True)
    return np.flatnonzero((keys == found[np.argmax(counts)]).any(axis=1))


def _fit(places: Points, seen: Points) -> tuple[int, Homography]:
    fit: tuple[Homography | None, Mask] = cv2.findHomography(  # type: ignore[assignment]
        places, seen, cv2.RANSAC, INLIER_PX, maxIters=RANSAC_TRIALS, confidence=0.995
    )
    pose, is_inlier = fit
    return (0, np.eye(3)) if pose is None else (int(is_inlier.sum()), pose)


def _held(image: TrackingImage, frame: GrayImage, pose: Homography) -> int:
    """Count the tracking image's places that are found again in the frame, near to the pose."""
    height_px, width_px = image.pixels.shape
    to_picture = np.diag([1 / image.scale, 1 / image.scale, 1])
    flat = cv2.warpPerspective(
        frame,
        pose @ to_picture,
        (width_px, height_px),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    reach = TEMPLATE_HALF_PX + SEARCH_PX
    held = 0
    for x, y in image.points_px.tolist():
        half = TEMPLATE_HALF_PX
        template = image.pixels[y - half : y + half + 1, x - half : x + half + 1]
        around = flat[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        likeness = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        held += bool(likeness.max() > LIKENESS_MIN)
    return held
