"""Uploads that a person sends by mistake or on purpose, each made by code and small enough to keep.

Every function returns the bytes of one file. They go through the real upload path in the tests of
pictures, videos and the API alike.
"""

import io
import struct
import zlib
from pathlib import Path

from PIL import Image

from tests import pictures
from tests.videos import make_video


def empty() -> bytes:
    """Nothing at all."""
    return b""


def text_named_jpg() -> bytes:
    """A text file that somebody renamed to .jpg."""
    return b"Dear studio, please find the picture attached.\n" * 20


def truncated_jpeg() -> bytes:
    """A photograph whose transfer broke off halfway."""
    whole = pictures.encode_jpeg(pictures.poster(seed=11, width_px=640, height_px=480))
    return whole[: len(whole) // 2]


def truncated_png() -> bytes:
    """A PNG whose transfer broke off halfway."""
    whole = pictures.encode_png(pictures.poster(seed=12, width_px=640, height_px=480))
    return whole[: len(whole) // 2]


def one_pixel_png() -> bytes:
    """The smallest picture there is."""
    return pictures.encode_png(pictures.flat(width_px=1, height_px=1))


def bomb_png(*, side_px: int = 30_000) -> bytes:
    """A true PNG of ``side_px`` squared white pixels: a hundred kilobytes that want gigabytes."""
    row = b"\x00" + b"\xff" * ((side_px + 7) // 8)  # filter byte, then one bit a pixel
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", body)
        + _png_chunk(b"IEND", b"")
    )


def animated_gif() -> bytes:
    """Three frames of an animation."""
    frames = [
        Image.fromarray(pictures.poster(seed=seed, width_px=320, height_px=240))
        for seed in (21, 22, 23)
    ]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def animated_webp() -> bytes:
    """The same idea as a WebP."""
    frames = [
        Image.fromarray(pictures.poster(seed=seed, width_px=320, height_px=240))
        for seed in (24, 25)
    ]
    return _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)


def cmyk_jpeg() -> bytes:
    """A print shop's file: a JPEG in four inks, without a profile."""
    picture = Image.fromarray(pictures.poster(seed=31, width_px=640, height_px=480))
    return _saved(picture.convert("CMYK"), "JPEG", quality=95)


def sideways_jpeg(*, orientation: int = 6) -> bytes:
    """A phone's photo, 640 x 480 as stored, with EXIF orientation and the place it was taken."""
    picture = Image.fromarray(pictures.poster(seed=32, width_px=640, height_px=480))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (59.0, 56.0, 6.0), 3: "E", 4: (30.0, 18.0, 0.0)})
    return _saved(picture, "JPEG", quality=95, exif=exif.tobytes())


def featureless_png() -> bytes:
    """A sound picture with nothing on it to recognise."""
    return pictures.encode_png(pictures.flat())


def long_narrow_png() -> bytes:
    """A banner, eight times as long as it is high."""
    return pictures.encode_png(pictures.poster(seed=33, width_px=1600, height_px=200))


def polyglot_jpeg() -> bytes:
    """A good JPEG that is a web page with a script as well, twice: in a comment and at the end."""
    script = b"<html><script>alert(document.domain)</script></html>"
    whole = pictures.encode_jpeg(pictures.poster(seed=34, width_px=640, height_px=480))
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    return whole[:2] + comment + whole[2:] + script


def html_as_video() -> bytes:
    """A download page saved instead of the video."""
    return b"<!DOCTYPE html><html><body><h1>Your download starts soon</h1></body></html>\n"


def playlist_as_video(*, target: str = "http://127.0.0.1:9/segment.ts") -> bytes:
    """An HLS playlist: it would make the server fetch ``target`` for its author."""
    return f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n{target}\n#EXT-X-ENDLIST\n".encode()


def concat_as_video(*, target: str = "/etc/passwd") -> bytes:
    """A concat script: it would make the server read ``target`` for its author."""
    return f"ffconcat version 1.0\nfile '{target}'\n".encode()


def picture_as_video() -> bytes:
    """A photograph where the video should be."""
    return pictures.encode_jpeg(pictures.poster(seed=41, width_px=320, height_px=240))


def zero_length_video(folder: Path) -> bytes:
    """A well-formed MP4 with a video track and not one frame in it."""
    return make_video(folder / "zero.mp4", seconds=0, size=(320, 240), fps=25).read_bytes()


def truncated_video(folder: Path) -> bytes:
    """An MP4 whose transfer broke off: its index, at the end, never arrived."""
    whole = make_video(folder / "whole.mp4", seconds=2, size=(320, 240), fps=25).read_bytes()
    return whole[: len(whole) // 2]


def _png_chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
