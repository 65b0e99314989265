"""Somebody sets up a second factor in a real browser, and signs in with it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.phone import Phone
from tests.e2e.browsers import Browsers
from tests.e2e.system import Starting
from tests.scanning import scanned_file

pytestmark = pytest.mark.e2e
PASSWORD = "a long enough passphrase"
CODE = "input[name=code]"


@pytest.fixture
def browser(browsers: Browsers) -> Iterator[Browser]:
    """One without a camera; what is left open in it is closed."""
    browser = browsers.started_with("--no-sandbox")
    yield browser
    for context in browser.contexts:
        context.close()


def make_admin(starting: Starting, name: str) -> str:
    """Put somebody with a password alone into the back office; return its address."""
    url = f"{starting.wait().url}/admin/"
    starting.manage("create_admin", "--username", name, ADMIN_PASSWORD=PASSWORD)
    return url


def sign_in(page: Page, back_office: str, name: str) -> None:
    page.goto(back_office)
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("[type=submit]")


def set_up(page: Page) -> tuple[Phone, list[str]]:
    """Scan what the page shows, as a phone would, and confirm it."""
    page.click("text=Second factor")
    page.fill("#id_begin_password", PASSWORD)
    page.click("button[value=begin]")
    text = scanned_file(page.locator(".otp-qr").screenshot())
    [secret] = parse_qs(urlsplit(text).query)["secret"]
    assert page.locator(".otp-secret").inner_text().replace(" ", "") == secret
    phone = Phone(secret)
    page.fill(CODE, phone.code())
    page.click("button[value=confirm]")
    return phone, page.locator(".otp-codes code").all_inner_texts()


def test_without_scripts_and_on_a_phone_the_way_leads_in(
    starting: Starting, browser: Browser
) -> None:
    back_office = make_admin(starting, "anna")
    page = browser.new_page(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="en-US"
    )
    sign_in(page, back_office, "anna")
    phone, codes = set_up(page)
    assert len(codes) == 10
    page.click("text=I have kept them")
    expect(page).to_have_url(back_office)
    page.click("text=Log out")

    sign_in(page, back_office, "anna")
    page.fill(CODE, "nonsense")
    page.click("[type=submit]")
    expect(page.locator(".errorlist")).to_have_text("The code is wrong, or was used already.")
    page.fill(CODE, phone.code())
    page.click("[type=submit]")
    expect(page).to_have_url(back_office)
    page.click("text=Log out")

    sign_in(page, back_office, "anna")
    page.fill(CODE, codes[4])
    page.click("[type=submit]")
    expect(page).to_have_url(back_office)


def test_backup_codes_are_copied_with_a_button_and_no_page_breaks_its_policy(
    starting: Starting, browser: Browser
) -> None:
    back_office = make_admin(starting, "boris")
    context = browser.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    sign_in(page, back_office, "boris")

    _phone, codes = set_up(page)
    page.click("text=Copy")

    expect(page.locator("#otp-copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    assert not said


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_nothing_of_the_pages_sticks_out_of_a_small_screen(
    starting: Starting, browser: Browser, language: str
) -> None:
    name = f"clara-{language.lower()}"
    back_office = make_admin(starting, name)
    page = browser.new_page(viewport={"width": 360, "height": 640}, locale=language)
    sign_in(page, back_office, name)
    page.goto(f"{back_office}second-factor/")
    page.fill("#id_begin_password", PASSWORD)
    wide = []
    for button in ("begin", "confirm"):
        wide.append(page.evaluate("document.documentElement.scrollWidth"))
        with page.expect_navigation():
            page.click(f"button[value={button}]")
        if button == "begin":
            secret = page.locator(".otp-secret").inner_text().replace(" ", "")
            page.fill(CODE, Phone(secret).code())
    wide.append(page.evaluate("document.documentElement.scrollWidth"))

    assert max(wide) <= 360
