"""How good a picture is, asked by the web process, which never loads the compiler itself.

The compiler runs as a program of its own, bounded in time, memory and disk: a picture made to hurt
ends that program and nothing else. Nothing is kept.
"""

import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext as _

from markers.pictures import Picture
from markers.pictures_at_once import PicturesBusy
from markers.wording import FAILURES
from vertexar.errors import DomainError, UnusableUpload
from vertexar.limited import Ended, OutOfTime, ProcessLimits, run_limited

logger = logging.getLogger(__name__)

PROJECT: Final = Path(__file__).parents[1]  # from where Python finds the compiler
# The largest picture there is after cleaning, 4096 by 4096 pixels, takes 0.9 s of CPU time, 160 MB
# of memory and 775 MB of address space.
LIMITS: Final = ProcessLimits(
    time_s=30.0, cpu_s=20.0, memory_bytes=2 * 1024**3, file_bytes=20_000_000
)
AT_ONCE: Final = 2
RETRY_AFTER_S: Final = 2
SIGNS_OF_NO_MEMORY: Final = ("MemoryError", "Insufficient memory", "std::bad_alloc")

_places = BoundedSemaphore(AT_ONCE)


class AnalysisBusy(PicturesBusy):
    """As many pictures are being rated as may be at once."""

    retry_after_s = RETRY_AFTER_S


class AnalysisBroke(DomainError):
    """The fault is ours, not the picture's."""

    code = "analysis_unavailable"


@dataclass(frozen=True, slots=True)
class Rating:
    """What is to be said about a picture.

    Attributes:
        score: 0..100.
        stars: 0..5.
        reasons: stable codes of what keeps it from a good score; see `markers.wording`.
        report: what the score was made of; empty for a quick guess.
        heat_map_jpeg: the picture with colours where it is recognised by; None for a quick guess.
    """

    score: int
    stars: int
    reasons: tuple[str, ...]
    report: dict[str, Any] = field(default_factory=dict)
    heat_map_jpeg: bytes | None = None


def analyze(picture: Picture, *, quick: bool, limits: ProcessLimits = LIMITS) -> Rating:
    """Rate a picture as a compilation would, or guess its score in a fraction of the time.

    Raises:
        UnusableUpload: no phone would recognise it, or it takes more time or memory than we give.
        AnalysisBusy: too many are asked for at once; ask again soon.
        AnalysisBroke: it can't be done now.
    """
    with _place(), tempfile.TemporaryDirectory(prefix="vertexar-analysis-") as name:
        folder = Path(name)
        chosen = ["--quick"] if quick else ["--analyze", "--out", str(folder)]
        try:
            ended = run_limited(
                [sys.executable, "-m", "markers.compiler", "-", "--json", *chosen],
                limits=limits,
                environment=_environment(folder),
                folder=PROJECT,
                sent=picture.data,
            )
        except OutOfTime as error:
            raise _refused("took_too_long") from error
        except OSError as error:
            raise _broke(f"it can't be started: {error}") from error
        said = _said(ended)
        heat_map_jpeg = None if quick else (folder / "heat.jpg").read_bytes()
    report = said["quality_report"]
    return Rating(
        score=said["quality_score"],
        stars=report["stars"],
        reasons=tuple(report["reasons"]),
        report={} if quick else report,
        heat_map_jpeg=heat_map_jpeg,
    )


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the few places, so that no rush of forms takes all of the machine.

    Raises:
        AnalysisBusy: there is none.
    """
    if not _places.acquire(blocking=False):
        raise AnalysisBusy
    try:
        yield
    finally:
        _places.release()


def _environment(folder: Path) -> dict[str, str]:
    """What the compiler needs: nothing secret, and no thread of its own for each core."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_FOR_THREADS_NUM": "1",
    }


def _said(ended: Ended) -> dict[str, Any]:
    """Read what the compiler says of the picture.

    Raises:
        UnusableUpload: it can't be used.
        AnalysisBroke: the compiler says nothing of it.
    """
    messages = ended.messages.decode(errors="replace")
    try:
        said: dict[str, Any] = json.loads(ended.stdout)
    except ValueError as error:
        if ended.status == -signal.SIGXCPU:
            raise _refused("took_too_long") from error
        if ended.status == -signal.SIGKILL or any(sign in messages for sign in SIGNS_OF_NO_MEMORY):
            raise _refused("out_of_memory") from error
        raise _broke(f"it ended with {ended.status}: {messages[-2000:].strip()}") from error
    if "error" in said:
        raise _refused(said["error"]["code"], hint=said["error"]["hint"])
    return said


def _refused(code: str, *, hint: str = "") -> UnusableUpload:
    refusal = UnusableUpload(
        str(FAILURES.get(code, code)),
        code=code,
        hint=gettext(hint) if hint else _("Make the picture smaller, or save it anew."),
    )
    refusal.field = "image"
    return refusal


def _broke(why: str) -> AnalysisBroke:
    logger.error("looking at a picture: %s", why)
    return AnalysisBroke(
        _("The picture can't be rated right now."),
        hint=_("It can be uploaded all the same; the rating follows."),
    )
