"""What a person uploads becomes a clean picture, or an error that says what to do.

Everything is decided by the content, never by the file's name. What can be refused from the first
bytes and the header is refused before a pixel is decoded. Runs in the web process: Pillow only.
"""

import hashlib
import io
import math
import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO, Literal

import pillow_heif
from django.utils.translation import gettext as _
from PIL import Image, ImageCms

from markers.picture_files import has_more_scans, is_lossless_webp, kind_of
from markers.pictures_at_once import a_place
from vertexar.errors import UnusableUpload

pillow_heif.register_heif_opener()

_JPEG_QUALITY = 92
_FULL_COLOUR = 0  # Pillow's number for 4:4:4: colour edges keep their place
_LANCZOS_REACH = 3  # pixels of the result, to each side
_ROWS_AT_ONCE = 256

# What Pillow and libheif raise on files made wrong, by accident or by malice.
_DECODER_FAULTS = (
    OSError,  # UnidentifiedImageError too
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_READABLE = ("PNG", "JPEG", "WEBP", "HEIF")
_EXIF_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What is accepted, and how large the result may be."""

    max_bytes: int = 25_000_000  # of the upload
    max_pixels: int = 40_000_000  # of the upload: 160 MB once decoded, Pillow uses 4 bytes a pixel
    max_webp_pixels: int = 4096 * 4096  # its decoder holds the picture four or five times
    max_scans: int = 40  # passes over a JPEG; a progressive one has about ten
    min_side_px: int = 100  # below it no runtime finds enough to hold on to
    max_aspect: float = 4.0  # long side over short side
    max_side_px: int = 4096  # of the result


@dataclass(frozen=True, slots=True)
class Picture:
    """A clean picture: upright, 8-bit sRGB, without metadata, encoded anew."""

    data: bytes
    sha256: str  # of data, hexadecimal
    extension: Literal[".jpg", ".png"]
    width_px: int
    height_px: int


def read_picture(upload: BinaryIO, *, limits: PictureLimits) -> Picture:
    """Read an upload into a clean picture.

    Accepts PNG, JPEG, WebP and HEIC in any colour mode. Lossless sources (PNG, lossless WebP) come
    out as PNG, the others as JPEG. The same upload gives the same bytes. ``upload`` must be
    seekable; it is left open.

    Raises:
        UnusableUpload: with the code empty_file, file_too_large, picture_unreadable,
            picture_wrong_format, picture_truncated, picture_animated, picture_too_large,
            picture_too_small, aspect_too_extreme or too_many_scans.
        PicturesBusy: too many are being read at once; ask again soon.
    """
    _check_weight(upload, limits=limits)
    kind = _check_kind(upload)
    is_lossless = kind == "PNG" or (kind == "WEBP" and is_lossless_webp(upload))
    with a_place():
        clean = _clean_pixels(upload, kind=kind, limits=limits)
        data = _encoded(clean, is_lossless=is_lossless)
    return Picture(
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        extension=".png" if is_lossless else ".jpg",
        width_px=clean.width,
        height_px=clean.height,
    )


def pixels_to_decode(upload: BinaryIO, *, limits: PictureLimits) -> int:
    """Tell by its header how many pixels `read_picture` would decode, and decode none.

    None are, and this is 0, where there is no picture or one that is refused by its size.
    ``upload`` must be seekable; it is left open, at its start.
    """
    upload.seek(0)
    kind = kind_of(upload.read(32))
    if kind not in _READABLE:
        return 0
    try:
        with _open(upload, kind=kind, limits=limits) as image:
            pixels = image.width * image.height
            return pixels if pixels <= _most_pixels(kind, limits) else 0
    except UnusableUpload:
        return 0
    finally:
        upload.seek(0)


def _most_pixels(kind: str, limits: PictureLimits) -> int:
    return min(limits.max_pixels, limits.max_webp_pixels) if kind == "WEBP" else limits.max_pixels


def _clean_pixels(upload: BinaryIO, *, kind: str, limits: PictureLimits) -> Image.Image:
    """Decode an upload and clean it; what was decoded is let go on return."""
    with _open(upload, kind=kind, limits=limits) as image:
        _check_stillness(image)
        _check_size(image, max_pixels=_most_pixels(kind, limits), limits=limits)
        if kind == "JPEG":
            _check_scans(upload, limits=limits)
            # decoded at a half or a quarter, where that is still large enough
            image.draft(None, _size_within(image.size, max_side_px=limits.max_side_px))
        try:
            image.load()
        except _BOMBS as error:
            raise _too_large(limits.max_pixels) from error
        except _DECODER_FAULTS as error:
            raise _truncated() from error
        return _cleaned(image, limits=limits)


def _check_weight(upload: BinaryIO, *, limits: PictureLimits) -> None:
    upload.seek(0, io.SEEK_END)
    size_bytes = upload.tell()
    upload.seek(0)
    if size_bytes == 0:
        raise UnusableUpload(
            _("The picture file is empty."),
            code="empty_file",
            hint=_("Choose the file again; it may not have been saved completely."),
        )
    if size_bytes > limits.max_bytes:
        raise UnusableUpload(
            _("The picture file is heavier than %(limit)d MB.")
            % {"limit": limits.max_bytes // 1_000_000},
            code="file_too_large",
            hint=_("Save the picture as a JPEG, or make it smaller."),
        )


def _check_kind(upload: BinaryIO) -> str:
    """Tell the format by the first bytes; return the name Pillow knows it by."""
    head = upload.read(32)
    upload.seek(0)
    kind = kind_of(head)
    if kind in _READABLE:
        return kind
    if kind == "GIF" and _is_moving_gif(upload):
        raise _animated()
    if kind == "HEIF sequence":
        raise _animated()
    if kind:
        raise UnusableUpload(
            _("This is a %(kind)s file, which can't be used here.") % {"kind": kind},
            code="picture_wrong_format",
            hint=_("Send a PNG, JPEG, WebP or HEIC picture."),
        )
    raise UnusableUpload(
        _("This file is not a picture."),
        code="picture_unreadable",
        hint=_("Send a PNG, JPEG, WebP or HEIC picture; renaming a file does not convert it."),
    )


def _is_moving_gif(upload: BinaryIO) -> bool:
    try:
        with Image.open(upload, formats=("GIF",)) as image:
            return bool(getattr(image, "is_animated", False))
    except (*_BOMBS, *_DECODER_FAULTS):
        return False


def _open(upload: BinaryIO, *, kind: str, limits: PictureLimits) -> Image.Image:
    upload.seek(0)
    try:
        return Image.open(upload, formats=(kind,))
    except _BOMBS as error:
        raise _too_large(limits.max_pixels) from error
    except _DECODER_FAULTS as error:  # it begins as such a picture, so the rest is missing
        raise _truncated() from error


def _check_stillness(image: Image.Image) -> None:
    # Phones put a preview (MPO) or further shots (HEIC) behind the picture: the first is meant.
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise _animated()


def _check_scans(upload: BinaryIO, *, limits: PictureLimits) -> None:
    if has_more_scans(upload, than=limits.max_scans):
        raise UnusableUpload(
            _("The picture is stored in more passes than any camera or program needs."),
            code="too_many_scans",
            hint=_("Open it in a picture editor, save it as an ordinary JPEG and send that."),
        )


def _check_size(image: Image.Image, *, max_pixels: int, limits: PictureLimits) -> None:
    short_px, long_px = sorted(image.size)
    if short_px * long_px > max_pixels:
        raise _too_large(max_pixels)
    if short_px < limits.min_side_px:
        raise UnusableUpload(
            _("The picture is only %(width)d × %(height)d pixels.")
            % {"width": image.width, "height": image.height},
            code="picture_too_small",
            hint=_("The shorter side must have %(limit)d pixels or more; 1000 is a good size.")
            % {"limit": limits.min_side_px},
        )
    if long_px > limits.max_aspect * short_px:
        raise UnusableUpload(
            _("The picture is too long and narrow to be recognised."),
            code="aspect_too_extreme",
            hint=_("The longer side may be at most %(limit)g times the shorter; crop the picture.")
            % {"limit": limits.max_aspect},
        )


def _cleaned(image: Image.Image, *, limits: PictureLimits) -> Image.Image:
    """Return the picture upright, in sRGB, on white and within the largest side."""
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    size = _size_within(image.size, max_side_px=limits.max_side_px)
    image = _in_srgb(_flat(image, size=size), profile=profile)
    if (transposition := _TRANSPOSITIONS.get(orientation)) is not None:
        image = image.transpose(transposition)
    image.info.clear()  # or the encoders would write profile, comment and gamma again
    return image


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except _DECODER_FAULTS:  # broken metadata is no reason to refuse a good picture
        return 1
    return value if isinstance(value, int) else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring palettes, bitmaps and 16-bit greys to a mode of 8 bits a channel."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("LA" if image.mode in ("1", "L", "LA") else "RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _size_within(size: tuple[int, int], *, max_side_px: int) -> tuple[int, int]:
    factor = min(1.0, max_side_px / max(size))
    width_px, height_px = (max(1, round(side_px * factor)) for side_px in size)
    return width_px, height_px


def _flat(image: Image.Image, *, size: tuple[int, int]) -> Image.Image:
    """Return the picture opaque, of 8 bits a channel and of a size, made some rows at a time.

    Made at once, each of the steps would hold another copy of the whole picture.
    """
    width_px, height_px = size
    step = image.height / height_px
    around_px = math.ceil(_LANCZOS_REACH * step) + 1  # rows that the filter looks at beyond its own
    flat = Image.new("RGB", (0, 0))
    for top in range(0, height_px, _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, height_px)
        first = max(0, math.floor(top * step) - around_px)
        last = min(image.height, math.ceil(bottom * step) + around_px)
        strip = _on_white(_eight_bit(image.crop((0, first, image.width, last))))
        if image.size == size:
            strip = strip.crop((0, top - first, image.width, bottom - first))
        else:
            box = (0, top * step - first, image.width, bottom * step - first)
            strip = strip.resize((width_px, bottom - top), Image.Resampling.LANCZOS, box=box)
        if top == 0:
            flat = Image.new(strip.mode, size)
        flat.paste(strip, (0, top))
    return flat


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    colours = image.convert("RGB")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(colours, mask=image.getchannel("A"))
    return paper


def _in_srgb(image: Image.Image, *, profile: bytes | None) -> Image.Image:
    """Convert through the embedded profile; without one, or with a wrong one, plainly."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image,
                source,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _encoded(image: Image.Image, *, is_lossless: bool) -> bytes:
    buffer = io.BytesIO()
    if is_lossless:
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=_FULL_COLOUR)
    return buffer.getvalue()


def _truncated() -> UnusableUpload:
    return UnusableUpload(
        _("The picture is cut off or damaged."),
        code="picture_truncated",
        hint=_("Open it on your computer to see whether it is whole, save it again and send that."),
    )


def _animated() -> UnusableUpload:
    return UnusableUpload(
        _("The picture is animated."),
        code="picture_animated",
        hint=_("Send one still picture; what moves is the video."),
    )


def _too_large(max_pixels: int) -> UnusableUpload:
    return UnusableUpload(
        _("The picture has more than %(limit)d million pixels.")
        % {"limit": max_pixels // 1_000_000},
        code="picture_too_large",
        hint=_("Scale it down; more than 4000 pixels on a side bring nothing for recognition."),
    )
