"""Which files of markers are left over: never one that a row has, in whatever column."""

import io
import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from markers.alike import key_of_sketch
from markers.models import TARGET_FILES, Marker
from markers.orphans import FOLDERS, orphans, remove
from tests.markers.factories import MarkerFactory
from vertexar.storage import store

pytestmark = pytest.mark.django_db
DAYS_2 = 2 * 86_400
COLUMNS = [
    (folder, column)
    for folder, columns in FOLDERS.items()
    for column in columns
    if folder != "markers/likeness"
]


def stored(content: bytes, *, folder: str, age_s: float = DAYS_2) -> str:
    key = store(io.BytesIO(content), folder=folder, extension=".file")
    aged(key, age_s=age_s)
    return key


def aged(key: str, *, age_s: float = DAYS_2) -> None:
    then = time.time() - age_s
    os.utime(default_storage.path(key), (then, then))


@pytest.mark.parametrize(("folder", "column"), COLUMNS)
def test_a_file_is_in_use_by_whatever_column_has_it(folder: str, column: str) -> None:
    used, left_over = (stored(content, folder=folder) for content in (b"used", b"left over"))
    MarkerFactory.create(**{column: used})

    assert list(orphans()) == [left_over]
    assert not remove(used)
    assert remove(left_over)
    assert default_storage.exists(used)


def test_a_sketch_is_in_use_while_its_target_is() -> None:
    target, other = (f"markers/targets/{name[:2]}/{name}.mind" for name in ("a" * 64, "b" * 64))
    MarkerFactory.create(ready=True, target=target)
    used, left_over = key_of_sketch(target), key_of_sketch(other)
    for key in (used, left_over):
        default_storage.save(key, ContentFile(b"sketch"))
        aged(key)

    assert list(orphans()) == [left_over]
    assert remove(left_over)
    assert not remove(used)


def test_a_young_file_is_never_left_over() -> None:
    young = stored(b"young", folder="markers/nft", age_s=60)

    assert list(orphans()) == []
    assert not remove(young)


def test_every_column_with_a_key_is_looked_at() -> None:
    looked_at = {column for _folder, column in COLUMNS}

    assert looked_at == {*TARGET_FILES.values(), "picture", "preview", "heat_map"}
    assert looked_at <= {field.name for field in Marker._meta.get_fields()}
