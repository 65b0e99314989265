"""The worker's half of a marker: read the picture, compile it, keep what came out."""

import io
import time
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from markers.compiler import COMPILER_VERSION, LEAN, ROBUST, UnusableImage, compile_target
from markers.models import Marker
from vertexar.errors import UnusableUpload
from vertexar.leases import perform
from vertexar.storage import store


def compile_marker(marker_id: UUID | str) -> None:
    """Compile one marker if it is there to be claimed."""
    perform(Marker.objects.all(), marker_id, _compiled)


PROFILES = {"lean": LEAN, "robust": ROBUST}
# What a compilation writes on its row, and what a twin's row can lend.
RESULT = ["target", "preview", "compiler_version", "quality_score", "quality_report"]


def _compiled(marker: Marker) -> dict[str, Any]:
    if (twin := marker.twin(COMPILER_VERSION)) is not None:
        return {name: getattr(twin, name) for name in RESULT} | {"compile_seconds": 0.0}
    begun = time.monotonic()
    with default_storage.open(marker.picture) as picture:
        image = picture.read()
    try:
        compiled = compile_target(image, PROFILES[marker.options.get("profile", "robust")])
    except UnusableImage as error:
        raise UnusableUpload(str(error), code=error.code, hint=error.hint) from error
    return {
        "target": store(io.BytesIO(compiled.mind), folder="markers/targets", extension=".mind"),
        "preview": store(
            io.BytesIO(compiled.preview_jpeg), folder="markers/previews", extension=".jpg"
        ),
        "compiler_version": COMPILER_VERSION,
        "quality_score": compiled.quality_score,
        "quality_report": compiled.quality_report,
        "compile_seconds": round(time.monotonic() - begun, 3),
    }
