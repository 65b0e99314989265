"""What may be asked of markers. The work itself is in `markers.compilation`, done by a worker."""

import errno
import io
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, BinaryIO, Final, cast

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Capability, Organization, User
from markers import tasks
from markers.models import Marker, MarkerBatch, MarkerPreset
from markers.pictures import Picture, PictureLimits, pixels_to_decode, read_picture
from markers.pictures_at_once import PicturesBusy
from vertexar.errors import Conflict, DomainError, NotAllowed, NotThere, UnusableUpload
from vertexar.queue import wake
from vertexar.storage import store

logger = logging.getLogger(__name__)

NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}
PICTURES_AN_UPLOAD: Final = 10  # of a batch


class NotStored(DomainError):
    """The store did not take a picture; the picture may be sent again."""

    code = "storage_failed"


def picture_limits() -> PictureLimits:
    """What a picture may be in this installation."""
    return PictureLimits(
        max_bytes=settings.PICTURE_MAX_BYTES, max_pixels=settings.PICTURE_MAX_PIXELS
    )


def store_picture(picture: Picture) -> str:
    """Put a picture in the file store and return its key. Call before, not in, a transaction."""
    return store(io.BytesIO(picture.data), folder="markers/pictures", extension=picture.extension)


def chosen_options(
    *, organization: Organization, preset: str = "", options: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Put together options by the name of a preset and by themselves, which go before.

    Args:
        organization: whose preset.
        preset: its name, or "" for none.
        options: checked ones.

    Raises:
        NotThere: the organisation has no preset of that name.
    """
    if not preset:
        return options or {}
    known = MarkerPreset.objects.filter(organization=organization)
    found = known.filter(name=preset).first()
    if found is None:
        names = ", ".join(known.values_list("name", flat=True))
        raise NotThere(
            _("There is no preset “%(name)s”.") % {"name": preset},
            code="preset_unknown",
            hint=_("It may be: %(names)s.") % {"names": names} if names else _("Make one first."),
        )
    return found.options | (options or {})


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
    error: DomainError | None = None


def uploads_in(images: Sequence["File[bytes]"]) -> int:
    """Tell as how many uploads a batch counts, by what it will take to read and to compile it.

    For each ten pictures one, and no fewer than as many pictures of the largest size would have all
    its pixels. Nothing is decoded.

    Raises:
        UnusableUpload: with the code batch_too_large: they have too many pixels together.
    """
    limits, most = picture_limits(), settings.PICTURE_BATCH_MAX_PIXELS
    files = cast("Sequence[BinaryIO]", images)  # in all but name
    pixels = sum(pixels_to_decode(file, limits=limits) for file in files)
    if pixels > most:
        refusal = UnusableUpload(
            _("These pictures have %(pixels)d million pixels together.")
            % {"pixels": ceil(pixels / 1_000_000)},
            code="batch_too_large",
            hint=_(
                "Together they may have %(limit)d million: send them in several batches, or "
                "scale them down."
            )
            % {"limit": most // 1_000_000},
        )
        refusal.field = "images"
        raise refusal
    return max(ceil(len(images) / PICTURES_AN_UPLOAD), ceil(pixels / limits.max_pixels))


def create_batch(
    *,
    organization: Organization,
    user: User,
    images: Iterable["File[bytes]"],
    options: dict[str, Any],
) -> tuple[MarkerBatch, list[BatchItem]]:
    """Make markers of many pictures. One that can't be used or kept spoils none of the others.

    Where one has waited for its place in vain, those after it are not tried.

    Raises:
        NotAllowed: the user may not edit content there.
        PicturesBusy: not a single one was read, since the first had no place.
        OSError: the store took not a single one.
    """
    if not user.can(Capability.EDIT_CONTENT, organization):
        raise NotAllowed(
            _("You may not add markers here."), hint=_("Ask an owner to make you an editor.")
        )
    batch = MarkerBatch.objects.create(organization=organization)
    items: list[BatchItem] = []
    busy: PicturesBusy | None = None
    for image in images:
        item = _batch_item(batch, image, options, busy)
        busy = item.error if isinstance(item.error, PicturesBusy) else None
        items.append(item)
    if items and isinstance(items[0].error, PicturesBusy):
        batch.delete()
        raise items[0].error
    not_stored = [item.error for item in items if isinstance(item.error, NotStored)]
    if not_stored and not any(item.marker for item in items):
        batch.delete()
        raise not_stored[0].__cause__ or not_stored[0]
    made = sum(item.marker is not None for item in items)
    audit.record(audit.Action.CREATED, actor=user, target=batch, markers=made)
    return batch, items


def _batch_item(
    batch: MarkerBatch,
    image: "File[bytes]",
    options: dict[str, Any],
    busy: PicturesBusy | None,
) -> BatchItem:
    name = str(image.name)
    if busy is not None:
        return BatchItem(name=name, error=busy)
    try:
        picture = read_picture(image, limits=picture_limits())  # type: ignore[arg-type]
        key = _stored_or_not(picture)
    except (UnusableUpload, NotStored, PicturesBusy) as error:
        return BatchItem(name=name, error=error)
    marker = create_marker(
        organization=batch.organization, picture=picture, key=key, options=options, batch=batch
    )
    return BatchItem(name=name, marker=marker)


def _stored_or_not(picture: Picture) -> str:
    try:
        return store_picture(picture)
    except OSError as error:
        logger.exception("a picture of a batch was not stored")
        hint = _("Send it again later, or tell the operator.")
        if error.errno in NO_ROOM:
            message = _("There is no room left for this picture.")
            raise NotStored(message, code="storage_full", hint=hint) from error
        raise NotStored(_("The picture could not be stored."), hint=hint) from error


@transaction.atomic
def recompile_marker(
    *, marker: Marker, actor: User | None, options: dict[str, Any] | None = None
) -> Marker:
    """Queue a marker again; its present target stays in use until a new one is ready.

    Whoever asks again while it waits is given the marker as it is; an operator is always heard.

    Args:
        marker: which.
        actor: who asks for it; None for an operator.
        options: what to compile it with from now on; None for what it had.

    Raises:
        Conflict: it is being compiled right now.
    """
    marker = Marker.objects.select_for_update().get(pk=marker.pk)
    is_waiting = marker.status == Marker.Status.PENDING and options in (None, marker.options)
    if is_waiting and actor is not None:
        return marker
    marker = reset_marker(marker=marker, options=options)
    audit.record(audit.Action.RECOMPILED, actor=actor, target=marker, options=marker.options)
    wake(tasks.compile_marker, marker)
    return marker


@transaction.atomic
def reset_marker(*, marker: Marker, options: dict[str, Any] | None = None) -> Marker:
    """Make a marker one that waits for its compiling, and wake nobody; as `recompile_marker`."""
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
    return marker
