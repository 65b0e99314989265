"""Makes NFT files with our compiler, and with the wheel ``nft-marker-creator``.

Each runs in a process of its own that did nothing before. The wheel is a black box: it is LGPL and
no dependency of ours. Where it is not installed, the bench says so.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.interop.jsartoolkit import FILES

PYTHON_VARIABLE: Final = "NFT_WHEEL_PYTHON"
# The least of so many runs: whatever else the machine does only adds to a run's time.
OUR_RUNS: Final = 5
WHEEL_RUNS: Final = 2

CREATE: Final = """
import sys, time, nft_marker_creator
start = time.process_time()
nft_marker_creator.create(sys.argv[1], sys.argv[2])
spent_s = time.process_time() - start
open(sys.argv[2] + "/cpu_s", "w").write(str(spent_s))
"""
COMPILE: Final = """
import pathlib, sys, time, cv2
from markers.compiler.nft import compile_nft
cv2.setNumThreads(1)
start = time.process_time()
target = compile_nft(pathlib.Path(sys.argv[1]).read_bytes())
for kind in ("iset", "fset", "fset3"):
    pathlib.Path(sys.argv[2], "picture." + kind).write_bytes(getattr(target, kind))
spent_s = time.process_time() - start
pathlib.Path(sys.argv[2], "cpu_s").write_text(str(spent_s))
"""
# The peak since the program began: what getrusage tells holds its parent's, too.
PEAK: Final = """
import pathlib, sys
from markers.compiler.nft import compile_nft
compile_nft(pathlib.Path(sys.argv[1]).read_bytes())
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
print(*[line.split()[1] for line in lines if line.startswith("VmHWM")])
"""


@dataclass(frozen=True, slots=True)
class Made:
    """Three files, ``.iset``, ``.fset`` and ``.fset3``, and the CPU seconds that they cost."""

    files: tuple[bytes, bytes, bytes]
    cpu_s: float


def wheel_python() -> str | None:
    """Name the interpreter that has the wheel: this one, or that of ``NFT_WHEEL_PYTHON``."""
    python = os.environ.get(PYTHON_VARIABLE, sys.executable)
    if shutil.which(python) is None:
        return None
    has_it = subprocess.run(
        [python, "-c", "import nft_marker_creator"], capture_output=True, check=False
    )
    return python if has_it.returncode == 0 else None


def make_with_wheel(python: str, png: bytes) -> Made:
    """Let the wheel make the files with its own defaults."""
    return _cheapest([_make(python, CREATE, png) for _ in range(WHEEL_RUNS)])


def make_with_ours(png: bytes) -> Made:
    """Make the files with our compiler."""
    return _cheapest([_make(sys.executable, COMPILE, png) for _ in range(OUR_RUNS)])


def peak_memory_mb(png: bytes) -> float:
    """Peak memory of a process that makes the files with our compiler."""
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(png)
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", PEAK, file.name], check=True, capture_output=True, text=True
        )
    return round(int(done.stdout) / 1024, 1)


def _cheapest(runs: list[Made]) -> Made:
    return min(runs, key=lambda made: made.cpu_s)


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
