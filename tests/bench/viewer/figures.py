"""What an engine's answers to one clip are worth, against the clip's truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float64]

WRONG_PX: Final = 10.0
WRONG_SHARE: Final = 0.06  # of the picture's diagonal in the frame


@dataclass(frozen=True, slots=True)
class Seen:
    """One engine's figures for one clip.

    Attributes:
        picture, seed, shot, engine: which.
        frames: of the clip.
        first: number of the first frame with a right pose; None if there is none.
        missed: frames without a pose after that.
        wrong: frames with a wrong pose, by more than 10 px and 6 % of the diagonal on average.
        errors_px: of each frame with a pose, mean over the judged points, as shown.
        raw_errors_px: the same before the engine's filter; empty where that is not told.
        floors_px: of each frame, the error of the best homography; empty where a homography can
            tell all.
        shake_px: root mean square distance of the judged points, before the filter, from their
            mean places; tells something of a camera at rest alone. None with too few poses.
        shown_shake_px: the same after the filter.
        jump_px: root mean square change of a point's error from one frame to the next.
        ms: of each frame with a pose but the first; ``search_ms``: of the others.
    """

    picture: str
    seed: int
    shot: str
    engine: str
    frames: int
    first: int | None
    missed: int
    wrong: int
    errors_px: tuple[float, ...]
    raw_errors_px: tuple[float, ...]
    floors_px: tuple[float, ...]
    shake_px: float | None
    shown_shake_px: float | None
    jump_px: float | None
    ms: tuple[float, ...]
    search_ms: tuple[float, ...]


def judge(
    *,
    which: tuple[str, int, str, str],
    truth: Places | None,
    shown: Sequence[Places | None],
    raw: Sequence[Places | None],
    ms: Sequence[float],
    floors_px: Sequence[float] = (),
) -> Seen:
    """Compare what an engine told of a clip with its truth.

    Args:
        which: picture, seed, shot, engine.
        truth: (N, K, 2) places of the judged points; None when the picture was never there, so
            that each pose is wrong.
        shown: for each frame the engine's (K, 2) places of them, or None.
        raw: the same before its filter; empty when that is not told.
        ms: of each frame.
        floors_px: of each frame, the error that the best homography has.
    """
    if truth is None:
        wrong = [pose is not None for pose in shown]
        return _seen(which, shown, ms, first=None, wrong=sum(wrong))
    off = [None if pose is None else pose - real for pose, real in zip(shown, truth, strict=True)]
    errors = [None if one is None else mean_length(one) for one in off]
    limits = [wrong_from_px(real) for real in truth]
    right = [e is not None and e <= most for e, most in zip(errors, limits, strict=True)]
    first = right.index(True) if any(right) else None
    missed = 0 if first is None else sum(pose is None for pose in shown[first:])
    raw_off = [pose - real for pose, real in zip(raw, truth, strict=False) if pose is not None]
    return _seen(
        which,
        shown,
        ms,
        first=first,
        missed=missed,
        wrong=sum(e is not None and not ok for e, ok in zip(errors, right, strict=True)),
        errors_px=tuple(e for e in errors if e is not None),
        raw_errors_px=tuple(mean_length(one) for one in raw_off),
        floors_px=tuple(floors_px),
        shake_px=shake([pose for pose in raw if pose is not None]),
        shown_shake_px=shake([pose for pose in shown if pose is not None]),
        jump_px=jump(off),
    )


def wrong_from_px(places: Places) -> float:
    """The mean error from which on a pose is wrong, for a picture that is seen like this."""
    span = places.max(axis=0) - places.min(axis=0)
    return max(WRONG_PX, WRONG_SHARE * float(np.linalg.norm(span)))


def mean_length(vectors: Places) -> float:
    """Mean length of (K, 2) vectors."""
    return float(np.linalg.norm(vectors, axis=-1).mean())


def shake(poses: Sequence[Places]) -> float | None:
    """Root mean square distance of points from their mean places; None below three poses."""
    if len(poses) < 3:
        return None
    places = np.stack(poses)
    return _root_mean_square(places - places.mean(axis=0))


def jump(off: Sequence[Places | None]) -> float | None:
    """Root mean square change of a point's error between neighbouring frames."""
    steps = [
        later - former
        for former, later in pairwise(off)
        if former is not None and later is not None
    ]
    return _root_mean_square(np.stack(steps)) if steps else None


def _root_mean_square(vectors: Places) -> float:
    return float(np.sqrt((vectors**2).sum(axis=-1).mean()))


def _seen(
    which: tuple[str, int, str, str],
    shown: Sequence[Places | None],
    ms: Sequence[float],
    *,
    first: int | None,
    wrong: int,
    missed: int = 0,
    errors_px: tuple[float, ...] = (),
    raw_errors_px: tuple[float, ...] = (),
    floors_px: tuple[float, ...] = (),
    shake_px: float | None = None,
    shown_shake_px: float | None = None,
    jump_px: float | None = None,
) -> Seen:
    picture, seed, shot, engine = which
    begun = next((n for n, pose in enumerate(shown) if pose is not None), len(shown))
    followed = [pose is not None and n > begun for n, pose in enumerate(shown)]
    return Seen(
        picture=picture,
        seed=seed,
        shot=shot,
        engine=engine,
        frames=len(shown),
        first=first,
        missed=missed,
        wrong=wrong,
        errors_px=errors_px,
        raw_errors_px=raw_errors_px,
        floors_px=floors_px,
        shake_px=shake_px,
        shown_shake_px=shown_shake_px,
        jump_px=jump_px,
        ms=tuple(one for one, is_followed in zip(ms, followed, strict=True) if is_followed),
        search_ms=tuple(
            one for one, is_followed in zip(ms, followed, strict=True) if not is_followed
        ),
    )
