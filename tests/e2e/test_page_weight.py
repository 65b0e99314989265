"""What the viewer page weighs on its way to a phone: what is sent, not what is on the disk."""

import urllib.request
from urllib.parse import urlsplit

import pytest

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.system import Content, System
from tests.e2e.viewer import opened_viewer

pytestmark = pytest.mark.e2e

# Scripts alone, and all but pictures, target and video; kB of 1000 bytes.
SCRIPTS_AT_MOST = {"gzip": 24_700, "br": 22_000}
WORKER_AT_MOST = {"gzip": 15_300, "br": 13_600}
PAGE_AT_MOST = {"gzip": 45_000, "br": 45_000}


def bytes_sent(url: str, encoding: str) -> int:
    """Size of an answer's body as it comes over the wire."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=30) as response:
        is_script = urlsplit(url).path.endswith(".js")
        assert not is_script or response.headers["Content-Encoding"] == encoding
        return len(response.read())


@pytest.fixture(scope="module")
def fetched(browsers: Browsers, system: System, content: Content, resting: Clip) -> list[str]:
    """Everything that a browser fetches until the picture is found, in order, but media."""
    urls: list[str] = []
    with opened_viewer(
        browsers,
        f"{system.url}/ar/{content.code}",
        camera=resting,
        before=lambda page: page.on("request", lambda request: urls.append(request.url)),
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")
    return [url for url in urls if url.startswith("http") and "/media/" not in url]


def test_the_manifest_is_asked_for_with_the_scripts_and_once(fetched: list[str]) -> None:
    places = [place for place, url in enumerate(fetched) if url.endswith("/manifest")]
    first_event = next(place for place, url in enumerate(fetched) if "/events" in url)

    assert len(places) == 1
    assert places[0] < first_event, "before any script has run"


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_the_viewer_page_stays_within_its_budget(fetched: list[str], encoding: str) -> None:
    sizes = {url: bytes_sent(url, encoding) for url in fetched if "/events" not in url}
    scripts = {url: size for url, size in sizes.items() if urlsplit(url).path.endswith(".js")}
    worker = sum(size for url, size in scripts.items() if "/worker." in url)

    assert len(scripts) == 2, "the page and its worker are one file each"
    assert 0 < worker <= WORKER_AT_MOST[encoding]
    assert sum(scripts.values()) <= SCRIPTS_AT_MOST[encoding]
    assert sum(sizes.values()) <= PAGE_AT_MOST[encoding]
