"""Chromiums that are started once, by the flags they need, and lent to one test after another."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserType, sync_playwright

from tests.prerequisites import BROWSERS

# Where there is no graphics card one is computed, for WebGL. Putting whole pages together with that
# as well takes more processor time than all else that a page does.
WITHOUT_A_CARD = "--disable-gpu-compositing"


class Browsers:
    """Chromiums with flags; what a test opens in one it closes, cameras too."""

    def __init__(self, chromium: BrowserType, program: str) -> None:
        self._chromium, self._program = chromium, program
        self._started: dict[tuple[str, ...], Browser] = {}

    def started_with(self, *flags: str) -> Browser:
        """A Chromium that was started with these flags, and is alive."""
        browser = self._started.get(flags)
        if browser is None or not browser.is_connected():
            arguments = [WITHOUT_A_CARD, *flags]
            browser = self._chromium.launch(executable_path=self._program, args=arguments)
            self._started[flags] = browser
        return browser

    def close(self) -> None:
        """End them all."""
        for browser in self._started.values():
            browser.close()


@contextmanager
def lending_browsers() -> Iterator[Browsers]:
    """Lend Chromiums within a block; the test is skipped where there is none.

    Within the block this thread has an event loop, so that Django refuses it its database.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        browsers = Browsers(playwright.chromium, program)
        try:
            yield browsers
        finally:
            browsers.close()
