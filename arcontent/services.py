"""What may be done to AR content: the one door for the API, the back office and the commands."""

import hashlib
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Capability, Organization, User
from arcontent import tasks
from arcontent.captions import Track, check_weight, read_track
from arcontent.languages import normal_code
from arcontent.models import ARContent, Captions, Video, VideoFit, WhenLost
from arcontent.video.ffmpeg import FfmpegOverran
from arcontent.video.limits import VideoLimits
from arcontent.video.probe import probe_video, unreadable
from markers import services as marker_services
from markers.pictures import Picture, read_picture
from vertexar.errors import Conflict, NotAllowed, UnusableUpload
from vertexar.queue import wake
from vertexar.storage import sha256_of, store

logger = logging.getLogger(__name__)

PROBE_SECONDS: Final = 60.0  # of one run of ffmpeg; half a gigabyte is read in a few
MAX_LANGUAGES: Final = 50  # of one video's captions: all are named in what each viewer is sent


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture and a video that were looked into and can be used. Nothing is stored yet."""

    picture: Picture
    video: "File[bytes]"
    video_sha256: str
    sha256: str  # of both files as they came, to know a repeated request by


def video_limits() -> VideoLimits:
    """What a video may be in this installation."""
    return VideoLimits(
        max_bytes=settings.VIDEO_MAX_BYTES, max_duration_s=settings.VIDEO_MAX_SECONDS
    )


def check_may_edit(user: User, organization: Organization) -> None:
    """Let pass who may make content there.

    Raises:
        NotAllowed: the user may not.
    """
    if not user.can(Capability.EDIT_CONTENT, organization):
        raise NotAllowed(
            _("You may not add content here."), hint=_("Ask an owner to make you an editor.")
        )


def read_upload(*, image: "File[bytes]", video: "File[bytes]") -> Upload:
    """Look into what was sent, before anything is kept.

    Args:
        image: an open file of any picture format that `read_picture` takes.
        video: an open file on the disk (a temporary upload, or a file with a path).

    Raises:
        UnusableUpload: with `field` saying which of the two it is about.
    """
    try:
        picture = read_picture(
            image,  # type: ignore[arg-type]  # Django's File is a BinaryIO in all but name
            limits=marker_services.picture_limits(),
        )
    except UnusableUpload as error:
        error.field = "image"
        raise
    try:
        _probe(_path_of(video))
    except UnusableUpload as error:
        error.field = "video"
        raise
    video_sha256 = sha256_of(video)  # type: ignore[arg-type]
    both = sha256_of(image) + video_sha256  # type: ignore[arg-type]
    return Upload(
        picture=picture,
        video=video,
        video_sha256=video_sha256,
        sha256=hashlib.sha256(both.encode()).hexdigest(),
    )


def create_content(
    *,
    organization: Organization,
    user: User,
    upload: Upload,
    title: str,
    options: dict[str, Any] | None = None,
    call_to_action_label: str = "",
    call_to_action_url: str = "",
    video_fit: str = VideoFit.COVER,
    when_lost: str = WhenLost.HIDE,
    stacked_alpha: bool = False,
    idempotency_key: str = "",
) -> ARContent:
    """Make a content of a picture and a video, and queue the work on both.

    With an idempotency key, asking again answers with what was made the first time. The picture is
    compiled with the options, which were checked.

    Raises:
        NotAllowed: the user may not edit content there.
        Conflict: the key was used for other files, other options or another title.
    """
    check_may_edit(user, organization)
    fields: dict[str, Any] = {
        "organization": organization,
        "title": title,
        "call_to_action_label": call_to_action_label,
        "call_to_action_url": call_to_action_url,
        "video_fit": video_fit,
        "when_lost": when_lost,
        "stacked_alpha": stacked_alpha,
        "idempotency_key": idempotency_key,
        "upload_sha256": _with_options(upload.sha256, options),
    }
    if (known := _made_before(fields)) is not None:
        return known
    picture_key = marker_services.store_picture(upload.picture)
    original_key = store(
        upload.video,  # type: ignore[arg-type]
        folder="arcontent/originals",
        extension=".upload",
    )
    try:
        with transaction.atomic():
            marker = marker_services.create_marker(
                organization=organization,
                picture=upload.picture,
                key=picture_key,
                options=options,
            )
            content = ARContent.objects.create(marker=marker, created_by=user, **fields)
            video = Video.objects.create(
                content=content,
                original=original_key,
                sha256=upload.video_sha256,
                size_bytes=upload.video.size,
            )
            audit.record(audit.Action.CREATED, actor=user, target=content, title=content.title)
            wake(tasks.prepare_video, video)
    except IntegrityError:  # the same key arrived twice at the same moment, and the other was first
        if (known := _made_before(fields)) is None:
            raise
        return known
    return content


def read_captions(file: "File[bytes]") -> Track:
    """Look into a file of captions.

    Raises:
        UnusableUpload: see `arcontent.captions`; with the field `file`.
    """
    try:
        check_weight(file.size)
        return read_track(file.read(), max_start_s=settings.VIDEO_MAX_SECONDS)
    except UnusableUpload as error:
        error.field = "file"
        raise


@transaction.atomic
def put_captions(*, video: Video, user: User, language: str, track: Track) -> tuple[Captions, bool]:
    """Give a video captions in a language, in place of those that it has in it.

    Returns:
        The row, and whether it is new.

    Raises:
        NotAllowed: the user may not edit content there.
        DomainError: language_invalid.
        Conflict: the video has captions in as many languages as it may.
    """
    check_may_edit(user, video.content.organization)
    language = normal_code(language)
    others = Captions.objects.filter(video=video).exclude(language=language)
    if others.count() >= MAX_LANGUAGES:
        raise Conflict(
            _("A video has captions in %(limit)d languages at most.") % {"limit": MAX_LANGUAGES},
            code="too_many_captions",
            hint=_("Delete some first."),
        )
    captions, is_new = Captions.objects.update_or_create(
        video=video,
        language=language,
        defaults={
            "webvtt": track.webvtt,
            "cue_count": track.cue_count,
            "ends_s": track.ends_s,
        },
    )
    _record(audit.Action.CREATED if is_new else audit.Action.CHANGED, user, captions)
    return captions, is_new


@transaction.atomic
def delete_captions(*, captions: Captions, user: User) -> None:
    """Take captions away from a video.

    Raises:
        NotAllowed: the user may not edit content there.
    """
    check_may_edit(user, captions.video.content.organization)
    _record(audit.Action.DELETED, user, captions)
    captions.delete()


def _record(action: audit.Action, user: User, captions: Captions) -> None:
    content = captions.video.content
    audit.record(
        action,
        actor=user,
        target=captions,
        organization=content.organization,
        title=content.title,
        language=captions.language,
    )


def _with_options(sha256: str, options: dict[str, Any] | None) -> str:
    """Hash options together with the files they came with; without options it is the files' own."""
    if not options:
        return sha256
    whole = json.dumps([sha256, options], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _made_before(fields: dict[str, Any]) -> ARContent | None:
    if not fields["idempotency_key"]:
        return None
    known = ARContent.objects.filter(
        organization=fields["organization"], idempotency_key=fields["idempotency_key"]
    ).first()
    if known is not None and any(
        getattr(known, name) != fields[name] for name in ("upload_sha256", "title")
    ):
        raise Conflict(
            _("This Idempotency-Key was used for another upload."),
            code="idempotency_key_reused",
            hint=_("Send a new key with each new upload."),
        )
    return known


def _probe(path: Path) -> None:
    """Look into a video, while its sender waits.

    Raises:
        UnusableUpload: it can't be used. That goes too for one that takes more time or memory to
            look into than all of its work may take: no camera's does.
    """
    try:
        probe_video(path, limits=replace(video_limits(), time_limit_s=PROBE_SECONDS))
    except FfmpegOverran as error:
        logger.exception("a video was refused unseen")
        raise unreadable() from error


def _path_of(video: "File[bytes]") -> Path:
    if isinstance(video, TemporaryUploadedFile):
        return Path(video.temporary_file_path())
    return Path(str(video.name))
