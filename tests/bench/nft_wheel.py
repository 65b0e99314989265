"""The peer that makes NFT files, the wheel ``nft-marker-creator``: a black box in its own process.

It is LGPL and no dependency of ours. Where it is not installed, the bench leaves it out.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.interop.jsartoolkit import FILES

PYTHON_VARIABLE = "NFT_WHEEL_PYTHON"
CREATE = """
import sys, time, nft_marker_creator
start = time.process_time()
nft_marker_creator.create(sys.argv[1], sys.argv[2])
spent_s = time.process_time() - start
open(sys.argv[2] + "/cpu_s", "w").write(str(spent_s))
"""
COMPILE = """
import pathlib, sys, time, cv2
from markers.compiler.nft import compile_nft
cv2.setNumThreads(1)
data = pathlib.Path(sys.argv[1]).read_bytes()
start = time.process_time()
target = compile_nft(data)
spent_s = time.process_time() - start
for kind in ("iset", "fset", "fset3"):
    pathlib.Path(sys.argv[2], "picture." + kind).write_bytes(getattr(target, kind))
pathlib.Path(sys.argv[2], "cpu_s").write_text(str(spent_s))
"""


@dataclass(frozen=True, slots=True)
class Made:
    """Three files, ``.iset``, ``.fset`` and ``.fset3``, and the CPU seconds that they cost."""

    files: tuple[bytes, bytes, bytes]
    cpu_s: float


def wheel_python() -> str | None:
    """Name the interpreter that has the wheel: this one, or that of ``NFT_WHEEL_PYTHON``."""
    python = os.environ.get(PYTHON_VARIABLE, sys.executable)
    has_it = subprocess.run(
        [python, "-c", "import nft_marker_creator"], capture_output=True, check=False
    )
    return python if has_it.returncode == 0 else None


def make_with_wheel(python: str, png: bytes) -> Made:
    """Let the wheel make the files with its own defaults."""
    return _make(python, CREATE, png)


def make_with_ours(png: bytes) -> Made:
    """Make the files with our compiler, in a process that did nothing before, as the wheel's.

    The seconds are the middle ones of three runs: so short a time is easily disturbed.
    """
    runs = [_make(sys.executable, COMPILE, png) for _ in range(3)]
    return sorted(runs, key=lambda made: made.cpu_s)[1]


def _make(python: str, program: str, png: bytes) -> Made:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "picture.png").write_bytes(png)
        subprocess.run(
            [python, "-c", program, str(folder / "picture.png"), name],
            check=True,
            capture_output=True,
        )
        iset, fset, fset3 = ((folder / f"picture.{kind}").read_bytes() for kind in FILES)
        return Made((iset, fset, fset3), float((folder / "cpu_s").read_text()))
