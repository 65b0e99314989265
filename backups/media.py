"""The media as they lie in their store: listed in order, and read as streams."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import BinaryIO, Final

from django.core.files.storage import FileSystemStorage, storages
from django.utils.translation import gettext as _

from backups import media_bucket
from vertexar.errors import DomainError

UNFINISHED: Final = ".part-"  # how a file begins that is being written
HASH_NAMED: Final = re.compile(r"(?:^|/)([0-9a-f]{2})/(\1[0-9a-f]{62})\.[A-Za-z0-9]+$")
# Made again from the files they are named after, whenever they are missing.
REMADE: Final = (".sketch",)
OF_THE_DISK: Final = "lost+found"  # where the folder is a disk of its own; not ours to read


class MediumDamaged(DomainError):
    """A medium is not what its name says: the disk or somebody has changed it."""

    code = "medium_damaged"


@dataclass(frozen=True, slots=True)
class Medium:
    """A file of the media store."""

    key: str
    size: int


def walk() -> Iterator[Medium]:
    """List all media in order of their keys, but for those that are made again when missing.

    Raises:
        OSError: the store can't be listed.
    """
    storage = storages["default"]
    if isinstance(storage, FileSystemStorage):
        found = _walk_folder(Path(storage.location), "")
    else:
        found = starmap(Medium, media_bucket.walk(storage))
    return (medium for medium in found if not medium.key.endswith(REMADE))


def open_medium(key: str) -> BinaryIO:
    """Read a medium from its beginning; nothing of it is put on disk.

    Raises:
        FileNotFoundError: it is gone.
        OSError: it can't be read.
    """
    storage = storages["default"]
    if isinstance(storage, FileSystemStorage):
        return Path(storage.path(key)).open("rb")
    return media_bucket.open_object(storage, key)


def sha256_in(key: str) -> str | None:
    """What a medium's content must hash to by its name; None where the name says nothing."""
    named = HASH_NAMED.search(key)
    return named[2] if named else None


def check(key: str, sha256: str) -> None:
    """Compare what a medium hashes to with its name.

    Raises:
        MediumDamaged: it is another.
    """
    if sha256_in(key) not in {None, sha256}:
        raise MediumDamaged(
            _("The content of %(key)s is not what its name says.") % {"key": key},
            hint=_("Bring it back: `manage.py restore latest --only media --identity FILE`."),
        )


def _walk_folder(root: Path, prefix: str) -> Iterator[Medium]:
    try:
        found = list(os.scandir(root / prefix))
    except FileNotFoundError:  # nothing was stored yet, or the folder has just gone
        return
    # so that all keys come in the order of strings, in which "a-b" is before "a/b"
    for entry in sorted(found, key=lambda entry: entry.name + "/" * entry.is_dir()):
        key = prefix + entry.name
        if key == OF_THE_DISK:
            continue
        if entry.is_dir():
            yield from _walk_folder(root, f"{key}/")
        elif entry.is_file() and not entry.name.startswith(UNFINISHED):
            try:
                size = entry.stat().st_size
            except FileNotFoundError:
                continue
            yield Medium(key, size)
