"""What a video may be, and what working on it may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What is accepted of an upload, how large the result is, what ffmpeg may use."""

    max_bytes: int = 500_000_000  # of the upload
    max_duration_s: float = 300.0
    max_pixels: int = 4096 * 2304  # of one frame: 4K as phones and cameras record it
    max_fps: int = 240  # slow motion of phones; the rendition is thinned out to 60
    max_side_px: int = 1920  # of the rendition
    max_copied_bits_per_s: int = 12_000_000  # a heavier stream is encoded anew: phones pay for it
    time_limit_s: float = 480.0  # of one run of ffmpeg
    memory_bytes: int = 3 * 1024**3  # address space of ffmpeg
    threads: int = 2
