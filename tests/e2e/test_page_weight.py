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
SCRIPTS_AT_MOST = {"gzip": 26_500, "br": 23_600}
WORKER_AT_MOST = {"gzip": 15_300, "br": 13_600}
PAGE_AT_MOST = {"gzip": 38_000, "br": 38_000}


def bytes_sent(url: str, encoding: str) -> int:
    """Size of an answer's body as it comes over the wire."""
    accepted = "gzip" if encoding == "gzip" else f"{encoding}, gzip"  # as browsers say
    request = urllib.request.Request(url, headers={"Accept-Encoding": accepted})
    with urllib.request.urlopen(request, timeout=30) as response:
        is_script = urlsplit(url).path.endswith(".js")
        assert not is_script or response.headers["Content-Encoding"] == encoding
        return len(response.read())


@pytest.fixture(scope="module")
def fetched(browsers: Browsers, system: System, content: Content, resting: Clip) -> list[str]:
    """Everything that a browser fetches until the picture is found, in order."""
    urls: list[str] = []
    with opened_viewer(
        browsers,
        f"{system.url}/ar/{content.code}",
        camera=resting,
        before=lambda page: page.on("request", lambda request: urls.append(request.url)),
    ) as viewer:
        viewer.start()
        viewer.reach("tracking")
    return [url for url in urls if url.startswith("http")]


def test_what_the_scripts_ask_for_is_on_its_way_before_they_run(fetched: list[str]) -> None:
    first_event = next(place for place, url in enumerate(fetched) if "/events" in url)
    before_scripts, since = fetched[:first_event], fetched[first_event:]

    for name in ("/manifest", "/worker.", "/media/markers/targets/"):
        assert any(name in url for url in before_scripts), name
        assert not any(name in url for url in since if "/worker." not in url), f"{name} again"


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_the_viewer_page_stays_within_its_budget(fetched: list[str], encoding: str) -> None:
    weighed = {url for url in fetched if "/media/" not in url and "/events" not in url}
    sizes = {url: bytes_sent(url, encoding) for url in weighed}
    scripts = {url: size for url, size in sizes.items() if urlsplit(url).path.endswith(".js")}
    worker = sum(size for url, size in scripts.items() if "/worker." in url)

    assert len(scripts) == 2, "the page and its worker are one file each"
    assert 0 < worker <= WORKER_AT_MOST[encoding]
    assert sum(scripts.values()) <= SCRIPTS_AT_MOST[encoding]
    assert sum(sizes.values()) <= PAGE_AT_MOST[encoding]
