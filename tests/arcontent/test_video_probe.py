"""What a video file is, told by ffmpeg alone; and which files are refused, with which code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from arcontent.video.ffmpeg import (
    FfmpegFailed,
    FfmpegOverran,
    find_ffmpeg,
    input_arguments,
    run_ffmpeg,
)
from arcontent.video.limits import VideoLimits
from arcontent.video.probe import probe_video
from tests import hostile
from tests.videos import make_video
from vertexar.errors import UnusableUpload

LIMITS = VideoLimits()


def refusal(path: Path, *, limits: VideoLimits = LIMITS) -> str:
    """Probe what must be refused; return the code, having seen that there is advice with it."""
    with pytest.raises(UnusableUpload) as caught:
        probe_video(path, limits=limits)
    assert caught.value.message
    assert caught.value.hint
    return caught.value.code


def written(folder: Path, data: bytes) -> Path:
    path = folder / "upload.mp4"
    path.write_bytes(data)
    return path


def test_a_video_is_measured(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=2, size=(320, 240), fps=25, audio=True)

    facts = probe_video(path, limits=LIMITS)

    assert (facts.container, facts.video_codec, facts.audio_codec) == ("mov", "h264", "aac")
    assert (facts.width_px, facts.height_px) == (320, 240)
    assert facts.duration_s == pytest.approx(2.0, abs=0.01)
    assert facts.fps == pytest.approx(25.0, abs=0.1)
    assert facts.pixel_format == "yuv420p"
    assert facts.has_audio
    assert facts.is_stored_upright
    assert facts.size_bytes == path.stat().st_size


@pytest.mark.parametrize(
    ("name", "codec", "container", "facts_codec"),
    [
        ("a.mov", "libx264", "mov", "h264"),
        ("a.webm", "libvpx", "matroska", "vp8"),
        ("a.mkv", "mpeg4", "matroska", "mpeg4"),
        ("a.avi", "mpeg4", "avi", "mpeg4"),
        ("a.ts", "libx264", "mpegts", "h264"),
        ("a.mpg", "mpeg2video", "mpeg", "mpeg2video"),
        ("a.flv", "flv", "flv", "flv1"),
        ("a.wmv", "wmv2", "asf", "wmv2"),
    ],
)
def test_every_common_container_is_understood(
    tmp_path: Path, name: str, codec: str, container: str, facts_codec: str
) -> None:
    path = make_video(tmp_path / name, seconds=1, codec=codec)

    facts = probe_video(path, limits=LIMITS)

    assert (facts.container, facts.video_codec) == (container, facts_codec)
    assert (facts.width_px, facts.height_px) == (320, 240)
    assert facts.duration_s == pytest.approx(1.0, abs=0.09)
    assert not facts.has_audio


def test_a_phones_sideways_video_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    upright = make_video(tmp_path / "a.mp4", seconds=1, size=(320, 240))

    for degrees, size_px in ((90, (240, 320)), (180, (320, 240)), (270, (240, 320))):
        facts = probe_video(rotated(upright, degrees=degrees), limits=LIMITS)

        assert (facts.width_px, facts.height_px) == size_px
        assert not facts.is_stored_upright


def test_pixels_that_are_not_square_are_reckoned_in(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=1, extra=("-vf", "setsar=3/2"))

    facts = probe_video(path, limits=LIMITS)

    assert (facts.width_px, facts.height_px) == (480, 240)
    assert not facts.is_stored_upright


def test_the_packets_tell_the_duration_not_the_header(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=2)
    data = bytearray(path.read_bytes())
    at = data.index(b"mvhd") + 4 + 4 + 8 + 4  # version and flags, two dates, the time scale
    data[at : at + 4] = (3_600_000).to_bytes(4, "big")  # an hour in the header's milliseconds
    path.write_bytes(data)

    assert probe_video(path, limits=LIMITS).duration_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (hostile.empty, "empty_file"),
        (hostile.html_as_video, "video_unreadable"),
        (hostile.text_named_jpg, "video_unreadable"),
        (hostile.picture_as_video, "video_unreadable"),
        (hostile.animated_gif, "video_unreadable"),
        (hostile.playlist_as_video, "video_unreadable"),
        (hostile.concat_as_video, "video_unreadable"),
        (lambda: b"\x00\x00\x00\x18ftypmp42" + bytes(2000), "video_unreadable"),
        (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(2000), "video_unreadable"),
        (lambda: b"ID3\x04" + bytes(2000), "video_no_picture"),
    ],
)
def test_what_is_no_video_is_refused_with_its_own_code(
    tmp_path: Path, make: Callable[[], bytes], code: str
) -> None:
    assert refusal(written(tmp_path, make())) == code


def test_a_video_without_a_single_frame_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, hostile.zero_length_video(tmp_path))) == "video_zero_length"


def test_a_video_track_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    flags = ("-movflags", "empty_moov+frag_keyframe")

    assert refusal(make_video(tmp_path / "a.mp4", seconds=0, extra=flags)) == "video_zero_length"


def test_one_still_frame_is_not_a_video(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", extra=("-frames:v", "1"))

    assert refusal(path) == "video_zero_length"


def test_a_video_that_broke_off_on_its_way_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, hostile.truncated_video(tmp_path))) == "video_unreadable"


def test_a_video_whose_picture_cannot_be_decoded_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=1, codec="mpeg4")
    data = path.read_bytes()
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    path.write_bytes(data[:start] + b"\xa5" * (end - start) + data[end:])

    assert refusal(path) == "video_unreadable"


def test_a_file_of_sound_is_refused(tmp_path: Path) -> None:
    with_picture = make_video(tmp_path / "a.mp4", seconds=1, audio=True)
    sound = tmp_path / "sound.m4a"
    ffmpeg("-i", str(with_picture), "-vn", "-c", "copy", str(sound))

    assert refusal(sound) == "video_no_picture"


def test_the_cover_of_a_song_is_not_a_moving_picture(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", seconds=1, audio=True)
    song = tmp_path / "song.m4a"
    ffmpeg(
        "-i", str(video), "-frames:v", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic",
        str(song),
    )  # fmt: skip

    assert refusal(song) == "video_no_picture"


def test_a_video_that_is_too_long_too_heavy_or_too_large_is_refused(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=2)

    assert refusal(path, limits=replace(LIMITS, max_duration_s=1.5)) == "video_too_long"
    assert refusal(path, limits=replace(LIMITS, max_bytes=100)) == "file_too_large"
    assert refusal(path, limits=replace(LIMITS, max_pixels=300 * 240)) == "video_too_many_pixels"


def test_more_frames_than_any_camera_takes_are_not_even_counted(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=1, fps=100)

    assert refusal(path, limits=replace(LIMITS, max_duration_s=1.0, max_fps=40)) == "video_too_long"


@contextmanager
def witness() -> Iterator[tuple[str, list[str]]]:
    """A web server; gives its address and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_playlist_is_refused_whatever_its_name_and_fetches_nothing(tmp_path: Path) -> None:
    with witness() as (address, asked):
        for name in ("a.m3u8", "a.mp4"):
            (tmp_path / name).write_bytes(hostile.playlist_as_video(target=f"{address}/a.ts"))
            assert refusal(tmp_path / name) == "video_unreadable"

    assert asked == []


def test_even_a_playlist_taken_for_one_reaches_no_network(tmp_path: Path) -> None:
    with witness() as (address, asked):
        playlist = written(tmp_path, hostile.playlist_as_video(target=f"{address}/a.ts"))
        opening = input_arguments(playlist, demuxer="hls", limits=LIMITS)
        with pytest.raises(FfmpegFailed):
            run_ffmpeg([*opening, "-f", "null", "-"], limits=LIMITS)

    assert asked == []


def test_a_playlist_is_not_followed_to_files_of_this_machine(tmp_path: Path) -> None:
    """ffmpeg left to itself would take it for what it is, and read the other file."""
    secret = make_video(tmp_path / "secret.ts", seconds=1)
    script = written(tmp_path, hostile.concat_as_video(target=secret.name))
    run_ffmpeg(["-i", str(script), "-f", "null", "-"], limits=LIMITS)

    with pytest.raises(FfmpegFailed):
        run_ffmpeg(
            [*input_arguments(script, demuxer="mov", limits=LIMITS), "-f", "null", "-"],
            limits=LIMITS,
        )


def test_a_file_with_a_strange_name_is_just_a_file(tmp_path: Path) -> None:
    strange = tmp_path / "-i %03d 'http:x.mp4"
    make_video(tmp_path / "a.mp4", seconds=1).rename(strange)

    assert probe_video(strange, limits=LIMITS).width_px == 320


def test_an_ffmpeg_that_takes_too_long_is_our_fault_not_the_videos(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", seconds=1)

    with pytest.raises(FfmpegOverran):
        probe_video(path, limits=replace(LIMITS, time_limit_s=0.001))


def test_an_ffmpeg_without_memory_is_our_fault_not_the_videos(tmp_path: Path) -> None:
    huge = ["-f", "lavfi", "-i", "testsrc2=size=16000x16000", "-f", "null", "-"]  # 384 MB a frame

    with pytest.raises(FfmpegOverran):
        run_ffmpeg(huge, limits=replace(LIMITS, memory_bytes=300_000_000, time_limit_s=30))


def test_what_a_file_says_of_itself_is_no_trouble_of_ours(tmp_path: Path) -> None:
    title = ("-metadata", "title=Out of memory\nOut of memory")

    path = make_video(tmp_path / "a.mp4", seconds=1, extra=title)

    assert probe_video(path, limits=LIMITS).width_px == 320


def ffmpeg(*arguments: str) -> None:
    run_ffmpeg(arguments, limits=LIMITS)


def rotated(path: Path, *, degrees: int) -> Path:
    turned = path.with_name(f"turned-{degrees}.mp4")
    ffmpeg("-display_rotation", str(degrees), "-i", str(path), "-c", "copy", str(turned))
    return turned


def test_there_is_an_ffmpeg_even_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert Path(find_ffmpeg()).is_file()
