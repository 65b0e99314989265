"""The demo: a poster that is easy to recognise, a film of it, and the command that loads both."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_admin
from arcontent.demo.film import make_film
from arcontent.demo.poster import draw_poster
from arcontent.demo.scene import Scene
from arcontent.demo.sound import RATE_HZ, make_sound
from arcontent.models import ARContent, ContentStatus, Video
from arcontent.video.ffmpeg import run_ffmpeg
from arcontent.video.limits import VideoLimits
from arcontent.video.probe import probe_video
from config.celery import app as celery_app
from markers.models import Marker
from tests.arcontent.factories import VideoFactory, ready_content
from tests.arcontent.test_qr import enlarged, modules_of_blocks
from tests.scanning import scanned

KEY = "vertexar-demo-harbour-lights"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small, short take of the film."""
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=1.0, width_px=240)


@pytest.fixture
def admin(db: None) -> User:
    user, _made = create_admin(username="admin", email="admin@example.com", password="x")
    return user


@pytest.fixture
def workers() -> Iterator[None]:
    """Let a task be done where it is sent from: no queue between."""
    celery_app.conf.task_always_eager = True
    yield
    celery_app.conf.task_always_eager = False


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference in grey levels."""
    pair = [np.asarray(image.convert("RGB"), dtype=float) for image in (one, other)]
    return float(np.abs(pair[0] - pair[1]).mean())


def run_demo(*arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command("demo", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_poster_is_the_same_every_time_and_full_of_corners() -> None:
    poster = draw_poster()

    assert (poster.mode, poster.size) == ("RGB", (900, 1200))
    assert poster.tobytes() == draw_poster().tobytes()
    grey = np.asarray(poster.convert("L"))
    corners = cv2.goodFeaturesToTrack(grey, 5000, qualityLevel=0.02, minDistance=6)
    columns, rows = (corners[:, 0] // [225, 240]).T
    crowd, _x, _y = np.histogram2d(rows, columns, bins=(5, 4), range=((0, 5), (0, 4)))
    assert len(corners) > 1500
    assert crowd.min() > 20  # in every part of it


def test_the_film_begins_as_the_poster_and_ends_where_it_began() -> None:
    scene = Scene(width_px=360)

    first, halfway, last = (scene.at(phase) for phase in (0.0, 0.5, 1.0))

    assert difference(first, draw_poster().resize((360, 480), Image.Resampling.BOX)) < 6
    assert difference(first, last) < 0.5
    assert difference(first, halfway) > 3


def test_nothing_jumps_from_one_frame_to_the_next() -> None:
    scene = Scene(width_px=240)

    frames = [scene.at(number / 168) for number in range(168)]

    steps = [difference(one, frames[number - 1]) for number, one in enumerate(frames)]
    assert max(steps) < 4 * float(np.median(steps))


def test_the_film_is_what_phones_play(film: Path) -> None:
    facts = probe_video(film, limits=VideoLimits())

    assert (facts.container, facts.video_codec, facts.audio_codec) == ("mov", "h264", "aac")
    assert facts.pixel_format == "yuv420p"
    assert (facts.width_px, facts.height_px) == (240, 320)
    assert facts.duration_s == pytest.approx(1.0, abs=0.01)


def test_the_films_first_frame_is_the_poster_in_true_colours(film: Path, tmp_path: Path) -> None:
    """Compared in patches of 20 pixels, where only a wrong colour matrix or range would show."""
    still = tmp_path / "first.png"
    run_ffmpeg(["-i", str(film), "-frames:v", "1", str(still)], limits=VideoLimits())

    shown, drawn = (
        image.convert("RGB").resize((12, 16), Image.Resampling.BOX)
        for image in (Image.open(still), Scene(width_px=240).at(0.0))
    )

    assert difference(shown, drawn) < 1.6


def test_the_sound_closes_without_a_click() -> None:
    sound = make_sound(seconds=2.0, seed=1).astype(float)

    assert sound.shape == (2 * RATE_HZ, 2)
    assert np.abs(sound).max() < 32767 * 0.6
    steps = np.abs(np.diff(sound, axis=0)).max(axis=0)
    assert (np.abs(sound[0] - sound[-1]) <= steps).all()
    assert sound.std(axis=0).min() > 300


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("workers")
def test_the_command_loads_the_demo_the_way_a_user_would_and_shows_where_it_is(
    admin: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://ar.example.com"

    said = run_demo(no_color=True)

    content = ARContent.objects.with_parts().get()
    assert content.status is ContentStatus.READY
    assert content.created_by == admin
    assert content.marker.quality_score is None or content.marker.quality_score > 50
    assert f"Demo: https://ar.example.com/ar/{content.code}" in said.splitlines()
    assert "Drawing" in said
    code = [line for line in said.splitlines() if line and set(line) <= set(" ▀▄█")]
    assert scanned(enlarged(~modules_of_blocks(code))) == content.viewer_url


@pytest.mark.django_db
def test_a_second_call_finds_the_demo_and_only_shows_it() -> None:
    content = ready_content(idempotency_key=KEY)

    said = run_demo(no_color=True)

    assert ARContent.objects.count() == 1
    assert content.viewer_url in said
    assert "Drawing" not in said


@pytest.mark.django_db
@pytest.mark.parametrize("is_required", [False, True])
def test_it_says_how_to_require_a_second_factor_where_none_is(
    is_required: bool, settings: Settings
) -> None:
    settings.REQUIRE_2FA_FOR_STAFF = is_required
    ready_content(idempotency_key=KEY)

    said = run_demo(no_color=True)

    assert ("REQUIRE_2FA_FOR_STAFF=True" in said) is not is_required


@pytest.mark.django_db
def test_another_base_is_shown_for_a_phone_that_cannot_reach_this_one() -> None:
    content = ready_content(idempotency_key=KEY)

    said = run_demo("--url", "http://192.168.1.5:8000/", no_color=True)

    assert f"Demo: http://192.168.1.5:8000/ar/{content.code}" in said.splitlines()
    assert django_settings.PUBLIC_URL not in said
    picture = re.search(r"point at: (\S+)", said)
    assert picture is not None
    assert picture[1].startswith("http://192.168.1.5:8000/media/")


@pytest.mark.django_db
def test_a_base_that_is_no_address_is_refused() -> None:
    with pytest.raises(CommandError, match="is not like"):
        run_demo("--url", "localhost:8000")


@pytest.mark.django_db
def test_colour_is_for_terminals_only() -> None:
    ready_content(idempotency_key=KEY)

    assert "\x1b" not in run_demo()
    assert "\x1b" in run_demo(force_color=True)


@pytest.mark.django_db
def test_without_workers_it_gives_up_in_time_and_says_why() -> None:
    VideoFactory.create(content__idempotency_key=KEY)

    with pytest.raises(CommandError, match="workers"):
        run_demo(wait=0.0)


@pytest.mark.django_db
def test_a_demo_that_failed_is_said_with_its_reason() -> None:
    VideoFactory.create(
        content__idempotency_key=KEY, content__marker__status=Marker.Status.COMPILING, failed=True
    )

    with pytest.raises(CommandError, match=r"video failed \(video_unreadable\)"):
        run_demo()


@pytest.mark.django_db
def test_without_an_administrator_it_says_what_to_do_first() -> None:
    with pytest.raises(CommandError, match="create_admin"):
        run_demo()

    assert not Video.objects.exists()
