"""Any video becomes one that every browser plays; what already is one keeps its streams."""

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from arcontent.video.ffmpeg import FfmpegOverran, run_ffmpeg
from arcontent.video.limits import VideoLimits
from arcontent.video.probe import probe_video
from arcontent.video.rendition import make_rendition
from tests import hostile
from tests.pictures import RgbPicture
from tests.videos import CORNER_COLOURS, make_video
from vertexar.errors import UnusableUpload

LIMITS = VideoLimits(time_limit_s=120)


def folder_in(parent: Path) -> Path:
    folder = parent / "made"
    folder.mkdir(exist_ok=True)
    return folder


def first_frame(path: Path) -> RgbPicture:
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # as stored
    read, frame = capture.read()
    capture.release()
    assert read
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def corner_colours(frame: RgbPicture) -> dict[str, tuple[int, ...]]:
    """The colour in the middle of each corner patch, each channel rounded to 0 or 255."""
    high, wide = frame.shape[0] // 16, frame.shape[1] // 16
    spots = {
        "top_left": frame[high, wide],
        "top_right": frame[high, -wide],
        "bottom_left": frame[-high, wide],
        "bottom_right": frame[-high, -wide],
    }
    return {name: tuple(255 * int(v > 127) for v in spot) for name, spot in spots.items()}


def atoms(path: Path) -> list[str]:
    """The names of an MP4's outermost boxes, in order."""
    data, names, at = path.read_bytes(), [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def stream_hashes(path: Path) -> str:
    listing = run_ffmpeg(
        ["-i", str(path), "-map", "0", "-c", "copy", "-f", "streamhash", "-"], limits=LIMITS
    )
    return listing.stdout


def test_what_browsers_play_keeps_its_streams_and_gets_its_index_first(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=2, audio=True)
    assert atoms(source).index("mdat") < atoms(source).index("moov")

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    assert rendition.is_copy
    assert stream_hashes(rendition.path) == stream_hashes(source)
    assert atoms(rendition.path).index("moov") < atoms(rendition.path).index("mdat")
    assert rendition.duration_s == pytest.approx(2.0, abs=0.05)
    assert rendition.has_audio
    assert rendition.size_bytes == rendition.path.stat().st_size


@pytest.mark.parametrize(
    ("name", "codec", "extra"),
    [
        ("a.webm", "libvpx", ()),
        ("a.mkv", "libx264", ()),
        ("a.avi", "mpeg4", ()),
        ("a.mp4", "libx265", ("-preset", "ultrafast", "-x265-params", "log-level=error")),
        ("a.mp4", "libx264", ("-pix_fmt", "yuv444p")),
        ("a.mov", "libx264", ("-c:a", "pcm_s16le")),
    ],
)
def test_what_some_browser_does_not_play_is_encoded_anew(
    tmp_path: Path, name: str, codec: str, extra: tuple[str, ...]
) -> None:
    source = make_video(tmp_path / name, seconds=1, codec=codec, audio=True, extra=extra)

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    facts = probe_video(rendition.path, limits=LIMITS)
    assert not rendition.is_copy
    assert (facts.container, facts.video_codec, facts.audio_codec) == ("mov", "h264", "aac")
    assert facts.pixel_format == "yuv420p"
    assert (rendition.width_px, rendition.height_px) == (320, 240)
    assert rendition.duration_s == pytest.approx(1.0, abs=0.1)


def test_a_rotated_video_is_stored_upright(tmp_path: Path) -> None:
    """Turned a quarter counter-clockwise, what was top right is top left."""
    source = make_video(tmp_path / "a.mp4", seconds=1, corner_patches=True)
    turned = tmp_path / "turned.mp4"
    run_ffmpeg(
        ["-display_rotation", "90", "-i", str(source), "-c", "copy", str(turned)], limits=LIMITS
    )

    rendition = make_rendition(turned, folder_in(tmp_path), limits=LIMITS)

    colours = CORNER_COLOURS
    assert corner_colours(first_frame(source)) == colours
    assert (rendition.width_px, rendition.height_px) == (240, 320)
    assert probe_video(rendition.path, limits=LIMITS).is_stored_upright
    assert corner_colours(first_frame(rendition.path)) == {
        "top_left": colours["top_right"],
        "top_right": colours["bottom_right"],
        "bottom_left": colours["top_left"],
        "bottom_right": colours["bottom_left"],
    }


def test_a_large_video_is_scaled_down_to_even_sizes_in_proportion(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=0.5, size=(1000, 562))

    rendition = make_rendition(source, folder_in(tmp_path), limits=replace(LIMITS, max_side_px=333))

    assert (rendition.width_px, rendition.height_px) == (332, 188)


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    source = make_video(
        tmp_path / "a.mkv", seconds=0.5, size=(321, 241), codec="ffv1", extra=("-pix_fmt", "rgb24")
    )

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    assert (rendition.width_px, rendition.height_px) == (320, 240)


def test_pixels_become_square(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=0.5, extra=("-vf", "setsar=3/2"))

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    assert (rendition.width_px, rendition.height_px) == (480, 240)
    assert first_frame(rendition.path).shape[:2] == (240, 480)


def test_a_stream_too_heavy_for_phones_is_encoded_anew(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=1)

    light = replace(LIMITS, max_copied_bits_per_s=1000)

    assert make_rendition(source, folder_in(tmp_path), limits=LIMITS).is_copy
    assert not make_rendition(source, folder_in(tmp_path), limits=light).is_copy


def test_slow_motion_is_thinned_out_to_sixty_frames_a_second(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=1, fps=120)

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    assert probe_video(rendition.path, limits=LIMITS).fps == pytest.approx(60, abs=1)
    assert rendition.duration_s == pytest.approx(1.0, abs=0.05)


def test_a_phones_hdr_video_becomes_an_ordinary_one(tmp_path: Path) -> None:
    hdr = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=arib-std-b67:"
    hdr += "colorspace=bt2020nc:range=tv"
    source = make_video(
        tmp_path / "a.mp4", seconds=0.5, extra=("-pix_fmt", "yuv420p10le", "-vf", hdr)
    )
    assert probe_video(source, limits=LIMITS).colour_transfer == "arib-std-b67"

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    facts = probe_video(rendition.path, limits=LIMITS)
    assert (facts.pixel_format, facts.colour_transfer) == ("yuv420p", "bt709")
    frame = first_frame(rendition.path)
    assert frame.min() < 40  # neither washed out
    assert frame.max() > 200  # nor dimmed


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_where_it_was_filmed_is_left_behind(tmp_path: Path, codec: str) -> None:
    place = ("-metadata", "location=+59.9350+030.3050/", "-metadata", "comment=SpyCam")
    source = make_video(tmp_path / "a.mov", seconds=0.5, codec=codec, extra=place)
    assert b"SpyCam" in source.read_bytes()

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    made = rendition.path.read_bytes()
    assert b"SpyCam" not in made
    assert b"+59.9350" not in made


def test_the_poster_is_a_still_of_the_video(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=1, size=(1440, 960), corner_patches=True)

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    data = rendition.poster_path.read_bytes()
    assert data.startswith(b"\xff\xd8\xff")
    poster = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    assert poster is not None
    assert poster.shape[:2] == (853, 1280)
    assert corner_colours(np.asarray(poster, dtype=np.uint8)) == CORNER_COLOURS


def test_the_poster_of_a_video_that_fades_in_is_not_black(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=1, extra=("-vf", "fade=in:0:12"))

    rendition = make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    poster = cv2.imread(str(rendition.poster_path))
    assert first_frame(rendition.path).mean() < 20
    assert poster is not None
    assert poster.mean() > 60


def test_the_same_video_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        source = make_video(tmp_path / name, seconds=1, audio=True)
        hashes = set()
        for turn in ("first", "second"):
            (tmp_path / f"{name}-{turn}").mkdir()
            made = make_rendition(source, tmp_path / f"{name}-{turn}", limits=LIMITS)
            both = made.path.read_bytes() + made.poster_path.read_bytes()
            hashes.add(hashlib.sha256(both).hexdigest())

        assert len(hashes) == 1


def test_bad_input_is_the_uploaders_fault_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "upload.mp4"
    source.write_bytes(hostile.html_as_video())

    with pytest.raises(UnusableUpload) as caught:
        make_rendition(source, folder_in(tmp_path), limits=LIMITS)

    assert caught.value.code == "video_unreadable"
    assert list(folder_in(tmp_path).iterdir()) == []


def test_a_result_larger_than_the_upload_limit_is_no_mistake_of_the_uploader(
    tmp_path: Path,
) -> None:
    source = make_video(tmp_path / "a.webm", seconds=1, codec="libvpx", extra=("-b:v", "50k"))
    tight = replace(LIMITS, max_bytes=source.stat().st_size, max_duration_s=1.0)

    assert make_rendition(source, folder_in(tmp_path), limits=tight).duration_s > 0


def test_running_out_of_time_is_our_fault(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mkv", seconds=8, size=(1280, 720))

    with pytest.raises(FfmpegOverran):
        make_rendition(source, folder_in(tmp_path), limits=replace(LIMITS, time_limit_s=0.3))
