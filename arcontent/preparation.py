"""The worker's half of a video: from what was uploaded to what every phone's browser plays."""

from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from arcontent.models import Video
from arcontent.services import video_limits
from arcontent.video.rendition import make_rendition
from vertexar.leases import perform
from vertexar.storage import store


def prepare_video(video_id: UUID | str) -> None:
    """Prepare one video if it is there to be claimed."""
    perform(Video.objects.all(), video_id, _prepared)


def _prepared(video: Video) -> dict[str, Any]:
    with TemporaryDirectory(prefix="vertexar-video-") as folder:
        source = Path(folder) / "original"
        with default_storage.open(video.original) as original, source.open("wb") as copy:
            copyfileobj(original, copy)
        made = make_rendition(source, Path(folder), limits=video_limits())
        with made.path.open("rb") as rendition, made.poster_path.open("rb") as poster:
            return {
                "rendition": store(rendition, folder="arcontent/videos", extension=".mp4"),
                "poster": store(poster, folder="arcontent/posters", extension=".jpg"),
                "width_px": made.width_px,
                "height_px": made.height_px,
                "duration_s": made.duration_s,
            }
