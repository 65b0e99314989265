"""What the bytes of a picture file say of it before a pixel is decoded."""

import io
import re
from typing import BinaryIO, Final

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"%PDF-", "PDF"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"<svg", "SVG"),
)
_HEIF_STILLS: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_HEIF_SEQUENCES: Final = (b"hevc", b"hevx", b"hevm", b"hevs", b"msf1")

# A JPEG's markers (ITU-T T.81, table B.1). In coded data 0xFF stands before 0 or a restart only.
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SEGMENTS_MOST: Final = 5000  # the largest profile and the longest notes of a camera are hundreds


def kind_of(head: bytes) -> str:
    """Tell a file's format by its first 32 bytes.

    Returns:
        the name that Pillow knows it by, where it can be read; else one to call it by, "HEIF
        sequence" among them; "" for what is no picture.
    """
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone could be any text
        return "BMP"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _HEIF_STILLS:
            return "HEIF"
        if brand in _HEIF_SEQUENCES:
            return "HEIF sequence"
        return "AVIF" if brand in (b"avif", b"avis") else "MP4"
    return ""


def is_lossless_webp(upload: BinaryIO) -> bool:
    """Look for the first picture chunk: VP8L is the lossless one. The position is kept."""
    position = upload.tell()
    try:
        upload.seek(12)
        while len(header := upload.read(8)) == 8:
            name, size_bytes = header[:4], int.from_bytes(header[4:], "little")
            if name in (b"VP8L", b"VP8 "):
                return name == b"VP8L"
            upload.seek(size_bytes + size_bytes % 2, io.SEEK_CUR)
        return False
    finally:
        upload.seek(position)


def has_more_scans(upload: BinaryIO, *, than: int) -> bool:
    """Count in how many passes a JPEG paints its picture; each costs as much time as the picture.

    Counting ends with the picture: cameras put previews and films behind it. A file of absurdly
    many parts counts as having too many. The position is kept.
    """
    position = upload.tell()
    upload.seek(0)
    data = upload.read()
    upload.seek(position)
    at, scans = 2, 0
    for _part in range(_SEGMENTS_MOST):
        found = _MARKER.search(data, at)
        if found is None or found[1][0] == _END_OF_IMAGE:
            return False
        scans += found[1][0] == _START_OF_SCAN
        if scans > than:
            return True
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return True
