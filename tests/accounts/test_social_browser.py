"""The way to a provider and back in a real browser, under our content security policy."""

import shutil

import pytest
from playwright.sync_api import sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.accounts.social import knowing_anna, make_anna
from tests.e2e.browsers import WITHOUT_A_CARD
from tests.prerequisites import BROWSERS

PATIENCE_MS = 60_000
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="install chromium to run this"),
]


def test_one_press_of_the_button_leads_through_the_provider_and_in(
    settings: Settings, live_server: LiveServer
) -> None:
    make_anna()
    complaints: list[str] = []

    with knowing_anna(settings), sync_playwright() as playwright:
        arguments = ["--no-sandbox", WITHOUT_A_CARD]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{live_server.url}/admin/accounts/user/")
        page.click(".social-button")
        page.wait_for_url(f"{live_server.url}/admin/accounts/user/", timeout=PATIENCE_MS)
        browser.close()

    assert not [text for text in complaints if "Content Security Policy" in text]
