"""The worker's half of a marker: read the picture, compile it, keep what came out."""

import io
import time
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.core.files.storage import default_storage

from markers.compiler import COMPILER_VERSION, LEAN, ROBUST, UnusableImage, compile_target
from markers.compiler.compile import CompiledTarget, Progress, report_nothing
from markers.compiler.nft import NftOptions, NftTarget, compile_nft
from markers.models import Marker
from vertexar.errors import UnusableUpload
from vertexar.leases import perform
from vertexar.metrics import COMPILE_SECONDS, QUALITY_SCORE
from vertexar.storage import store

PROFILES: Final = {"lean": LEAN, "robust": ROBUST}
# What a compilation writes on its row, and what a twin's row can lend.
RESULT: Final = [
    "target", "iset", "fset", "fset3", "file_bytes", "preview", "heat_map",
    "compiler_version", "quality_score", "quality_report", "nft_report",
]  # fmt: skip
# The share of the time that the `.mind` file takes, the rest being the NFT files'.
MIND_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class CompiledPicture:
    """All that is made of a picture.

    Attributes:
        target: the `.mind` file, the pictures, the quality.
        nft: the NFT files, or why there are none: they ask for more of a picture.
    """

    target: CompiledTarget
    nft: NftTarget | UnusableImage

    @property
    def files(self) -> dict[str, bytes]:
        """The target files there are, by their extension."""
        files = {"mind": self.target.mind}
        if isinstance(self.nft, NftTarget):
            files |= {"iset": self.nft.iset, "fset": self.nft.fset, "fset3": self.nft.fset3}
        return files

    @property
    def nft_report(self) -> dict[str, Any]:
        """What is known of the NFT files, or why there are none; ready for JSON."""
        if isinstance(self.nft, UnusableImage):
            return {"failure": self.nft.code, "hint": self.nft.hint}
        return {
            "dpi": self.nft.dpi,
            "dpi_source": self.nft.dpi_source.value,
            "width_mm": round(self.nft.width_mm, 1),
            "tracking_layers": list(self.nft.tracking_layers),
            "keyframes": list(self.nft.keyframes),
        }


def compile_marker(marker_id: UUID | str, *, on_progress: Progress = report_nothing) -> None:
    """Compile one marker if it is there to be claimed.

    Args:
        marker_id: which.
        on_progress: is told the share that is done, 0..1, from time to time.
    """
    perform(Marker.objects.all(), marker_id, lambda marker: _result(marker, on_progress))


def compile_picture(
    image: bytes, options: dict[str, Any], *, on_progress: Progress = report_nothing
) -> CompiledPicture:
    """Make all files of a picture; nothing is stored.

    Args:
        image: a picture file that was checked.
        options: checked options.
        on_progress: is told the share that is done, 0..1, from time to time.

    Raises:
        UnusableUpload: no phone would recognise the picture.
    """
    profile = PROFILES[options.get("profile", "robust")]
    try:
        target = compile_target(
            image,
            replace(profile, enhance=options.get("enhance", profile.enhance)),
            on_progress=lambda share: on_progress(share * MIND_SHARE),
        )
    except UnusableImage as error:
        raise UnusableUpload(str(error), code=error.code, hint=error.hint) from error
    compiled = CompiledPicture(target, _compile_nft(image, options))
    on_progress(1.0)
    return compiled


def _compile_nft(image: bytes, options: dict[str, Any]) -> NftTarget | UnusableImage:
    try:
        return compile_nft(image, NftOptions(physical_width_mm=options.get("physical_width_mm")))
    except UnusableImage as error:
        return error


def _result(marker: Marker, on_progress: Progress) -> dict[str, Any]:
    if (twin := marker.twin(COMPILER_VERSION)) is not None:
        return {name: getattr(twin, name) for name in RESULT} | {"compile_seconds": 0.0}
    begun = time.monotonic()
    with default_storage.open(marker.picture) as picture:
        image = picture.read()
    compiled = compile_picture(image, marker.options, on_progress=on_progress)
    columns = _stored(compiled)
    taken_s = time.monotonic() - begun
    COMPILE_SECONDS.observe(taken_s)
    QUALITY_SCORE.observe(compiled.target.quality_score)
    return columns | {"compile_seconds": round(taken_s, 3)}


def _stored(compiled: CompiledPicture) -> dict[str, Any]:
    """Put all files in the store; answer with the columns of `RESULT`.

    What was not made is blank, or a marker would keep NFT files of other options.
    """
    files = compiled.files
    keys = {
        extension: store(
            io.BytesIO(content),
            folder="markers/targets" if extension == "mind" else "markers/nft",
            extension=f".{extension}",
        )
        for extension, content in files.items()
    }
    target = compiled.target
    return {
        "target": keys["mind"],
        "iset": keys.get("iset", ""),
        "fset": keys.get("fset", ""),
        "fset3": keys.get("fset3", ""),
        "file_bytes": {extension: len(content) for extension, content in files.items()},
        "preview": _stored_picture(target.preview_jpeg, folder="markers/previews"),
        "heat_map": _stored_picture(target.heat_map_jpeg, folder="markers/heatmaps"),
        "compiler_version": COMPILER_VERSION,
        "quality_score": target.quality_score,
        "quality_report": target.quality_report,
        "nft_report": compiled.nft_report,
    }


def _stored_picture(jpeg: bytes, *, folder: str) -> str:
    return store(io.BytesIO(jpeg), folder=folder, extension=".jpg")
