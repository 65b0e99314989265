"""Makes the key pair of the backups: who has the secret half can read them, nobody else."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backups import encryption, signing

FILE = """# The secret key of the backups of {url}.
# made: {made}
# public key: {recipient}
# signed by: {signer}
{identity}
"""
WHAT_NOW = """{path} can read the backups from now on. Without it nobody can.

  1. Set for the server, and start it again:
     BACKUP_RECIPIENTS={recipients}
  2. Take the file off this machine: into a password manager, onto paper, onto a stick in a safe.
     Keep it in two places at least, none of which burns together with the server.
  3. Make the first one: manage.py backup
     and try it; nothing is changed: manage.py restore latest --identity {path} --replace --dry-run
"""
NEW_SIGNER = """The key that signs backups was made too, as this machine had none: {key}
If backups are made on another machine, throw {path} away: it names the wrong signer, and a restore
would believe no backup. Run this there, or here with --signer: the first line of any
manifest.json.sig at the destination is what to give.
"""


class Command(BaseCommand):
    help = (
        "Make a key pair for the backups. The secret half goes into a file of yours, in the format "
        "of age-keygen, and is stored nowhere else; the public half is printed, to be set as "
        "BACKUP_RECIPIENTS. A file that exists is never written over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=Path("backup-identity.txt"),
            help="where to write the secret half; backup-identity.txt by default",
        )
        parser.add_argument(
            "--signer",
            default="",
            metavar="KEY",
            help="who signs the backups, where that is not this machine (vertexar-signer:…)",
        )

    def handle(self, *, file: Path, signer: str, **options: Any) -> None:
        if signer and not signing.SIGNER.fullmatch(signer):
            raise CommandError(f"--signer {signer}: it looks like {signing.PREFIX}…", returncode=2)
        try:
            makes_signer = not signer and not signing.has_own_key()
            signer = signer or signing.own_signer()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        identity, recipient = encryption.generate()
        text = FILE.format(
            url=settings.PUBLIC_URL,
            made=timezone.now().isoformat(timespec="seconds"),
            recipient=recipient,
            signer=signer,
            identity=identity,
        )
        _write_new(file, text)
        recipients = " ".join([*settings.BACKUP_RECIPIENTS, recipient])
        quoted = f'"{recipients}"' if " " in recipients else recipients
        self.stdout.write(WHAT_NOW.format(path=file, recipients=quoted))
        if makes_signer:
            self.stderr.write(NEW_SIGNER.format(path=file, key=signing.key_file()))


def _write_new(path: Path, text: str) -> None:
    """Write a file for its owner's eyes, unless there is one."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(
            f"{path} exists. It may be the only key to your backups: name another file."
        ) from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}.") from error
    with os.fdopen(file, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
