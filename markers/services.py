"""What may be asked of markers. The work itself is in `markers.compilation`, done by a worker."""

import io

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization
from markers import tasks
from markers.models import Marker
from markers.pictures import Picture
from vertexar.errors import Conflict
from vertexar.queue import wake
from vertexar.storage import store


def store_picture(picture: Picture) -> str:
    """Put a picture in the file store and return its key. Call before, not in, a transaction."""
    return store(io.BytesIO(picture.data), folder="markers/pictures", extension=picture.extension)


@transaction.atomic
def create_marker(*, organization: Organization, picture: Picture, key: str) -> Marker:
    """Make a marker of a stored picture and queue its compiling."""
    marker = Marker.objects.create(
        organization=organization,
        picture=key,
        sha256=picture.sha256,
        width_px=picture.width_px,
        height_px=picture.height_px,
    )
    wake(tasks.compile_marker, marker)
    return marker


@transaction.atomic
def recompile_marker(*, marker: Marker) -> Marker:
    """Queue a marker again; its present target stays in use until a new one is ready.

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
    marker.status, marker.attempt = Marker.Status.PENDING, 0
    marker.failure_code, marker.failure_hint = "", ""
    marker.queued_at = timezone.now()
    marker.save(
        update_fields=[
            "status", "attempt", "failure_code", "failure_hint", "queued_at", "updated_at",
        ]
    )  # fmt: skip
    wake(tasks.compile_marker, marker)
    return marker
