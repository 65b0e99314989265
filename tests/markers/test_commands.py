"""What operators do to markers: compile again, sweep away what nothing uses."""

import io
import os
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from markers.compiler import COMPILER_VERSION
from tests.markers.factories import MarkerFactory
from vertexar.storage import store

pytestmark = pytest.mark.django_db
DAYS_2 = 2 * 86_400


def stored(content: bytes, *, age_s: float = DAYS_2) -> str:
    key = store(io.BytesIO(content), folder="markers/targets", extension=".mind")
    then = time.time() - age_s
    os.utime(default_storage.path(key), (then, then))
    return key


def sweep(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("sweep_marker_files", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().split()


def test_a_dry_sweep_lists_what_nothing_uses_and_deletes_nothing() -> None:
    left_over, used = stored(b"left over"), stored(b"used")
    MarkerFactory.create(ready=True, target=used)

    assert sweep() == [left_over]
    assert default_storage.exists(left_over)


def test_a_sweep_deletes_what_nothing_uses_and_only_that() -> None:
    left_over, used = stored(b"left over"), stored(b"used")
    MarkerFactory.create(ready=True, target=used)

    sweep("--delete")

    assert not default_storage.exists(left_over)
    assert default_storage.exists(used)


def test_a_young_file_is_left_alone_for_its_row_may_be_about_to_be_written() -> None:
    young = stored(b"young", age_s=60)

    assert sweep("--delete") == []
    assert default_storage.exists(young)


def test_a_file_stored_again_counts_as_young() -> None:
    key = stored(b"again")

    store(io.BytesIO(b"again"), folder="markers/targets", extension=".mind")

    assert sweep("--delete") == []
    assert default_storage.exists(key)


def test_where_nothing_was_stored_there_is_nothing_to_sweep(media: Path) -> None:
    assert sweep() == []


def test_markers_are_queued_again_by_their_status() -> None:
    failed, ready = MarkerFactory.create(failed=True), MarkerFactory.create(ready=True)
    out = io.StringIO()

    call_command("recompile_markers", "--status", "failed", stdout=out, stderr=io.StringIO())

    failed.refresh_from_db()
    ready.refresh_from_db()
    assert (failed.status, ready.status) == ("pending", "ready")
    assert "1 queued, 0 busy" in out.getvalue()


def test_a_busy_marker_is_said_and_skipped() -> None:
    MarkerFactory.create(status="compiling")
    out = io.StringIO()

    call_command("recompile_markers", "--all", stdout=out, stderr=io.StringIO())

    assert "0 queued, 1 busy" in out.getvalue()


def test_markers_of_an_older_compiler_can_be_chosen() -> None:
    MarkerFactory.create(ready=True, compiler_version="1")
    MarkerFactory.create(ready=True, compiler_version="2")
    out = io.StringIO()

    call_command("recompile_markers", "--not-version", "2", stdout=out, stderr=io.StringIO())

    assert "1 queued" in out.getvalue()


def test_outdated_markers_are_those_of_another_compiler_than_this_one() -> None:
    old = MarkerFactory.create(ready=True, compiler_version="0.9")
    new = MarkerFactory.create(ready=True, compiler_version=COMPILER_VERSION)

    call_command("recompile_markers", "--outdated", stdout=io.StringIO(), stderr=io.StringIO())

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == ("pending", "ready")


def test_which_markers_must_be_said() -> None:
    with pytest.raises(CommandError):
        call_command("recompile_markers")
