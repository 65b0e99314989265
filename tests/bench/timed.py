"""``python timed.py RESULT COMMAND…``: run a command; write what it took as JSON.

It is a small process of its own, since Linux gives a child the peak memory of whoever started it.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

KIB: Final = 1024


@dataclass(frozen=True)
class Cost:
    """What a command took, with all that it started and waited for.

    Attributes:
        seconds: on the clock.
        cpu_s: of all its processes, user and system.
        peak_bytes: resident, of the largest of its processes.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int


def run(command: list[str], *, environment: dict[str, str], folder: Path) -> tuple[Cost, str]:
    """Run a command to its end; return what it took, and what it printed.

    Raises:
        RuntimeError: it failed.
    """
    with TemporaryDirectory() as place:
        result = Path(place) / "result.json"
        done = subprocess.run(
            [sys.executable, __file__, str(result), *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout} {done.stderr}")
        return Cost(**json.loads(result.read_text())), done.stdout


def main() -> None:
    """Run what the arguments say."""
    began = time.monotonic()
    code = subprocess.run(sys.argv[2:], check=False).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = Cost(
        seconds=time.monotonic() - began,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_bytes=used.ru_maxrss * KIB,
    )
    Path(sys.argv[1]).write_text(json.dumps(asdict(cost)))
    sys.exit(code)


if __name__ == "__main__":
    main()
