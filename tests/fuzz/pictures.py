"""Picture files made to hurt whoever opens, keeps or shows them, each by a seeded random choice.

A family is a function from a random generator to a file's bytes. Those in `REFUSED` must never be
taken; those in `CLEANED` may be, as what is kept is painted anew: then nothing of `PAYLOAD` is in
it. Nothing here touches the disk.
"""

import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

from PIL import Image, PngImagePlugin

from tests import pictures

PAYLOAD: Final = b"vertexar-payload"
"""Stands in every script, archive and note that is smuggled in with a picture."""
SCRIPT: Final = b"<html><script>alert('" + PAYLOAD + b"')</script></html>"
WIDTH_PX, HEIGHT_PX = 160, 120

Family = Callable[[random.Random], bytes]


@cache
def good(kind: str) -> bytes:
    """A small sound picture; of a kind that is taken: JPEG, PNG, WEBP, HEIF."""
    return saved(poster(), kind)


@cache
def poster() -> Image.Image:
    return Image.fromarray(pictures.poster(seed=91, width_px=WIDTH_PX, height_px=HEIGHT_PX))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def any_good(chance: random.Random) -> bytes:
    return good(chance.choice(["JPEG", "PNG", "WEBP", "HEIF"]))


def png_chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def png_with(*chunks: bytes) -> bytes:
    """The good PNG with more chunks, right behind its header."""
    whole = good("PNG")
    return whole[:33] + b"".join(chunks) + whole[33:]


def jpeg_with(marker: int, body: bytes) -> bytes:
    """The good JPEG with one more segment, right at its beginning."""
    whole = good("JPEG")
    return whole[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + whole[2:]


# --- Whatever came of it, it may be taken or not -------------------------------------------------


def truncated(chance: random.Random) -> bytes:
    whole = any_good(chance)
    return whole[: chance.randrange(1, len(whole))]


def flipped(chance: random.Random) -> bytes:
    whole = bytearray(any_good(chance))
    for _n in range(chance.choice([1, 2, 8, 64])):
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    return bytes(whole)


def torn(chance: random.Random) -> bytes:
    """A stretch is missing, doubled or overwritten."""
    whole = any_good(chance)
    start, end = sorted(chance.randrange(len(whole)) for _n in range(2))
    middle = chance.choice([b"", whole[start:end] * 2, chance.randbytes(end - start), b"\0" * 64])
    return whole[:start] + middle + whole[end:]


def lying_lengths(chance: random.Random) -> bytes:
    """Four bytes say a size that is none."""
    whole = bytearray(any_good(chance))
    at = chance.randrange(8, 400)
    whole[at : at + 4] = chance.choice([b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0" * 4, b"\x80\0\0\0"])
    return bytes(whole)


def page_behind(chance: random.Random) -> bytes:
    return any_good(chance) + SCRIPT


def archive_behind(chance: random.Random) -> bytes:
    return any_good(chance) + zipped({"index.html": SCRIPT, "run.jar": PAYLOAD})


def page_in_a_note(chance: random.Random) -> bytes:
    """A page where programs write down who took the picture."""
    long_note = PngImagePlugin.PngInfo()
    long_note.add_itxt("Comment", SCRIPT.decode(), zip=chance.random() < 0.5)
    exif = Image.Exif()
    exif[0x010E] = exif[0x8298] = SCRIPT.decode()
    return chance.choice(
        [
            png_with(png_chunk(b"tEXt", b"Comment\0" + SCRIPT)),
            saved(poster(), "PNG", pnginfo=long_note),
            jpeg_with(0xFE, b"*/=1;alert('" + PAYLOAD + b"')/*"),
            jpeg_with(0xFE, b"<?php system('" + PAYLOAD + b"'); ?>"),
            jpeg_with(0xFE, b"%PDF-1.7\n1 0 obj<</OpenAction<</JS(" + PAYLOAD + b")>>>>"),
            saved(poster(), "JPEG", exif=exif),
            saved(poster(), "WEBP", xmp=b"<x:xmpmeta>" + SCRIPT + b"</x:xmpmeta>"),
        ]
    )


def broken_exif(chance: random.Random) -> bytes:
    """Notes that go in circles or claim to be gigabytes."""
    kind, count = chance.choice([2, 5, 7, 13]), chance.choice([1, 0x7FFFFFFF, 0xFFFFFFFF])
    entry = struct.pack("<HHII", chance.choice([0x0112, 0x8769, 0x8825]), kind, count, 8)
    directory = struct.pack("<H", 40) + entry * 40 + struct.pack("<I", 8)  # the next is this one
    tiff = b"II*\0" + struct.pack("<I", 8) + directory
    return chance.choice([jpeg_with(0xE1, b"Exif\0\0" + tiff), png_with(png_chunk(b"eXIf", tiff))])


def profile_bomb(chance: random.Random) -> bytes:
    """A colour profile or a note of megabytes, packed into kilobytes; or a profile that is none."""
    packed = zlib.compress(bytes(chance.choice([1, 30]) * 1_000_000), 9)
    noise = chance.randbytes(2000)
    icc = struct.pack(">I", chance.choice([128, 2**32 - 1])) + b"acsp" * 31
    return chance.choice(
        [
            png_with(png_chunk(b"iCCP", b"x\0\0" + packed)),
            png_with(png_chunk(b"zTXt", b"x\0\0" + packed)),
            png_with(png_chunk(b"iTXt", b"x\0\1\0\0\0" + packed)),
            png_with(*[png_chunk(b"tEXt", b"x\0" + noise)] * 200),
            jpeg_with(0xE2, b"ICC_PROFILE\0\1\1" + icc),
            jpeg_with(0xE2, b"ICC_PROFILE\0\1\xff" + noise),
        ]
    )


# --- Never to be taken ----------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def bomb(chance: random.Random) -> bytes:
    """Megabytes of nothing in a few kilobytes, for whoever unpacks."""
    nothing = bytes(4_000_000)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/cron.d/x"), io.BytesIO())
    return chance.choice(
        [
            zipped({f"{n}.png": nothing for n in range(4)}),
            zipped({"a.zip": zipped({"b.zip": zipped({"c": nothing})})}),
            b"\x1f\x8b\x08" + bytes(7) + zlib.compress(nothing, 9)[2:],
            tar.getvalue(),
        ]
    )


def huge(chance: random.Random) -> bytes:
    """Headers of pictures that no machine could hold."""
    side = chance.choice([65_535, 100_000, 2**31 - 1])
    header = struct.pack(">IIBBBBB", side, side, chance.choice([8, 16]), 6, 0, 0, 0)
    start = good("JPEG").index(b"\xff\xc0")
    size = struct.pack(">HH", 65_500, 65_500)
    jpeg = good("JPEG")[: start + 5] + size + good("JPEG")[start + 9 :]
    canvas = b"VP8X" + struct.pack("<II", 10, 0) + b"\xff\xff\xff" * 2
    return chance.choice(
        [
            b"\x89PNG\r\n\x1a\n"
            + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(bytes(100_000)))
            + png_chunk(b"IEND", b""),
            jpeg,
            b"RIFF" + struct.pack("<I", 30) + b"WEBP" + canvas,
            b"BM" + struct.pack("<IIIIiiHHI", 54, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, 0),
            b"GIF89a" + b"\xff" * 6 + b"\0;",
        ]
    )


def moving(chance: random.Random) -> bytes:
    frames = [poster(), poster().rotate(180)]
    kind = chance.choice(["GIF", "WEBP", "PNG"])
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)


def of_another_kind(chance: random.Random) -> bytes:
    """What Pillow could open if it were let: each of its plugins is a door."""
    if chance.random() < 0.6:
        kinds = ["TIFF", "ICO", "BMP", "GIF", "PPM", "TGA", "PCX", "SGI", "DDS", "EPS", "PDF"]
        return saved(poster(), chance.choice([*kinds, "JPEG2000", "ICNS", "IM", "MSP"][:13]))
    return chance.choice(
        [
            b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 120, 160, 8, 3) + bytes(40),
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 160 120\n"
            b"(%pipe%touch /tmp/vertexar-payload) (w) file\nshowpage\n",
            b"\xc5\xd0\xd3\xc6" + bytes(26),
            b"\xd7\xcd\xc6\x9a" + bytes(18) + b"\1\0\x09\0\0\3" + bytes(20),
            b"SIMPLE  =                    T" + b" " * 50 + b"BITPIX  = 8" + b" " * 2700,
            b'/* XPM */\nstatic char *a[] = {\n"160 120 1 1",\n"a c None",\n' + b'"a"' * 99,
            b"BLP2" + bytes(152),
            b"\x93NUMPY\1\0" + b"{'descr': '|O'}" * 4,
            b"II*\0\x08\0\0\0" + b"\xff" * 200,
        ]
    )


def written(chance: random.Random) -> bytes:
    """Pages, scripts and drawings that a browser would run."""
    entity = b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="120"'
    return chance.choice(
        [
            svg + b' onload="alert(1)"><script>' + PAYLOAD + b"</script></svg>",
            b'<?xml version="1.0"?>' + entity + svg + b"><text>&x;</text></svg>",
            b"\xef\xbb\xbf" + svg + b'><foreignObject><body onload="x"/></foreignObject></svg>',
            b"\x1f\x8b" + zlib.compress(svg + b"/>"),
            b"<!DOCTYPE html>" + SCRIPT,
            SCRIPT.decode().encode("utf-16"),
            b"GIF89a=1;/*" + bytes(20) + b"*/;alert('" + PAYLOAD + b"')//",
            b"BM=1;alert('" + PAYLOAD + b"')//",
            b"<?php system($_GET['" + PAYLOAD + b"']); ?>",
            b"#!/bin/sh\necho " + PAYLOAD + b"\n",
            b"push graphic-context\nfill 'url(https://127.0.0.1/x.png\"|touch /tmp/x\")'\n",
            b"MZ" + bytes(200),
            b"\x7fELF" + bytes(200),
        ]
    )


def in_front(chance: random.Random) -> bytes:
    """A good picture behind something else: readers that search would find it."""
    front = chance.choice(
        [SCRIPT, b"%PDF-1.7\n", b"GIF89a", b"\0" * 16, b"\n", zipped({"a": b"b"})]
    )
    return front + any_good(chance)


def next_to_nothing(chance: random.Random) -> bytes:
    signatures = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x20\0\0\0WEBP"]
    heif = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    noise = chance.randbytes(chance.choice([0, 1, 11, 64, 2000]))
    return chance.choice([b"", b"\0", b"\xff", *signatures, heif]) + noise


CLEANED: Final[tuple[Family, ...]] = (
    truncated, flipped, torn, lying_lengths, page_behind, archive_behind, page_in_a_note,
    broken_exif, profile_bomb,
)  # fmt: skip
REFUSED: Final[tuple[Family, ...]] = (
    bomb, huge, moving, of_another_kind, written, in_front, next_to_nothing,
)  # fmt: skip
