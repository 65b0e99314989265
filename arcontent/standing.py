"""How far a content is, in the words of the back office."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from arcontent.models import ARContent, ContentStatus
from markers.wording import FAILURES

# Being compared with the organisation's other pictures takes a second; it is not waited for longer.
COMPARED_WITHIN = timedelta(seconds=15)
REASONS = FAILURES | {
    "empty_file": _("The file is empty."),
    "file_too_large": _("The file is too heavy."),
    "video_no_picture": _("The file has sound but no picture."),
    "video_too_long": _("The video is too long."),
    "video_too_many_pixels": _("The video's picture is too large."),
    "video_unreadable": _("This file is not a video, or it is damaged."),
    "video_zero_length": _("The video has no moving picture: it is over as it begins."),
}


def statuses_of(content: ARContent) -> list[str]:
    """Where its picture and its videos stand."""
    return [content.marker.status, *(video.status for video in content.videos.all())]


def is_compared(content: ARContent) -> bool:
    """Whether its look-alikes are known."""
    return content.marker.compared_target == content.marker.target


def is_being_compared(content: ARContent) -> bool:
    """Whether its look-alikes will probably be known in a moment."""
    lately = timezone.now() - content.marker.updated_at < COMPARED_WITHIN
    return lately and not is_compared(content)


def is_settled(content: ARContent) -> bool:
    """Whether no worker has anything to do for it."""
    return set(statuses_of(content)) <= {ContentStatus.READY.value, ContentStatus.FAILED.value}


def progress_of(content: ARContent) -> str:
    """Say how far picture and video are."""
    parts = [(gettext("Picture"), content.marker.get_status_display())]
    parts += [(gettext("Video"), video.get_status_display()) for video in content.videos.all()]
    return ", ".join(f"{part}: {status}" for part, status in parts)


def reason_of(content: ARContent) -> str:
    """Say why it failed, or how far it is; nothing when all is well."""
    if content.failure is None:
        return "" if is_settled(content) else progress_of(content)
    part = gettext("Picture") if content.failure["part"] == "image" else gettext("Video")
    code = content.failure["code"]
    return f"{part}: {REASONS.get(code, code)}"
