"""What may be asked of markers. The work itself is in `markers.compilation`, done by a worker."""

import errno
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Capability, Organization, User
from markers import tasks
from markers.models import Marker, MarkerBatch, MarkerPreset
from markers.pictures import Picture, PictureLimits, read_picture
from vertexar.errors import Conflict, DomainError, NotAllowed, NotThere, UnusableUpload
from vertexar.queue import wake
from vertexar.storage import store

logger = logging.getLogger(__name__)

NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT}


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


def create_batch(
    *,
    organization: Organization,
    user: User,
    images: Iterable["File[bytes]"],
    options: dict[str, Any],
) -> tuple[MarkerBatch, list[BatchItem]]:
    """Make markers of many pictures. One that can't be used or kept spoils none of the others.

    Raises:
        NotAllowed: the user may not edit content there.
        OSError: the store took not a single one.
    """
    if not user.can(Capability.EDIT_CONTENT, organization):
        raise NotAllowed(
            _("You may not add markers here."), hint=_("Ask an owner to make you an editor.")
        )
    batch = MarkerBatch.objects.create(organization=organization)
    items = [_batch_item(batch, image, options) for image in images]
    not_stored = [item.error for item in items if isinstance(item.error, NotStored)]
    if not_stored and not any(item.marker for item in items):
        batch.delete()
        raise not_stored[0].__cause__ or not_stored[0]
    made = sum(item.marker is not None for item in items)
    audit.record(audit.Action.CREATED, actor=user, target=batch, markers=made)
    return batch, items


def _batch_item(batch: MarkerBatch, image: "File[bytes]", options: dict[str, Any]) -> BatchItem:
    name = str(image.name)
    try:
        picture = read_picture(image, limits=picture_limits())  # type: ignore[arg-type]
        key = _stored_or_not(picture)
    except (UnusableUpload, NotStored) as error:
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

    Args:
        marker: which.
        actor: who asks for it; None for an operator.
        options: what to compile it with from now on; None for what it had.

    Raises:
        Conflict: it is being compiled right now.
    """
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
