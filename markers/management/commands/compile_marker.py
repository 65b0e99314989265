"""Compiles one marker, or a picture of no marker, in this process and says what came of it."""

import json
import time
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from markers import compilation, services
from markers.compiler import COMPILER_VERSION, REASONS
from markers.management.progress import Progress
from markers.models import Marker, MarkerPreset
from markers.options import checked_options
from markers.pictures import read_picture
from vertexar.errors import DomainError, UnusableUpload

UNUSABLE, WRONG_CALL = 1, 2
DPI_SOURCES: Final = {"physical_width": "from the width of the print", "default": "assumed"}


class Command(BaseCommand):
    help = (
        "Compile a marker here and now, as a worker would, or a picture file, of which nothing is "
        "kept. Exit code 1: no target can be made of the picture; 2: the call is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("marker", nargs="?", metavar="ID", help="The marker's id.")
        what.add_argument("--picture", type=Path, metavar="FILE", help="Any picture we take.")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--preset", metavar="NAME", help="Compile with this preset.")
        how.add_argument(
            "--options", metavar="JSON", help="""For instance '{"physical_width_mm": 210}'."""
        )
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(
        self,
        *args: Any,
        marker: str | None,
        picture: Path | None,
        preset: str | None,
        options: str | None,
        verbosity: int,
        **others: Any,
    ) -> None:
        try:
            with Progress(self.stderr, is_told=verbosity > 0) as progress:
                if picture is not None:
                    chosen = _chosen(preset, options, MarkerPreset.objects.all())
                    result = _of_picture(picture, chosen or {}, progress)
                else:
                    row = _marker(str(marker))
                    presets = MarkerPreset.objects.filter(organization=row.organization_id)
                    result = _of_marker(row, _chosen(preset, options, presets), progress)
        except UnusableUpload as error:
            result = {"failure": {"code": error.code, "hint": error.hint}}
        except DomainError as error:
            raise CommandError(
                f"{error.message} {error.hint}".strip(), returncode=WRONG_CALL
            ) from error
        if others["json"]:
            self.stdout.write(json.dumps(result, indent=2))
        if failure := result.get("failure"):
            raise CommandError(f"{failure['code']}: {failure['hint']}", returncode=UNUSABLE)
        if not others["json"]:
            self.stdout.write("\n".join(_summary(result)))


def _chosen(
    preset: str | None, options: str | None, presets: QuerySet[MarkerPreset]
) -> dict[str, Any] | None:
    """Read the options that were asked for; None if none were."""
    if preset is not None:
        found = list(presets.filter(name=preset)[:2])
        if len(found) == 1:
            return found[0].options
        many = f"Several organisations have a preset “{preset}”; use --options."
        raise CommandError(
            many if found else f"There is no preset “{preset}”.", returncode=WRONG_CALL
        )
    if options is None:
        return None
    try:
        return checked_options(json.loads(options))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--options is no JSON: {error}", returncode=WRONG_CALL) from error


def _marker(marker_id: str) -> Marker:
    try:
        return Marker.objects.get(pk=marker_id)
    except (Marker.DoesNotExist, ValidationError) as error:
        raise CommandError(f"There is no marker {marker_id}.", returncode=WRONG_CALL) from error


def _of_marker(
    marker: Marker, options: dict[str, Any] | None, progress: Progress
) -> dict[str, Any]:
    """Compile it as a worker does: claimed, settled, its last target kept if this fails."""
    marker = services.reset_marker(marker=marker, options=options)
    compilation.compile_marker(
        marker.pk, on_progress=lambda share: progress.reached(share, f"{share:.0%}")
    )
    marker.refresh_from_db()
    if marker.status == Marker.Status.FAILED:
        return {"failure": {"code": marker.failure_code, "hint": marker.failure_hint}}
    if marker.status != Marker.Status.READY:
        raise CommandError("Another worker has taken it.", returncode=WRONG_CALL)
    return {
        "marker": str(marker.pk),
        "compiler_version": marker.compiler_version,
        "options": marker.options,
        "quality_score": marker.quality_score,
        "quality_report": marker.quality_report,
        "nft_report": marker.nft_report,
        "file_bytes": marker.file_bytes,
        "seconds": marker.compile_seconds,
    }


def _of_picture(path: Path, options: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Compile a file as if it had been uploaded; nothing is kept."""
    begun = time.monotonic()
    try:
        with path.open("rb") as file:
            picture = read_picture(
                File(file),  # type: ignore[arg-type]
                limits=services.picture_limits(),
            )
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", returncode=WRONG_CALL) from error
    compiled = compilation.compile_picture(
        picture.data, options, on_progress=lambda share: progress.reached(share, f"{share:.0%}")
    )
    return {
        "picture": str(path),
        "compiler_version": COMPILER_VERSION,
        "options": options,
        "quality_score": compiled.target.quality_score,
        "quality_report": compiled.target.quality_report,
        "nft_report": compiled.nft_report,
        "file_bytes": {name: len(content) for name, content in compiled.files.items()},
        "seconds": round(time.monotonic() - begun, 3),
    }


def _summary(result: dict[str, Any]) -> list[str]:
    """Say the result to a person."""
    report, nft = result["quality_report"], result["nft_report"]
    lines = [
        f"{result.get('marker') or result.get('picture')}",
        f"  quality   {result['quality_score']} of 100, {report['stars']} of 5 stars",
        *(f"  advice    {REASONS[code]}" for code in report["reasons"]),
        f"  seconds   {result['seconds']}",
    ]
    lines += [f"  {name:<9} {count:,} bytes" for name, count in result["file_bytes"].items()]
    if "failure" in nft:
        lines.append(f"  no NFT    {nft['hint']}")
    else:
        source = DPI_SOURCES[nft["dpi_source"]]
        lines.append(f"  print     {nft['width_mm']:g} mm wide, {nft['dpi']} dpi, {source}")
    return lines
