"""What may be asked of markers. The work itself is in `markers.compilation`, done by a worker."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Capability, Organization, User
from markers import tasks
from markers.models import Marker, MarkerBatch
from markers.pictures import Picture, PictureLimits, read_picture
from vertexar.errors import Conflict, NotAllowed, UnusableUpload
from vertexar.queue import wake
from vertexar.storage import store


def picture_limits() -> PictureLimits:
    """What a picture may be in this installation."""
    return PictureLimits(
        max_bytes=settings.PICTURE_MAX_BYTES, max_pixels=settings.PICTURE_MAX_PIXELS
    )


def store_picture(picture: Picture) -> str:
    """Put a picture in the file store and return its key. Call before, not in, a transaction."""
    return store(io.BytesIO(picture.data), folder="markers/pictures", extension=picture.extension)


@transaction.atomic
def create_marker(
    *,
    organization: Organization,
    picture: Picture,
    key: str,
    options: dict[str, Any] | None = None,
    batch: MarkerBatch | None = None,
) -> Marker:
    """Make a marker of a stored picture and queue its compiling."""
    marker = Marker.objects.create(
        organization=organization,
        picture=key,
        sha256=picture.sha256,
        width_px=picture.width_px,
        height_px=picture.height_px,
        options=options or {},
        batch=batch,
    )
    wake(tasks.compile_marker, marker)
    return marker


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one picture of a batch: a marker, or the reason why there is none."""

    name: str
    marker: Marker | None = None
    error: UnusableUpload | None = None


def create_batch(
    *,
    organization: Organization,
    user: User,
    images: Iterable["File[bytes]"],
    options: dict[str, Any],
) -> tuple[MarkerBatch, list[BatchItem]]:
    """Make markers of many pictures. One that can't be used spoils none of the others.

    Raises:
        NotAllowed: the user may not edit content there.
    """
    if not user.can(Capability.EDIT_CONTENT, organization):
        raise NotAllowed(
            _("You may not add markers here."), hint=_("Ask an owner to make you an editor.")
        )
    batch = MarkerBatch.objects.create(organization=organization)
    return batch, [_batch_item(batch, image, options) for image in images]


def _batch_item(batch: MarkerBatch, image: "File[bytes]", options: dict[str, Any]) -> BatchItem:
    name = str(image.name)
    try:
        picture = read_picture(image, limits=picture_limits())  # type: ignore[arg-type]
    except UnusableUpload as error:
        return BatchItem(name=name, error=error)
    marker = create_marker(
        organization=batch.organization,
        picture=picture,
        key=store_picture(picture),
        options=options,
        batch=batch,
    )
    return BatchItem(name=name, marker=marker)


@transaction.atomic
def recompile_marker(*, marker: Marker, options: dict[str, Any] | None = None) -> Marker:
    """Queue a marker again; its present target stays in use until a new one is ready.

    Args:
        marker: which.
        options: what to compile it with from now on; None for what it had.

    Raises:
        Conflict: it is being compiled right now.
    """
    marker = Marker.objects.select_for_update().get(pk=marker.pk)
    if marker.status == Marker.Status.COMPILING:
        raise Conflict(
            _("This marker is being compiled already."),
            code="marker_busy",
            hint=_("Wait until it is done."),
        )
    marker.options = marker.options if options is None else options
    marker.status, marker.attempt = Marker.Status.PENDING, 0
    marker.failure_code, marker.failure_hint = "", ""
    marker.queued_at = timezone.now()
    marker.save(
        update_fields=[
            "options", "status", "attempt",
            "failure_code", "failure_hint", "queued_at", "updated_at",
        ]
    )  # fmt: skip
    wake(tasks.compile_marker, marker)
    return marker
