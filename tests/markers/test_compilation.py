"""What a worker makes of a marker's picture, and what is kept of it."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from markers import compilation
from markers.compilation import compile_picture
from markers.compiler import compile_target
from markers.models import TARGET_FILES, Marker
from markers.options import DEFAULTS
from tests.markers.factories import MarkerFactory
from tests.pictures import RgbPicture, encode_png, flat, poster

pytestmark = pytest.mark.django_db
NFT = ("iset", "fset", "fset3")


def compiled(**fields: Any) -> Marker:
    marker = MarkerFactory.on_disk(**fields)
    return compiled_again(marker)


def compiled_again(marker: Marker) -> Marker:
    compilation.compile_marker(marker.pk)
    marker.refresh_from_db()
    return marker


def two_colours_alike_to_jsartoolkit() -> RgbPicture:
    """A poster in two colours of one grey to jsartoolkitNFT: (blue + 4 green + 3 red) / 8."""
    drawn = poster(seed=7, width_px=480, height_px=360)
    red, green = np.array([230, 20, 128], np.uint8), np.array([30, 170, 128], np.uint8)
    return np.where(drawn[..., 1:2] < drawn[..., 0:1], red, green)


def test_a_marker_has_all_files_and_their_sizes() -> None:
    marker = compiled()

    keys = {extension: getattr(marker, column) for extension, column in TARGET_FILES.items()}
    assert marker.status == Marker.Status.READY
    assert all(key.endswith(f".{extension}") for extension, key in keys.items())
    assert marker.file_bytes == {name: default_storage.size(key) for name, key in keys.items()}
    for jpeg in (marker.preview, marker.heat_map):
        with default_storage.open(jpeg) as file:
            assert file.read(3) == b"\xff\xd8\xff"
    assert marker.preview != marker.heat_map


@pytest.mark.parametrize(
    ("options", "source", "width_mm"),
    [({}, "default", 480 / 150 * 25.4), ({"physical_width_mm": 210}, "physical_width", 210)],
)
def test_the_nft_report_says_how_wide_the_print_is_and_who_says_so(
    options: dict[str, Any], source: str, width_mm: float
) -> None:
    marker = compiled(options=options)

    report = marker.nft_report
    assert report["dpi_source"] == source
    assert report["width_mm"] == pytest.approx(width_mm, abs=1)
    assert report["dpi"] > 0
    assert report["tracking_layers"]
    assert report["keyframes"]
    assert marker.physical_width_mm == options.get("physical_width_mm")


def test_a_picture_that_only_jsartoolkit_cannot_recognise_makes_a_marker_all_the_same() -> None:
    marker = compiled(png=encode_png(two_colours_alike_to_jsartoolkit()))

    assert marker.status == Marker.Status.READY
    assert list(marker.file_bytes) == ["mind"]
    assert marker.nft_report["failure"] == "too_few_features"
    assert marker.nft_report["hint"]


def test_nft_files_of_an_earlier_picture_do_not_stay() -> None:
    marker = compiled()
    assert marker.fset3
    key = "markers/pictures/other.png"
    default_storage.save(key, ContentFile(encode_png(two_colours_alike_to_jsartoolkit())))
    Marker.objects.filter(pk=marker.pk).update(picture=key, status=Marker.Status.PENDING)

    compiled_again(marker)

    assert [getattr(marker, name) for name in NFT] == ["", "", ""]
    assert marker.target


def test_an_unusable_picture_fails_with_its_code_and_keeps_the_last_target() -> None:
    marker = compiled()
    target, key = marker.target, "markers/pictures/flat.png"
    default_storage.save(key, ContentFile(encode_png(flat())))
    Marker.objects.filter(pk=marker.pk).update(picture=key, status=Marker.Status.PENDING)

    compiled_again(marker)

    assert (marker.status, marker.failure_code) == ("failed", "too_few_features")
    assert marker.target == target


def test_the_profile_that_was_chosen_is_the_one_compiled() -> None:
    lean, robust = (compiled(options={"profile": profile}) for profile in ("lean", "robust"))

    assert 0 < lean.file_bytes["mind"] < robust.file_bytes["mind"]


@pytest.mark.parametrize(
    ("options", "is_enhanced"), [({}, True), ({"enhance": True}, True), ({"enhance": False}, False)]
)
def test_more_contrast_is_tried_unless_that_was_refused(
    options: dict[str, Any], is_enhanced: bool, picture: bytes
) -> None:
    with patch.object(compilation, "compile_target", wraps=compile_target) as spy:
        compile_picture(picture, options)

    assert spy.call_args.args[1].enhance is is_enhanced


def test_progress_rises_to_the_end(picture: bytes) -> None:
    shares: list[float] = []

    compile_picture(picture, {}, on_progress=shares.append)

    assert len(set(shares)) > 5
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


# --- Twins ------------------------------------------------------------------------------------


def unreadable_twin(marker: Marker, **fields: Any) -> Marker:
    """A marker of the same picture which can't be read: only the other's result makes it ready."""
    key = f"markers/pictures/unreadable-{marker.pk}.png"
    default_storage.save(key, ContentFile(b"not a picture"))
    return MarkerFactory.create(sha256=marker.sha256, picture=key, **fields)


def test_an_identical_picture_costs_no_second_compilation() -> None:
    first = compiled()

    second = compiled_again(unreadable_twin(first))

    assert second.status == Marker.Status.READY
    for name in compilation.RESULT:
        assert getattr(second, name) == getattr(first, name)
    assert (second.fset3, second.heat_map, second.compile_seconds) != ("", "", None)


def test_a_result_without_nft_files_is_not_lent() -> None:
    first = compiled()
    Marker.objects.filter(pk=first.pk).update(nft_report={}, iset="", fset="", fset3="")

    second = compiled_again(unreadable_twin(first))

    assert second.status == Marker.Status.FAILED


@pytest.mark.parametrize("options", [{"profile": "robust"}, {"enhance": True}, DEFAULTS])
def test_a_default_that_is_named_costs_no_second_compilation(options: dict[str, Any]) -> None:
    first = compiled()

    second = compiled_again(unreadable_twin(first, options=options))

    assert second.status == Marker.Status.READY


@pytest.mark.parametrize("options", [{"physical_width_mm": 210}, {"enhance": False}])
def test_other_options_are_another_compilation(options: dict[str, Any]) -> None:
    first = compiled()

    second = compiled_again(unreadable_twin(first, options=options))

    assert second.status == Marker.Status.FAILED
