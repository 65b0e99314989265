"""Which markers of an organisation a camera may take for each other, found out by a worker.

Reading a target's file takes tens of milliseconds, and an organisation may have thousands. So one
keyframe's descriptors of each target are kept in a small file beside it, its sketch. A new target
is held against the sketches, which takes half a millisecond each, and only the few files that it
has something in common with are read and compared in full.
"""

import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final, cast
from uuid import UUID

import cv2
import numpy as np
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from numpy.typing import NDArray

from accounts.models import Organization
from markers.compiler import CONFUSABLE, Likeness, compare, likeness_of
from markers.compiler.encode import MalformedTarget
from markers.models import LookAlike, Marker

logger = logging.getLogger(__name__)

FOLDER: Final = "markers/likeness"
# The keyframe that is kept: of the sizes that are compared the middle one, near all others.
SHORT_SIDE_PX: Final = 160
# A point's match is clear when the second best differs in so much more of its bits...
RATIO_MAX: Final = 0.75
# ... and with this share of the poorer one's points matched clearly, files are compared in full.
# Of 280 pairs of a picture and its altered self all pass, of 1,950 different pairs 3 in a hundred.
CLEAR_MIN: Final = 0.15
SKETCHES_HELD: Final = 4000  # of about 13 kB

_HEADER: Final = struct.Struct("<4sHHH")  # magic, bytes a descriptor, number of each kind
_MAGIC: Final = b"VSK1"


@dataclass(frozen=True, slots=True)
class Sketch:
    """The bright and the dark points' descriptors of one keyframe, (N, bytes) and (M, bytes)."""

    bright: NDArray[np.uint8]
    dark: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.bright) + len(self.dark)


def due() -> QuerySet[Marker]:
    """Markers whose present target was never compared with the others."""
    return Marker.objects.filter(~Q(compared_target=F("target"))).exclude(target="")


def find_look_alikes(marker_id: UUID | str) -> None:
    """Compare a marker's target with its organisation's others and write down which are alike.

    A pair is one row, on the newer of the two. Nothing is written when the target has been replaced
    meanwhile: the new one is due by itself. Doing it twice, or both of a pair at once, changes
    nothing. Of more markers than there is time for the newest are compared.
    """
    marker = due().filter(pk=marker_id).first()
    if marker is None:
        logger.info("marker %s: nothing to compare", marker_id)
        return
    found: dict[UUID, float] = {}
    try:
        found.update(_look_alikes(marker))  # one by one
    except SoftTimeLimitExceeded:  # to begin anew would take as long, and end the same way
        logger.error("marker %s: not compared with all others, there are too many", marker_id)  # noqa: TRY400
    if not _write(marker, found):
        logger.info("marker %s: its target was replaced while it was compared", marker_id)


def may_be_alike(likeness: Likeness, sketch: Sketch) -> bool:
    """Tell quickly whether two targets have enough in common to be compared in full."""
    if len(sketch) == 0:
        return False
    return any(
        _clear_matches(seen, sketch) >= CLEAR_MIN * min(len(seen), len(sketch))
        for seen in (Sketch(*sight.descriptors) for sight in likeness.sights)
        if len(seen) > 0
    )


def sketch_of(likeness: Likeness) -> Sketch:
    """Choose what is kept of a target."""
    if not likeness.sights:
        nothing = np.empty((0, 0), np.uint8)
        return Sketch(nothing, nothing)
    middle = min(
        likeness.sights, key=lambda sight: abs(np.log(sight.short_side_px / SHORT_SIDE_PX))
    )
    return Sketch(*middle.descriptors)


def pack(sketch: Sketch) -> bytes:
    """Write a sketch to a file's bytes."""
    width = sketch.bright.shape[1]
    head = _HEADER.pack(_MAGIC, width, len(sketch.bright), len(sketch.dark))
    return head + sketch.bright.tobytes() + sketch.dark.tobytes()


def unpack(data: bytes) -> Sketch | None:
    """Read a sketch back; None when it is cut short or of another version."""
    if len(data) < _HEADER.size:
        return None
    magic, width, bright, dark = _HEADER.unpack_from(data)
    if magic != _MAGIC or len(data) != _HEADER.size + width * (bright + dark):
        return None
    rows = np.frombuffer(data, np.uint8, offset=_HEADER.size).reshape(bright + dark, width)
    return Sketch(rows[:bright], rows[bright:])


def key_of_sketch(target: str) -> str:
    """Name the sketch's file after the target's, which is named by its content."""
    path = PurePosixPath(target)
    return f"{FOLDER}/{path.parent.name}/{path.stem}.sketch"


def _look_alikes(marker: Marker) -> Iterator[tuple[UUID, float]]:
    """The ids of the markers that are confusable with one, and how alike they are."""
    others = Marker.objects.filter(organization=marker.organization_id).exclude(target="")
    mine = _likeness(marker.target)
    shares: dict[str, float] = {marker.target: 1.0}
    others = others.exclude(pk=marker.pk).order_by("-created_at", "pk")
    for other_id, sha256, target in others.values_list("pk", "sha256", "target"):
        if sha256 == marker.sha256:
            yield other_id, 1.0
            continue
        if target not in shares:
            shares[target] = 0.0 if mine is None else _share(mine, target)
        if shares[target] >= CONFUSABLE:
            yield other_id, shares[target]


def _share(mine: Likeness, target: str) -> float:
    sketch = _sketch(target)
    if sketch is None or not may_be_alike(mine, sketch):
        return 0.0
    theirs = _likeness(target)
    return 0.0 if theirs is None else compare(mine, theirs)


def _likeness(target: str) -> Likeness | None:
    """Read a target's file; None, and a line in the log, when it can't be."""
    try:
        with default_storage.open(target) as file:
            likeness = likeness_of(file.read())
    except (FileNotFoundError, MalformedTarget) as error:
        logger.error("target %s can't be compared: %r", target, error)  # noqa: TRY400
        return None
    _keep(target, sketch_of(likeness))
    return likeness


@lru_cache(maxsize=SKETCHES_HELD)
def _sketch(target: str) -> Sketch | None:
    try:
        with default_storage.open(key_of_sketch(target)) as file:
            sketch = unpack(file.read())
    except FileNotFoundError:
        sketch = None
    if sketch is not None:
        return sketch
    likeness = _likeness(target)
    return None if likeness is None else sketch_of(likeness)


def _keep(target: str, sketch: Sketch) -> None:
    key = key_of_sketch(target)
    if not default_storage.exists(key):
        default_storage.save(key, ContentFile(pack(sketch)))


def _clear_matches(seen: Sketch, sketch: Sketch) -> int:
    """Number of points of the poorer one that fit one point of the other, and no second one."""
    poorer, richer = (seen, sketch) if len(seen) <= len(sketch) else (sketch, seen)
    return _clear(poorer.bright, richer.bright) + _clear(poorer.dark, richer.dark)


def _clear(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> int:
    if len(ours) == 0 or len(theirs) < 2:
        return 0
    matched = cv2.batchDistance(ours, theirs, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2)
    bits = cast("NDArray[Any]", matched[0])
    return int((bits[:, 0] < RATIO_MAX * bits[:, 1]).sum())


@transaction.atomic
def _write(marker: Marker, found: dict[UUID, float]) -> bool:
    """Replace the pairs a marker is in, if it still has the target that was compared."""
    # One at a time in an organisation: two of a pair may be compared at the same moment.
    Organization.objects.select_for_update(no_key=True).get(pk=marker.organization_id)
    mine = Marker.objects.filter(pk=marker.pk, target=marker.target)
    if not mine.update(compared_target=marker.target):
        return False
    LookAlike.objects.filter(Q(marker=marker) | Q(other=marker)).delete()
    # Locked, so that none is deleted before its row is committed.
    others = Marker.objects.filter(pk__in=found).select_for_update(no_key=True).order_by("pk")
    LookAlike.objects.bulk_create(
        _pair(marker, other, likeness=found[other.pk]) for other in others
    )
    return True


def _pair(one: Marker, another: Marker, *, likeness: float) -> LookAlike:
    older, newer = sorted((one, another), key=lambda marker: (marker.created_at, marker.pk))
    return LookAlike(marker=newer, other=older, likeness=likeness)
