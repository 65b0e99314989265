"""Media from the local disk, with the byte ranges that Safari plays videos by (RFC 9110, 14).

Names are hashes of the content, so that a file may be cached for ever and its name is its ETag.
With S3 configured, media have the store's own URLs and this view finds nothing.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import storages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition, require_safe

from vertexar.storage import CHUNK_BYTES, LocalStorage

# What is made to be shown. Anything else is handed out as bytes to keep.
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4"}
AS_IT_CAME = ".upload"  # what strangers sent, kept for our own work: it is not handed out
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
KEY = re.compile(r"[A-Za-z0-9_./-]{1,200}")


def _etag(request: HttpRequest, key: str) -> str:
    return f'"{_path_of(key).stem}"'


@csrf_exempt
@require_safe
@condition(etag_func=_etag)
def serve(request: HttpRequest, key: str) -> HttpResponseBase:
    """Answer 200, 206 for one range, 304 for a known ETag, 416 for a range past the end."""
    path = _path_of(key)
    size = path.stat().st_size
    is_head = request.method == "HEAD"  # for which ranges are not defined
    wanted = None if is_head else _byte_range(request.headers.get("Range", ""), size)
    response: HttpResponseBase
    if wanted is None:
        response = HttpResponse() if is_head else FileResponse(path.open("rb"))
        response["Content-Length"] = str(size)
    elif not wanted:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
    else:
        response = StreamingHttpResponse(_slice(path.open("rb"), wanted), status=206)
        response["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
        response["Content-Length"] = str(len(wanted))
    response["Content-Type"] = TYPES.get(path.suffix, "application/octet-stream")
    if path.suffix not in TYPES:
        response["Content-Disposition"] = "attachment"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _path_of(key: str) -> Path:
    storage = storages["default"]
    if not isinstance(storage, LocalStorage) or not KEY.fullmatch(key):
        raise Http404
    try:
        path = Path(storage.path(key))
    except (SuspiciousFileOperation, ValueError) as error:  # "..", a NUL byte
        raise Http404 from error
    if path.name.startswith(".") or path.suffix == AS_IT_CAME or not path.is_file():
        raise Http404
    return path


def _byte_range(header: str, size: int) -> range | None:
    """Read a Range header: None to ignore it, an empty range when it can't be satisfied.

    Several ranges in one header are ignored, as the standard allows.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _slice(file: BinaryIO, wanted: range) -> Iterator[bytes]:
    with file:
        file.seek(wanted.start)
        left = len(wanted)
        while left and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
