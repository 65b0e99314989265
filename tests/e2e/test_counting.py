"""What visitors do is counted on the server, each step once."""

import time

import pytest
from playwright.sync_api import expect

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.conftest import PICTURE
from tests.e2e.system import Content, System
from tests.e2e.viewer import opened_viewer
from tests.pictures import encode_png

pytestmark = pytest.mark.e2e

PATIENCE_S = 60


@pytest.fixture
def uncounted(system: System, film: bytes) -> Content:
    """A content nobody has looked at."""
    return system.upload(
        title="Uncounted",
        image=encode_png(PICTURE),
        video=film,
        call_to_action_label="Order a print",
        call_to_action_url=f"{system.url}/health/live",
    )


def reach_counts(system: System, content: Content, **expected: int) -> None:
    """Wait until these and no other counts are there."""
    deadline = time.monotonic() + PATIENCE_S
    while (counts := system.counts(content)) != expected:
        assert time.monotonic() < deadline, counts
        time.sleep(0.05)  # between two looks at another process


def test_a_visit_is_counted_step_by_step(
    browsers: Browsers, system: System, uncounted: Content, resting: Clip
) -> None:
    with opened_viewer(browsers, f"{system.url}/ar/{uncounted.code}", camera=resting) as viewer:
        viewer.reach("ready")
        reach_counts(system, uncounted, opened=1, found=0, played=0, clicked=0)

        viewer.start()
        viewer.reach("tracking")
        reach_counts(system, uncounted, opened=1, found=1, played=1, clicked=0)

        link = viewer.page.locator("#call-to-action")
        expect(link).to_have_text("Order a print")
        with viewer.page.context.expect_page() as opened:
            link.click()
        assert opened.value.url == f"{system.url}/health/live"
        reach_counts(system, uncounted, opened=1, found=1, played=1, clicked=1)
