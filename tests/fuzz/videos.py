"""Video files made to hurt whoever opens, keeps or shows them, each by a seeded random choice.

As `tests.fuzz.pictures`: families in `REFUSED` must never be taken, those in `CLEANED` may be. Many
are lists and scripts that ask their reader to fetch something else, which nobody may do.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.fuzz.pictures import PAYLOAD, SCRIPT, good, zipped


@dataclass(frozen=True)
class Material:
    """What hostile videos are made of.

    Attributes:
        video: a sound MP4.
        elsewhere: where they send their reader, as URLs of sound videos: files and hosts.
    """

    video: bytes
    elsewhere: tuple[str, ...]


Family = Callable[[random.Random, Material], bytes]


def box(name: bytes, body: bytes) -> bytes:
    """One box of an MP4."""
    return struct.pack(">I", len(body) + 8) + name + body


# --- Whatever came of it, it may be taken or not --------------------------------------------------


def truncated(chance: random.Random, material: Material) -> bytes:
    return material.video[: chance.randrange(1, len(material.video))]


def flipped(chance: random.Random, material: Material) -> bytes:
    whole = bytearray(material.video)
    for _n in range(chance.choice([1, 4, 32])):
        whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    return bytes(whole)


def index_flipped(chance: random.Random, material: Material) -> bytes:
    """The index is where all sizes, times and places stand."""
    whole = bytearray(material.video)
    start = whole.index(b"moov")
    for _n in range(chance.choice([1, 2, 6])):
        at = chance.randrange(start, len(whole) - 4)
        whole[at : at + 4] = chance.choice(
            [b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\1"]
        )
    return bytes(whole)


def page_behind(chance: random.Random, material: Material) -> bytes:
    return material.video + chance.choice([SCRIPT, zipped({"index.html": SCRIPT})])


def page_in_a_box(chance: random.Random, material: Material) -> bytes:
    name = chance.choice([b"free", b"uuid", b"udta", b"skip"])
    front = box(b"ftyp", b"isom\0\0\2\0isomavc1")
    return chance.choice([front, b""]) + box(name, SCRIPT) + material.video


def reference(chance: random.Random, material: Material) -> bytes:
    """The frames are said to be in another file."""
    url = chance.choice(material.elsewhere).encode()
    whole = material.video.replace(b"url \0\0\0\1", b"url \0\0\0\0")
    return whole + box(b"dref", bytes(4) + box(b"url ", bytes(4) + url + b"\0"))


# --- Never to be taken ----------------------------------------------------------------------------


def playlist(chance: random.Random, material: Material) -> bytes:
    """Lists of what to play, and scripts of how to put it together."""
    url = chance.choice(material.elsewhere)
    return chance.choice(
        [
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9.0,\n{url}\n#EXT-X-ENDLIST\n",
            f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:9,\n{url}\n',
            f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n",
            f'#EXTM3U\n#EXT-X-MAP:URI="{url}"\n#EXTINF:9,\nconcat:{url}|{url}\n#EXT-X-ENDLIST\n',
            f"ffconcat version 1.0\nfile '{url}'\n",
            f"file '{url}'\n",
            f"v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:{url}\n",
            f'<?xml version="1.0"?><MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>',
            f"[playlist]\nFile1={url}\n",
            f'<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
            f"RTSPtext\nrtsp://{url}\n",
            f";FFMETADATA1\ntitle={url}\n",
            f"WEBVTT\n\n00:00.000 --> 00:09.000\n{url}\n",
            f"movie={url}[out]\n",
        ]
    ).encode()


def hidden_playlist(chance: random.Random, material: Material) -> bytes:
    """A list behind the first bytes of a video."""
    front = chance.choice(
        [
            box(b"ftyp", b"isom\0\0\2\0isom"),
            b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x23",
            b"OggS" + bytes(24),
            b"FLV\1\5\0\0\0\x09" + bytes(4),
            b"RIFF\xff\xff\xff\x7fAVI ",
            b"\x47" + bytes(187) + b"\x47" + bytes(187),
            b"\0\0\1\xba" + bytes(10),
        ]
    )
    return front + playlist(chance, material)


def subtitles_of_an_avi(chance: random.Random, material: Material) -> bytes:
    """A playlist as the subtitles inside an AVI, which a careless reader opens by itself."""
    subtitles = b"GAB2\0\2\0" + struct.pack("<I", 2) + b"a\0" + b"\4\0"
    inner = playlist(chance, material)
    chunk = subtitles + struct.pack("<I", len(inner)) + inner
    header = struct.pack("<14I", 33_333, 0, 0, 16, 1, 0, 1, 0, 160, 120, 0, 0, 0, 0)
    stream = b"txts" + bytes(44)
    lists = b"hdrlavih" + struct.pack("<I", len(header)) + header
    lists += b"LIST" + struct.pack("<I", 12 + len(stream)) + b"strlstrh"
    lists += struct.pack("<I", len(stream)) + stream
    movie = b"movi01tx" + struct.pack("<I", len(chunk)) + chunk
    body = b"LIST" + struct.pack("<I", len(lists)) + lists
    body += b"LIST" + struct.pack("<I", len(movie)) + movie
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"AVI " + body


def boxes_without_end(chance: random.Random, material: Material) -> bytes:
    """Boxes in boxes, boxes of no size, tables of billions."""
    nested = b""
    for _n in range(200):
        nested = box(chance.choice([b"moov", b"trak", b"mdia", b"udta", b"meta"]), nested)
    front = box(b"ftyp", b"isom\0\0\2\0isom")
    table = box(b"stts", struct.pack(">III", 0, 2**32 - 1, 1))
    table += box(b"stsz", struct.pack(">III", 0, 1, 2**32 - 1))
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", table))))
    return chance.choice(
        [
            front + nested,
            front + struct.pack(">I4s", chance.choice([0, 1, 7, 2**31]), b"moov") + bytes(40),
            front + struct.pack(">I4sQ", 1, b"mdat", 2**63) + bytes(40),
            front + box(b"moov", track * 50),
            front + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", bytes(99)))),
        ]
    )


def no_video(chance: random.Random, material: Material) -> bytes:
    sound = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(24) + b"data" + bytes(4)
    return chance.choice(
        [
            b"", b"\0", SCRIPT, good("JPEG"), good("PNG"), good("WEBP"), good("HEIF"), sound,
            b"ID3\4" + bytes(200), b"fLaC" + bytes(200), b"%PDF-1.7\n" + PAYLOAD, bytes(5000),
            zipped({"film.mp4": material.video}), chance.randbytes(3000),
            b'<svg xmlns="http://www.w3.org/2000/svg"/>', SCRIPT + material.video,
            b"\x1a\x45\xdf\xa3" + chance.randbytes(3000), b"OggS" + chance.randbytes(3000),
            box(b"ftyp", b"isom\0\0\2\0isom") + chance.randbytes(3000),
        ]
    )  # fmt: skip


CLEANED: Final[tuple[Family, ...]] = (
    truncated, flipped, index_flipped, page_behind, page_in_a_box, reference,
)  # fmt: skip
REFUSED: Final[tuple[Family, ...]] = (
    playlist, playlist, playlist, hidden_playlist, subtitles_of_an_avi, boxes_without_end, no_video,
)  # fmt: skip
