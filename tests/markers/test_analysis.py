"""Rating a picture for the web process, which never loads the compiler itself."""

import base64
import io
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from markers import analysis
from markers.analysis import LIMITS, AnalysisBroke, AnalysisBusy, Rating, analyze
from markers.compiler import analyze_image, prescore
from markers.models import Marker
from markers.pictures import Picture, PictureLimits, read_picture
from markers.wording import FAILURES
from tests import hostile
from tests.pictures import encode_png, flat, poster
from vertexar.errors import UnusableUpload
from vertexar.limited import ProcessLimits

URL = "/api/v1/markers/analyze"


def clean(data: bytes) -> Picture:
    return read_picture(io.BytesIO(data), limits=PictureLimits())


@pytest.fixture
def good(picture: bytes) -> Picture:
    return clean(picture)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary ones are made in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


# --- The function ------------------------------------------------------------------------------


def test_a_rating_is_what_the_compiler_would_give(good: Picture) -> None:
    rating, expected = analyze(good, quick=False), analyze_image(good.data)

    assert (rating.score, rating.stars) == (expected.score, expected.stars)
    assert rating.report == expected.report
    assert rating.heat_map_jpeg == expected.heat_map_jpeg


def test_a_quick_guess_has_no_report_and_no_heat_map(good: Picture) -> None:
    guess, expected = analyze(good, quick=True), prescore(good.data)

    assert guess == Rating(expected.score, expected.stars, expected.reasons)


def test_nothing_is_left_on_the_disk(good: Picture, temporary: Path) -> None:
    analyze(good, quick=False)

    assert not list(temporary.iterdir())


def test_a_picture_without_features_is_refused_with_the_compiler_s_code(temporary: Path) -> None:
    with pytest.raises(UnusableUpload) as refused:
        analyze(clean(encode_png(flat())), quick=True)

    assert (refused.value.code, refused.value.field) == ("too_few_features", "image")
    assert refused.value.hint
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (replace(LIMITS, time_s=0.01), "took_too_long"),
        (replace(LIMITS, memory_bytes=500_000_000), "out_of_memory"),
    ],
)
def test_a_picture_that_takes_more_than_we_give_is_refused_and_leaves_nothing(
    temporary: Path, limits: ProcessLimits, code: str
) -> None:
    heavy = clean(encode_png(poster(seed=3, width_px=4000, height_px=3000)))

    with pytest.raises(UnusableUpload) as refused:
        analyze(heavy, quick=False, limits=limits)

    assert refused.value.code == code
    assert refused.value.message == str(FAILURES[code])
    assert not list(temporary.iterdir())


def test_a_picture_that_is_computed_on_too_long_is_refused(
    good: Picture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nwhile :; do :; done\n")
    endless.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(endless))

    with pytest.raises(UnusableUpload) as refused:
        analyze(good, quick=True, limits=replace(LIMITS, cpu_s=1))

    assert refused.value.code == "took_too_long"


def test_a_compiler_that_does_not_start_is_our_fault(
    good: Picture, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(AnalysisBroke):
        analyze(good, quick=True)

    assert not list(temporary.iterdir())


def test_a_compiler_that_dies_of_a_bug_is_our_fault(
    good: Picture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(analysis, "PROJECT", tmp_path)  # where there is no compiler

    with pytest.raises(AnalysisBroke):
        analyze(good, quick=True)


def test_no_more_run_at_once_than_may_and_then_there_is_room_again(
    good: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_places", threading.BoundedSemaphore(1))

    with analysis._place(), pytest.raises(AnalysisBusy):
        analyze(good, quick=True)

    assert analyze(good, quick=True).score


def test_a_refused_picture_frees_its_place(monkeypatch: pytest.MonkeyPatch, good: Picture) -> None:
    monkeypatch.setattr(analysis, "_places", threading.BoundedSemaphore(1))
    with pytest.raises(UnusableUpload):
        analyze(clean(encode_png(flat())), quick=True)

    assert analyze(good, quick=True).score


def test_asking_loads_no_opencv() -> None:
    code = "import sys, markers.analysis; sys.exit('cv2' in sys.modules or 'numpy' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# --- The API -----------------------------------------------------------------------------------


def ask(api: APIClient, image: bytes, **fields: object) -> "dict[str, object]":
    sent = {"image": io.BytesIO(image), **fields}
    answer: dict[str, object] = api.post(URL, sent, format="multipart").json()
    return answer


@pytest.mark.django_db
def test_a_picture_is_rated_and_nothing_is_stored(
    api: APIClient, picture: bytes, media: Path
) -> None:
    response = api.post(URL, {"image": io.BytesIO(picture)}, format="multipart")

    said = response.json()
    expected = analyze_image(clean(picture).data)
    assert response.status_code == 200
    assert said["quality_score"] == expected.score
    assert said["stars"] == expected.stars
    assert said["verdict"]["code"] == "good"
    assert (said["width_px"], said["height_px"]) == (480, 360)
    assert {"detect_stars", "track_stars"} <= said["report"].keys()
    kind, encoded = said["heat_map"].split(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(encoded) == expected.heat_map_jpeg
    assert not Marker.objects.exists()
    assert not media.exists()


@pytest.mark.django_db
def test_a_quick_rating_comes_without_a_heat_map(api: APIClient, picture: bytes) -> None:
    said = ask(api, picture, quick="true")

    assert said["quality_score"]
    assert (said["heat_map"], said["report"]) == (None, {})


@pytest.mark.django_db
def test_reasons_are_said_in_the_reader_s_language(api: APIClient) -> None:
    pale = (poster(seed=5, width_px=400, height_px=300) // 7 + 105).astype("uint8")

    response = api.post(
        URL,
        {"image": io.BytesIO(encode_png(pale))},
        format="multipart",
        headers={"accept-language": "ru"},
    )

    reasons = {reason["code"]: reason["text"] for reason in response.json()["reasons"]}
    assert "Картинка" in reasons["low_contrast"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("image", "code"),
    [
        (hostile.text_named_jpg(), "picture_unreadable"),
        (hostile.long_narrow_png(), "aspect_too_extreme"),
        (hostile.truncated_png(), "picture_truncated"),
        (encode_png(flat()), "too_few_features"),
    ],
)
def test_a_bad_picture_is_refused_as_an_upload_of_it_is(
    api: APIClient, image: bytes, code: str
) -> None:
    response = api.post(URL, {"image": io.BytesIO(image)}, format="multipart")

    said = response.json()
    assert response.status_code == 400
    assert said["type"] == f"urn:vertexar:problem:{code}"
    assert said["errors"][0]["pointer"] == "/image"
    assert said["hint"]


@pytest.mark.django_db
def test_a_rush_is_told_to_come_back(
    api: APIClient, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_places", threading.BoundedSemaphore(1))

    with analysis._place():
        response = api.post(URL, {"image": io.BytesIO(picture)}, format="multipart")

    assert response.status_code == 503
    assert response.json()["type"] == "urn:vertexar:problem:busy"
    assert int(response["Retry-After"]) > 0


@pytest.mark.django_db
def test_a_fault_of_ours_is_a_503_with_a_code(
    api: APIClient, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    response = api.post(URL, {"image": io.BytesIO(picture)}, format="multipart")

    assert response.status_code == 503
    assert response.json()["type"] == "urn:vertexar:problem:analysis_unavailable"


@pytest.mark.django_db
def test_who_is_not_signed_in_gets_no_rating(picture: bytes) -> None:
    response = APIClient().post(URL, {"image": io.BytesIO(picture)}, format="multipart")

    assert response.status_code == 401
