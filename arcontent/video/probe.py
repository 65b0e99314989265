"""Tells what a video file is, with ffmpeg alone: ffprobe does not come with the wheel.

Three steps, each cheaper than the next: the first bytes decide which demuxer may touch the file,
one pass over the packets (nothing decoded) gives sizes and the true duration, and the first frame,
decoded, proves that there is a picture and how it is meant to be shown.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from arcontent.video.ffmpeg import FfmpegFailed, input_arguments, run_ffmpeg
from arcontent.video.limits import VideoLimits
from vertexar.errors import UnusableUpload

_QUICKTIME_ATOMS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_SIGNATURES = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"OggS", "ogg"),
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_SOUND_SIGNATURES = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1")
_TS_PACKET_BYTES, _M2TS_PACKET_BYTES, _TS_SYNC = 188, 192, 0x47
_HEAD_BYTES = 256

_ROTATION = re.compile(r"display ?matrix: rotation of (-?[\d.]+)", re.IGNORECASE)
_FIRST_FRAME = re.compile(
    r" n: *0 .* fmt:(?P<format>\S+) .*\bsar:(?P<across>\d+)/(?P<down>\d+) "
    r"s:(?P<width>\d+)x(?P<height>\d+)"
)
_TRANSFER = re.compile(r"color_trc:(\S+)")


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video file is. Sizes are as shown: turned upright and with square pixels."""

    container: str  # ffmpeg's name of the demuxer: mov (MP4 too), matroska (WebM too), avi, ...
    video_codec: str  # ffmpeg's names: h264, hevc, vp9, ...
    audio_codec: str | None
    pixel_format: str
    colour_transfer: str  # "unknown" when the file does not say
    width_px: int
    height_px: int
    is_stored_upright: bool  # False: rotated or with pixels that are not square
    duration_s: float
    fps: float  # on average
    size_bytes: int

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track."""
        return self.audio_codec is not None


@dataclass(frozen=True, slots=True)
class _Packets:
    codecs: dict[str, str]  # by media type: video, audio
    width_px: int
    height_px: int
    count: int
    duration_s: float


def probe_video(path: Path, *, limits: VideoLimits) -> VideoFacts:
    """Find out what a video is, and refuse it when it can't be used.

    Raises:
        UnusableUpload: with the code empty_file, file_too_large, video_unreadable,
            video_no_picture, video_zero_length, video_too_long or video_too_many_pixels.
        FfmpegTrouble: this machine could not tell.
    """
    size_bytes = path.stat().st_size
    _check_weight(size_bytes, limits=limits)
    demuxer = demuxer_of(path)
    packets = _read_packets(path, demuxer=demuxer, limits=limits)
    _check_packets(packets, limits=limits)
    try:
        messages = run_ffmpeg(
            [
                *input_arguments(path, demuxer=demuxer, limits=limits),
                "-map", "0:V:0", "-frames:v", "1", "-vf", "showinfo", "-f", "null", "-",
            ],
            limits=limits,
            log_level="info",
        ).messages  # fmt: skip
    except FfmpegFailed as error:
        raise unreadable() from error
    frame = _FIRST_FRAME.search(messages)
    if frame is None:
        raise unreadable()
    rotation = _ROTATION.search(messages)
    transfer = _TRANSFER.search(messages)
    across, down = int(frame["across"]) or 1, int(frame["down"]) or 1
    return VideoFacts(
        container=demuxer,
        video_codec=packets.codecs["video"],
        audio_codec=packets.codecs.get("audio"),
        pixel_format=frame["format"],
        colour_transfer=transfer[1] if transfer else "unknown",
        width_px=max(1, round(int(frame["width"]) * across / down)),
        height_px=int(frame["height"]),
        is_stored_upright=(rotation is None or float(rotation[1]) == 0.0) and across == down,
        duration_s=packets.duration_s,
        fps=packets.count / packets.duration_s,
        size_bytes=size_bytes,
    )


def demuxer_of(path: Path) -> str:
    """Return ffmpeg's name of the container that the first bytes announce.

    Raises:
        UnusableUpload: video_unreadable, or video_no_picture for a file of sound.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for signature, demuxer in _SIGNATURES:
        if head.startswith(signature):
            return demuxer
    if head[4:8] in _QUICKTIME_ATOMS and head[8:12] not in _STILL_BRANDS:
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    for packet_bytes, sync_at in ((_TS_PACKET_BYTES, 0), (_M2TS_PACKET_BYTES, 4)):
        if head[sync_at : sync_at + packet_bytes + 1 : packet_bytes] == bytes([_TS_SYNC] * 2):
            return "mpegts"
    if head.startswith(_SOUND_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE"):
        raise _no_picture()
    raise unreadable()


def _check_weight(size_bytes: int, *, limits: VideoLimits) -> None:
    if size_bytes == 0:
        raise UnusableUpload(
            _("The video file is empty."),
            code="empty_file",
            hint=_("Choose the file again; it may not have been saved completely."),
        )
    if size_bytes > limits.max_bytes:
        raise UnusableUpload(
            _("The video file is heavier than %(limit)d MB.")
            % {"limit": limits.max_bytes // 1_000_000},
            code="file_too_large",
            hint=_("Export it in Full HD (1920 × 1080) or cut it shorter."),
        )


def _read_packets(path: Path, *, demuxer: str, limits: VideoLimits) -> _Packets:
    """Walk over the packets without decoding one; stop soon after the longest duration.

    The packets of sound are dropped: that there is a track is all that is asked.
    """
    try:
        listing = run_ffmpeg(
            [
                *input_arguments(path, demuxer=demuxer, limits=limits),
                "-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy", "-bsf:a", "noise=drop=1",
                "-frames:v", str(_most_frames(limits)), "-t", f"{limits.max_duration_s + 1:.3f}",
                "-f", "framecrc", "-",
            ],
            limits=limits,
        ).stdout  # fmt: skip
    except FfmpegFailed as error:
        if "does not contain any stream" in str(error):
            raise _zero_length() from error
        raise unreadable() from error
    return _parse_packets(listing)


def _most_frames(limits: VideoLimits) -> int:
    return int((limits.max_duration_s + 1) * limits.max_fps)


def _parse_packets(listing: str) -> _Packets:
    """Read ffmpeg's framecrc listing.

    Header lines are ``#key stream: value``; packet lines ``stream, dts, pts, duration, size, ...``
    with times in the stream's time base.
    """
    headers: dict[tuple[str, str], str] = {}
    times: dict[str, list[tuple[int, int]]] = {}
    for line in listing.splitlines():
        if line.startswith("#"):
            name, _colon, value = line[1:].partition(": ")
            key, _space, number = name.partition(" ")
            headers[key, number] = value.strip()
        else:
            number, dts, pts, duration, *_rest = (field.strip() for field in line.split(","))
            shown_at = pts if pts.lstrip("-").isdigit() else dts  # AVI has no time of showing
            if shown_at.lstrip("-").isdigit() and duration.isdigit():
                times.setdefault(number, []).append((int(shown_at), int(duration)))
    kinds = {kind: stream for (key, stream), kind in headers.items() if key == "media_type"}
    codecs = {kind: headers.get(("codec_id", stream), "") for kind, stream in kinds.items()}
    stream = kinds.get("video")
    if stream is None:
        return _Packets(codecs=codecs, width_px=0, height_px=0, count=0, duration_s=0.0)
    width, _x, height = headers.get(("dimensions", stream), "0x0").partition("x")
    ticks, _slash, per = headers.get(("tb", stream), "0/1").partition("/")
    seconds_per_tick = int(ticks) / (int(per) or 1)
    shown = times.get(stream, [])
    return _Packets(
        codecs=codecs,
        width_px=int(width),
        height_px=int(height),
        count=len(shown),
        duration_s=_span_ticks(shown) * seconds_per_tick,
    )


def _span_ticks(shown: list[tuple[int, int]]) -> float:
    """Time from the first frame's appearance to the end of the last one's."""
    if len(shown) < 2:
        return 0.0
    start = min(at for at, _duration in shown)
    last, duration = max(shown)
    return last - start + (duration or (last - start) / (len(shown) - 1))


def _check_packets(packets: _Packets, *, limits: VideoLimits) -> None:
    if "video" not in packets.codecs:
        raise _no_picture()
    if packets.duration_s <= 0.0:
        raise _zero_length()
    is_cut_off = packets.count >= _most_frames(limits)
    if packets.duration_s > limits.max_duration_s or is_cut_off:
        raise UnusableUpload(
            _("The video is longer than %(limit)g seconds.") % {"limit": limits.max_duration_s},
            code="video_too_long",
            hint=_("Cut it shorter; people hold their phone up for less than a minute."),
        )
    if packets.width_px * packets.height_px > limits.max_pixels:
        raise UnusableUpload(
            _("The video's picture of %(width)d × %(height)d pixels is too large.")
            % {"width": packets.width_px, "height": packets.height_px},
            code="video_too_many_pixels",
            hint=_("Export it in Full HD: 1920 × 1080 or 1080 × 1920."),
        )
    if packets.width_px * packets.height_px == 0:
        raise unreadable()


def unreadable() -> UnusableUpload:
    """The error for what is no video, or too damaged to be one."""
    return UnusableUpload(
        _("This file is not a video, or it is damaged."),
        code="video_unreadable",
        hint=_("Open it on your computer to see whether it plays; export it as MP4 and send that."),
    )


def _zero_length() -> UnusableUpload:
    return UnusableUpload(
        _("The video has no moving picture: it is over as it begins."),
        code="video_zero_length",
        hint=_("Export it again and see that it plays before you send it."),
    )


def _no_picture() -> UnusableUpload:
    return UnusableUpload(
        _("The file has sound but no picture."),
        code="video_no_picture",
        hint=_("Send a video; to play only sound, make a video of one still picture."),
    )
