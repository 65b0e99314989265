"""A ceiling on the memory that one piece of work may take, so that it fails and not the machine.

Only Linux counts a process's memory so that it can be limited; elsewhere nothing is.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/status")
OPENCV_NO_MEMORY = -4  # cv::Error::StsNoMem
NO_MEMORY = "bad_alloc"  # what OpenCV says of the C++ library's own error, which has no number


@contextmanager
def at_most(megabytes: int) -> Iterator[None]:
    """Let a block allocate so much more than the process has already, and no more.

    The limit is one of the process: nothing else should run in it meanwhile. What it has already is
    not counted, since libraries reserve memory for each core. Programs it starts inherit it.

    Args:
        megabytes: of 2**20 bytes.
    """
    used_bytes = _used_bytes()
    if used_bytes is None:
        yield
        return
    before, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = used_bytes + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (_smallest(limit, before, most), most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, most))


def ran_out(error: BaseException) -> bool:
    """Whether an error was raised, at the root, since there was no memory left."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or _is_opencvs(cause):
            return True
        cause = cause.__cause__
    return False


def _is_opencvs(error: BaseException) -> bool:
    """Known by its name: this room does not load OpenCV."""
    if (type(error).__module__, type(error).__name__) != ("cv2", "error"):
        return False
    return getattr(error, "code", None) == OPENCV_NO_MEMORY or NO_MEMORY in str(error)


def _used_bytes() -> int | None:
    """What the limit counts: memory of its own that the process has reserved, used or not."""
    if not STATUS.exists():
        return None
    fields = dict(line.split(":", 1) for line in STATUS.read_text().splitlines() if ":" in line)
    return int(fields["VmData"].split()[0]) * 1024


def _smallest(*limits: int) -> int:
    return min(limit for limit in limits if limit != resource.RLIM_INFINITY)
