"""Files of this room that no marker uses any more: results that were dropped, targets replaced."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from django.core.files.storage import default_storage
from django.utils import timezone

from markers.models import Marker

FOLDERS: Final = {  # and the columns that hold keys of files in them
    "markers/pictures": ("picture",),
    "markers/targets": ("target",),
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
    """Those of the keys that are on a row."""
    return {
        key
        for column in FOLDERS[folder]
        for key in Marker.objects.filter(**{f"{column}__in": keys}).values_list(column, flat=True)
    }


def _folders_in(folder: str) -> list[str]:
    try:
        return sorted(default_storage.listdir(folder)[0])
    except FileNotFoundError:  # nothing was ever stored there
        return []


def _is_old(key: str) -> bool:
    return default_storage.get_modified_time(key) < timezone.now() - GRACE
