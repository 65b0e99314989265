"""The upload form in a real browser: a chosen picture is rated beside its field, whatever happens.

The server runs in this process, so the rows are made before the browser starts.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as ours
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Route, ViewportSize, expect, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests import hostile
from tests.e2e.browsers import WITHOUT_A_CARD
from tests.pictures import encode_png, poster
from tests.prerequisites import BROWSERS

pytestmark = pytest.mark.e2e
PRESCORE = "**/arcontent/prescore"
PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def static_files(settings: Settings, tmp_path: Path) -> None:
    """What a deployment would have collected for the browser."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    for room in ("admin", "arcontent"):
        found = finders.find(f"{room}/")
        assert isinstance(found, str)
        (settings.STATIC_ROOT / room).symlink_to(found)


@pytest.fixture
def form(live_server: LiveServer, static_files: None, superuser: User) -> Iterator[Page]:
    """The form, opened on a screen of a phone's size; its script and its styles may do no wrong."""
    client = Client()
    client.force_login(superuser)
    session = client.cookies[ours.SESSION_COOKIE_NAME].value
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", WITHOUT_A_CARD]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        context = browser.new_context(viewport=PHONE, locale="en-GB")
        context.add_cookies(
            [{"name": ours.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(live_server.url + reverse("admin:arcontent_arcontent_add"))
        yield page
        browser.close()
    assert [said for said in complaints if not said.startswith("Failed to load resource")] == []


@pytest.fixture
def picture_file(tmp_path: Path, picture: bytes) -> Path:
    path = tmp_path / "poster.png"
    path.write_bytes(picture)
    return path


def choose(form: Page, path: Path) -> None:
    form.set_input_files("#id_image", path)


def test_a_chosen_picture_is_rated_beside_its_field(form: Page, picture_file: Path) -> None:
    box = form.locator(".field-image #desk-prescore")
    expect(box).to_have_count(0)

    choose(form, picture_file)

    expect(box.locator("meter")).to_be_visible(timeout=60_000)
    expect(box.locator(".desk-stars")).to_have_attribute("aria-label", "4 of 5 stars")
    expect(box).to_contain_text("Phones will recognise it well.")
    expect(box).not_to_have_class("desk-busy")
    assert form.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_picture_that_cannot_be_used_is_refused_beside_its_field(
    form: Page, tmp_path: Path
) -> None:
    path = tmp_path / "flat.png"
    path.write_bytes(hostile.featureless_png())

    choose(form, path)

    expect(form.locator("#desk-prescore .desk-refusal")).to_be_visible(timeout=60_000)
    expect(form.locator("[name=_save]")).to_be_enabled()


def test_while_it_is_looked_at_the_form_says_so_and_can_be_sent(
    form: Page, picture_file: Path
) -> None:
    held: list[Route] = []
    form.route(PRESCORE, lambda route: held.append(route))

    choose(form, picture_file)

    expect(form.locator("#desk-prescore.desk-busy")).to_contain_text("Looking at the picture")
    expect(form.locator("[name=_save]")).to_be_enabled()
    held[0].abort()


@pytest.mark.parametrize("trouble", ["no connection", "an error", "signed out"])
def test_a_rating_that_fails_is_said_politely_and_blocks_nothing(
    form: Page, picture_file: Path, trouble: str
) -> None:
    def fail(route: Route) -> None:
        if trouble == "no connection":
            route.abort()
        elif trouble == "an error":
            route.fulfill(status=500)
        else:
            route.fulfill(status=302, headers={"Location": reverse("admin:login")})

    form.route(PRESCORE, fail)

    choose(form, picture_file)

    expect(form.locator("#desk-prescore")).to_contain_text("Upload it all the same")
    expect(form.locator("#desk-prescore")).not_to_have_class("desk-busy")
    expect(form.locator("[name=_save]")).to_be_enabled()


def test_a_busy_server_is_asked_again(form: Page, picture_file: Path) -> None:
    answers = iter([503, 503])

    def busy_twice(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": "0"})

    form.route(PRESCORE, busy_twice)

    choose(form, picture_file)

    expect(form.locator("#desk-prescore meter")).to_be_visible(timeout=60_000)


def test_a_file_that_is_too_heavy_is_not_sent_for_a_rating(form: Page, picture_file: Path) -> None:
    asked: list[Route] = []
    form.route(PRESCORE, lambda route: asked.append(route))
    form.eval_on_selector("#id_image", "input => { input.dataset.maxBytes = '10'; }")

    choose(form, picture_file)

    expect(form.locator("#desk-prescore")).to_contain_text("heavier than")
    assert asked == []


def test_the_picture_chosen_last_is_the_one_that_is_rated(
    form: Page, picture_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(encode_png(poster(seed=9, width_px=480, height_px=360)))
    held: list[Route] = []
    form.route(PRESCORE, lambda route: held.append(route), times=1)

    choose(form, picture_file)
    expect(form.locator("#desk-prescore.desk-busy")).to_be_visible()
    form.route(PRESCORE, lambda route: route.fulfill(body="<p>the second</p>"), times=1)
    choose(form, other)

    expect(form.locator("#desk-prescore")).to_have_text("the second")
