"""Makes of any video the one kind that every browser plays: H.264 and AAC in MP4, index first."""

from dataclasses import dataclass
from pathlib import Path

from arcontent.video.ffmpeg import FfmpegFailed, input_arguments, run_ffmpeg
from arcontent.video.limits import VideoLimits
from arcontent.video.probe import VideoFacts, probe_video, unreadable

_MAX_FPS = 60
_POSTER_SIDE_PX = 1280
_HDR_TRANSFERS = ("arib-std-b67", "smpte2084")  # HLG (iPhones) and PQ
# To linear light, into the smaller gamut, highlights rolled off, back to ordinary video.
_TONE_MAPPING = (
    "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709,"
    "tonemap=tonemap=hable:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv"
)
# Nothing of where and with what it was filmed goes along, and no clock: same video, same bytes.
_ANONYMOUS = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact")
_STREAMS = ("-map", "0:V:0", "-map", "0:a:0?")
_MP4 = ("-movflags", "+faststart", "-f", "mp4")

_RESULT_LIMITS = VideoLimits(max_bytes=2**40, max_duration_s=86_400.0)  # it is ours: just measure


@dataclass(frozen=True, slots=True)
class Rendition:
    """A video ready for the web, and a still of it."""

    path: Path  # MP4
    poster_path: Path  # JPEG, 1280 pixels or less on its long side
    width_px: int
    height_px: int
    duration_s: float
    has_audio: bool
    size_bytes: int
    is_copy: bool  # True: the streams are the uploader's own, only packed anew


def make_rendition(source: Path, folder: Path, *, limits: VideoLimits) -> Rendition:
    """Write ``rendition.mp4`` and ``poster.jpg`` into ``folder``.

    A source that browsers play as it is keeps its streams; any other is encoded anew: upright,
    square pixels, even sizes within ``limits.max_side_px``, ordinary dynamic range.

    Raises:
        UnusableUpload: see `probe_video`; video_unreadable also when it breaks on the way.
        FfmpegTrouble: this machine could not do it.
    """
    facts = probe_video(source, limits=limits)
    path, poster_path = folder / "rendition.mp4", folder / "poster.jpg"
    is_copy = is_web_playable(facts, limits=limits)
    codecs = ["-c", "copy"] if is_copy else _encoding(facts, limits=limits)
    try:
        run_ffmpeg(
            [
                *input_arguments(source, demuxer=facts.container, limits=limits),
                *_STREAMS, *codecs, *_ANONYMOUS, *_MP4, f"file:{path.absolute()}",
            ],
            limits=limits,
        )  # fmt: skip
        run_ffmpeg(
            [
                *input_arguments(path, demuxer="mov", limits=limits),
                "-map", "0:V:0", "-frames:v", "1", "-vf", _poster_filter(),
                "-q:v", "3", "-flags:v", "+bitexact", *_ANONYMOUS,
                "-f", "mjpeg", f"file:{poster_path.absolute()}",
            ],
            limits=limits,
        )  # fmt: skip
    except FfmpegFailed as error:
        raise unreadable() from error
    made = probe_video(path, limits=_RESULT_LIMITS)
    return Rendition(
        path=path,
        poster_path=poster_path,
        width_px=made.width_px,
        height_px=made.height_px,
        duration_s=made.duration_s,
        has_audio=made.has_audio,
        size_bytes=made.size_bytes,
        is_copy=is_copy,
    )


def is_web_playable(facts: VideoFacts, *, limits: VideoLimits) -> bool:
    """Whether phones of all makes play these streams as they are, at a bearable weight."""
    return (
        facts.container == "mov"
        and facts.video_codec == "h264"
        and facts.pixel_format == "yuv420p"
        and facts.colour_transfer not in _HDR_TRANSFERS
        and facts.audio_codec in (None, "aac")
        and facts.is_stored_upright
        and max(facts.width_px, facts.height_px) <= limits.max_side_px
        and facts.width_px % 2 == facts.height_px % 2 == 0
        and facts.fps <= _MAX_FPS + 1
        and facts.size_bytes * 8 / facts.duration_s <= limits.max_copied_bits_per_s
    )


def rendition_size_px(facts: VideoFacts, *, limits: VideoLimits) -> tuple[int, int]:
    """Width and height of the rendition: even, never larger than the source or the limit."""
    factor = min(1.0, limits.max_side_px / max(facts.width_px, facts.height_px))
    width_px, height_px = (
        max(2, 2 * round(side_px * factor / 2)) for side_px in (facts.width_px, facts.height_px)
    )
    return width_px, height_px


def _encoding(facts: VideoFacts, *, limits: VideoLimits) -> list[str]:
    width_px, height_px = rendition_size_px(facts, limits=limits)
    filters = [f"scale={width_px}:{height_px}:flags=bicubic", "setsar=1"]
    if facts.colour_transfer in _HDR_TRANSFERS:
        filters.append(_TONE_MAPPING)
    filters.append("format=yuv420p")
    return [
        "-vf", ",".join(filters), "-fpsmax", str(_MAX_FPS),
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high",
        "-crf", "21", "-maxrate", "6M", "-bufsize", "12M", "-threads", str(limits.threads),
        "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000",
        "-flags:v", "+bitexact", "-flags:a", "+bitexact",
    ]  # fmt: skip


def _poster_filter() -> str:
    """The most telling of the first frames (many videos fade in from black), scaled to fit."""
    side = _POSTER_SIDE_PX
    fit = f"scale='min(iw,{side})':'min(ih,{side})':force_original_aspect_ratio=decrease"
    return f"{fit},thumbnail=25,setsar=1"
