"""A program that begins restores and kills them: `python -m tests.backups.killed_restores …`.

Arguments: KILLS, SEED, the URL of the database to serve from, the folder of its media, the identity
file. Each restore is forked, so that none of its time goes into loading; the first one is not
killed, to learn how long one takes. What it prints: a line for each, `killed` or `done`;
then it waits for a line to go on.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import django


def main(kills: int, seed: int, url: str, media: Path, identity: Path) -> None:
    django.setup()
    from backups import encryption, restoring
    from backups.destinations.urls import configured
    from vertexar.storage import LocalStorage

    identities = encryption.parse_identities(identity.read_text())
    wish = restoring.Wish(
        database_url=url, storage=LocalStorage(location=str(media)), may_replace=True
    )
    numbers = random.Random(seed)
    takes_s = 0.0
    for number in range(kills + 1):
        shutil.rmtree(media, ignore_errors=True)
        began = time.monotonic()
        child = os.fork()
        if not child:
            planned = restoring.plan(wish, restoring.choose(wish, configured()), identities)
            restoring.carry_out(planned, identities, on_progress=lambda *told: None)
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
        print("killed" if os.WIFSIGNALED(status) else f"done {status}", flush=True)
        sys.stdin.readline()  # somebody looks at what is served now


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))
