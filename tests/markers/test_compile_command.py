"""`manage.py compile_marker`: a marker or a file, compiled here and now."""

import io
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from markers import services, tasks
from markers.models import Marker
from tests import hostile
from tests.markers.factories import MarkerFactory, MarkerPresetFactory
from tests.pictures import encode_png, flat

pytestmark = pytest.mark.django_db


def run(*arguments: object) -> tuple[str, str]:
    """Run the command; what it wrote to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("compile_marker", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    return error.value


@pytest.fixture
def marker() -> Marker:
    return MarkerFactory.on_disk()


@pytest.fixture
def file(tmp_path: Path, picture: bytes) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(picture)
    return path


@pytest.mark.parametrize("status", ["pending", "ready", "failed"])
def test_a_marker_is_compiled_whatever_came_of_it_before(marker: Marker, status: str) -> None:
    Marker.objects.update(status=status, target="old.mind", attempt=3)

    out, _err = run(marker.pk)

    marker.refresh_from_db()
    assert (marker.status, marker.attempt, marker.lease_id) == ("ready", 1, None)
    assert default_storage.exists(marker.target)
    assert str(marker.pk) in out
    assert f"{marker.quality_score} of 100" in out
    assert f"{marker.file_bytes['fset3']:,} bytes" in out


def test_no_worker_is_woken_to_do_the_same_again(
    marker: Marker, django_capture_on_commit_callbacks: Any
) -> None:
    with (
        patch.object(tasks.compile_marker, "delay") as delay,
        django_capture_on_commit_callbacks(execute=True),
    ):
        run(marker.pk)

    delay.assert_not_called()


def test_a_marker_that_a_worker_has_is_left_to_it(marker: Marker) -> None:
    Marker.objects.update(status=Marker.Status.COMPILING)

    error = refused(marker.pk)

    assert "being compiled already" in str(error)
    assert error.returncode == 2


def test_options_are_those_of_the_marker_from_then_on(marker: Marker) -> None:
    MarkerPresetFactory.create(name="Museum", options={"profile": "robust"})  # another's
    MarkerPresetFactory.create(
        name="Museum", organization=marker.organization, options={"profile": "lean"}
    )

    run(marker.pk, "--preset", "Museum")

    marker.refresh_from_db()
    assert marker.options == {"profile": "lean"}


def test_for_machines_all_is_one_json_object(marker: Marker) -> None:
    out, _err = run(marker.pk, "--json", "--options", '{"physical_width_mm": 210}')

    result = json.loads(out)
    marker.refresh_from_db()
    assert result["options"] == {"physical_width_mm": 210}
    for name in ("quality_score", "quality_report", "nft_report", "file_bytes"):
        assert result[name] == getattr(marker, name)
    assert result["seconds"] > 0


def test_a_file_is_compiled_and_nothing_is_kept(file: Path, media: Path) -> None:
    out, _err = run("--picture", file, "--options", '{"physical_width_mm": 210}')

    assert str(file) in out
    assert "210.2 mm wide" in out
    assert "from the width of the print" in out
    assert not Marker.objects.exists()
    assert not media.exists()


def test_a_file_compiles_as_its_marker_would(marker: Marker, file: Path) -> None:
    of_marker, of_file = (
        json.loads(run(*a, "--json")[0]) for a in ([marker.pk], ["--picture", file])
    )

    for name in ("quality_score", "quality_report", "nft_report", "file_bytes"):
        assert of_file[name] == of_marker[name]


@pytest.mark.parametrize("of_marker", [True, False])
def test_an_unusable_picture_ends_with_1_a_code_and_a_hint(
    tmp_path: Path, *, of_marker: bool
) -> None:
    png = encode_png(flat())
    (tmp_path / "flat.png").write_bytes(png)
    what = [MarkerFactory.on_disk(png).pk] if of_marker else ["--picture", tmp_path / "flat.png"]
    out = io.StringIO()

    with pytest.raises(CommandError) as error:
        call_command("compile_marker", *map(str, what), "--json", stdout=out, stderr=io.StringIO())

    assert error.value.returncode == 1
    assert "too_few_features" in str(error.value)
    assert json.loads(out.getvalue())["failure"]["code"] == "too_few_features"


def test_a_file_that_is_no_picture_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(hostile.text_named_jpg())

    error = refused("--picture", path)

    assert (error.returncode, "picture_unreadable" in str(error)) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["00000000-0000-0000-0000-000000000000"],
        ["nonsense"],
        ["--picture", "/nowhere/at/all.png"],
    ],
)
def test_what_is_not_there_ends_with_2(arguments: list[str]) -> None:
    assert refused(*arguments).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--preset", "Museum"],
        ["--preset", "Two"],
        ["--options", "{"],
        ["--options", "[" * 100_000],
        ["--options", "[]"],
        ["--options", '{"profile": "best"}'],
        ["--options", '{"physical_width_mm": NaN}'],
    ],
)
def test_options_that_make_no_sense_end_with_2(file: Path, arguments: list[str]) -> None:
    for _n in range(2):
        MarkerPresetFactory.create(name="Two")

    assert refused("--picture", file, *arguments).returncode == 2


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--picture", "y"], ["x", "--preset", "a", "--options", "{}"]]
)
def test_what_to_compile_is_said_once(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_progress_is_told_apart_from_the_result(file: Path) -> None:
    _out, err = run("--picture", file)
    _out, quiet = run("--picture", file, "--verbosity", 0)

    lines = err.split()
    assert lines[-1] == "100%"
    assert 2 < len(lines) <= 11
    assert quiet == ""


def test_a_marker_that_another_worker_takes_in_between_is_said(marker: Marker) -> None:
    reset = services.reset_marker

    def taken(**fields: Any) -> Marker:
        row = reset(**fields)
        Marker.objects.claim(row.pk)
        return row

    with patch.object(services, "reset_marker", taken):
        error = refused(marker.pk)

    assert "Another worker" in str(error)
