"""Several targets in one file, without compiling anything again."""

import struct
from collections.abc import Sequence
from typing import Final

from markers.compiler import msgpack
from markers.compiler.encode import FORMAT_VERSION, MalformedTarget

# What every `.mind` file begins with: a map of two, the version first, then the list of targets.
START: Final = (
    b"\x82"
    + msgpack.pack_str("v")
    + msgpack.pack_int(FORMAT_VERSION)
    + msgpack.pack_str("dataList")
)


def merge_targets(minds: Sequence[bytes]) -> bytes:
    """Put the targets of several `.mind` files into one, in the order given.

    The list of targets is the last thing in a file, so that its bytes can be taken as they are:
    nothing is read beyond the first bytes, which takes no time whatever the files weigh. The files
    are trusted further in, as files that a compiler wrote; ``parse_mind`` checks one through.

    Args:
        minds: files as written by this compiler or by the format's own; each may hold several
            targets.

    Raises:
        MalformedTarget: a file begins with something else.
    """
    counts, bodies = [], []
    for mind in minds:
        count, body = _targets_of(mind)
        counts.append(count)
        bodies.append(body)
    return b"".join([START, msgpack.pack_array_start(sum(counts)), *bodies])


def _targets_of(mind: bytes) -> tuple[int, bytes]:
    """Number of targets in a file, and their bytes."""
    if not mind.startswith(START):
        raise MalformedTarget("not a map of version 2 and a list of targets")
    at = len(START)
    kind = mind[at] if at < len(mind) else 0
    try:
        if kind & 0xF0 == 0x90:
            return kind & 0x0F, mind[at + 1 :]
        if kind == 0xDC:
            return struct.unpack_from(">H", mind, at + 1)[0], mind[at + 3 :]
        if kind == 0xDD:
            return struct.unpack_from(">I", mind, at + 1)[0], mind[at + 5 :]
    except struct.error as error:
        raise MalformedTarget(str(error)) from error
    raise MalformedTarget("no list of targets")
