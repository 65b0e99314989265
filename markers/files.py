"""The files that runtimes recognise a marker by, as downloads."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from markers.models import TARGET_FILES, Marker
from markers.sets import merge_targets
from vertexar.errors import Conflict, NotThere

logger = logging.getLogger(__name__)

CONTENT_TYPE: Final = "application/octet-stream"


def target_response(marker: Marker, extension: str) -> FileResponse:
    """Answer with one of a marker's files, to be kept.

    The three NFT files have one name but for their ends, as AR.js asks for them.

    Args:
        marker: whose.
        extension: one of `TARGET_FILES`.

    Raises:
        NotThere: there is no such file.
    """
    file = _open(marker, extension)
    name = f"{base_name(marker)}.{extension}"
    response = FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPE)
    response["Content-Length"] = str(file.size)
    return response


def merged_response(markers: Sequence[Marker]) -> HttpResponse:
    """Answer with one `.mind` file of several markers, in their order.

    Raises:
        Conflict: one of them has no target yet; the message names it.
        NotThere: the store has lost one's file.
    """
    for marker in markers:
        if not marker.is_usable:
            raise Conflict(
                _("Marker %(id)s is not ready.") % {"id": marker.pk},
                code="marker_not_ready",
                hint=_missing_hint(marker),
            )
    response = HttpResponse(merge_targets([_read(marker) for marker in markers]))
    response["Content-Type"] = CONTENT_TYPE
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename="markers.mind"
    )
    return response


def base_name(marker: Marker) -> str:
    """Name of a marker's files without their ends."""
    return f"marker-{marker.pk.hex[:8]}"


def files_of(marker: Marker) -> dict[str, dict[str, Any]]:
    """Say where to download the files there are, by extension, and their sizes if known."""
    return {
        extension: {
            "url": settings.PUBLIC_URL + reverse("api:marker-file", args=[marker.pk, extension]),
            "bytes": marker.file_bytes.get(extension),
        }
        for extension, column in TARGET_FILES.items()
        if getattr(marker, column)
    }


def _open(marker: Marker, extension: str) -> "File[bytes]":
    key = getattr(marker, TARGET_FILES[extension]) if extension in TARGET_FILES else ""
    try:
        if key:
            return default_storage.open(key)
    except FileNotFoundError:
        logger.exception("marker %s: the store has lost its .%s file", marker.pk, extension)
    raise NotThere(
        _("Marker %(id)s has no .%(extension)s file.") % {"id": marker.pk, "extension": extension},
        code="file_missing",
        hint=_missing_hint(marker),
    )


def _read(marker: Marker) -> bytes:
    with _open(marker, "mind") as file:
        return bytes(file.read())


def _missing_hint(marker: Marker) -> str:
    if marker.status in {Marker.Status.PENDING, Marker.Status.COMPILING}:
        return _("Wait until it is compiled.")
    return _("Look at the marker for the reason, and compile it again.")
