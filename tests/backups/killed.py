"""A program that begins backups and kills them: `python -m tests.backups.killed KILLS SEED`.

Each is a process of its own, forked so that none of its time goes into loading. The first one is
not killed, to learn how long one takes. What it prints: a line for each, `killed` or `done`.
"""

import os
import random
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path

import django

FILES_A_RUN = 40
FILE_MAX_BYTES = 60_000


def main(kills: int, seed: int) -> None:
    django.setup()
    from django.conf import settings

    # loaded once for all, with what the service would load
    from backups import performing, services  # noqa: F401
    from backups.models import BackupRun

    numbers = random.Random(seed)
    takes_s = 0.0
    for number in range(kills + 1):
        _add_media(Path(settings.MEDIA_ROOT), numbers)
        began = time.monotonic()
        child = os.fork()
        if not child:
            services.back_up_now(BackupRun.Kind.MANUAL, actor=None)
            os._exit(0)
        if number:
            moment_s = takes_s * numbers.random()
            time.sleep(moment_s)  # to be killed then
            os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        if not number:
            takes_s = time.monotonic() - began
        elif not os.WIFSIGNALED(status):
            takes_s = moment_s  # the machine had more to do when the first one ran
        print("killed" if os.WIFSIGNALED(status) else "done", flush=True)


def _add_media(folder: Path, numbers: random.Random) -> None:
    for _ in range(FILES_A_RUN):
        content = numbers.randbytes(numbers.randrange(1, FILE_MAX_BYTES))
        digest = sha256(content).hexdigest()
        path = folder / "tests" / "files" / digest[:2] / f"{digest}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
