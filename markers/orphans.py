"""Files of this room that no marker uses any more: results that were dropped, targets replaced."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final

from django.core.files.storage import default_storage
from django.utils import timezone

from markers.models import Marker

FOLDERS: Final = {  # and the columns that hold keys of files in them
    "markers/pictures": ("picture",),
    "markers/targets": ("target",),
    "markers/likeness": ("target",),  # what look-alikes are found by, named after the target
    "markers/nft": ("iset", "fset", "fset3"),
    "markers/previews": ("preview",),
    "markers/heatmaps": ("heat_map",),
}
# Files are stored before their row is written: a young one may be about to be used.
GRACE = timedelta(days=1)


def orphans() -> Iterator[str]:
    """Find the keys of files that are a day old or more and on no row, shelf by shelf."""
    for folder in FOLDERS:
        for shelf in _folders_in(folder):
            _folders, names = default_storage.listdir(f"{folder}/{shelf}")
            keys = [f"{folder}/{shelf}/{name}" for name in names]
            unused = sorted(set(keys) - _used(folder, keys))
            yield from (key for key in unused if _is_old(key))


def remove(key: str) -> bool:
    """Delete one orphan, unless it has come into use or was written again meanwhile."""
    folder = "/".join(key.split("/")[:2])
    if _used(folder, [key]) or not _is_old(key):
        return False
    default_storage.delete(key)
    return True


def _used(folder: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that are on a row, or whose target is."""
    by_row_key = {_row_key(key): key for key in keys}
    return {
        by_row_key[row_key]
        for column in FOLDERS[folder]
        for row_key in Marker.objects.filter(**{f"{column}__in": by_row_key}).values_list(
            column, flat=True
        )
    }


def _row_key(key: str) -> str:
    """What a row has of a file: its key, or that of the target it was made of."""
    path = PurePosixPath(key)
    if path.suffix != ".sketch":
        return key
    return f"markers/targets/{path.parent.name}/{path.stem}.mind"


def _folders_in(folder: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(folder)[0])
    except FileNotFoundError:  # nothing was ever stored there
        return []


def _is_old(key: str) -> bool:
    return default_storage.get_modified_time(key) < timezone.now() - GRACE
