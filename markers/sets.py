"""Several targets in one `.mind` file, without compiling anything again.

Nothing but the standard library: a web process does this, and loads neither NumPy nor OpenCV.
"""

import struct
from collections.abc import Sequence
from typing import Final

# What every `.mind` file begins with, in MessagePack: a map of two, `v` with the version 2 first,
# then `dataList` with the list of targets.
START: Final = b"\x82\xa1v\x02\xa8dataList"


class NoTargetFile(ValueError):
    """Bytes that are no `.mind` file of version 2."""


def merge_targets(minds: Sequence[bytes]) -> bytes:
    """Put the targets of several `.mind` files into one, in the order given.

    The list of targets is the last thing in a file, so that its bytes can be taken as they are:
    nothing is read beyond the first bytes, which takes no time whatever the files weigh. The files
    are trusted further in, as files that a compiler wrote.

    Args:
        minds: files as written by our compiler or by the format's own; each may hold several
            targets.

    Raises:
        NoTargetFile: a file begins with something else.
    """
    counts, bodies = [], []
    for mind in minds:
        count, body = _targets_of(mind)
        counts.append(count)
        bodies.append(body)
    return b"".join([START, _list_start(sum(counts)), *bodies])


def _targets_of(mind: bytes) -> tuple[int, memoryview]:
    """Number of targets in a file, and their bytes."""
    if not mind.startswith(START):
        raise NoTargetFile("not a map of version 2 and a list of targets")
    at = len(START)
    kind = mind[at] if at < len(mind) else 0
    rest = memoryview(mind)
    try:
        if kind & 0xF0 == 0x90:
            return kind & 0x0F, rest[at + 1 :]
        if kind == 0xDC:
            return struct.unpack_from(">H", mind, at + 1)[0], rest[at + 3 :]
        if kind == 0xDD:
            return struct.unpack_from(">I", mind, at + 1)[0], rest[at + 5 :]
    except struct.error as error:
        raise NoTargetFile(str(error)) from error
    raise NoTargetFile("no list of targets")


def _list_start(count: int) -> bytes:
    """Begin a MessagePack array, in its shortest form."""
    if count < 16:
        return struct.pack(">B", 0x90 | count)
    if count < 1 << 16:
        return struct.pack(">BH", 0xDC, count)
    return struct.pack(">BI", 0xDD, count)
