"""``python -m tests.bench.visit``: our viewer page beside one with stock MindAR.

Starts a whole system, uploads a picture, visits both pages in turn in a Chromium whose camera
shows clips, and puts a table into docs/benchmarks.md.
"""

import argparse
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import cv2
from playwright.sync_api import Page

from tests.bench.page import put_section
from tests.bench.visit.film import make_crossed_film
from tests.bench.visit.report import TITLE, Bytes, Run, line, section
from tests.bench.visit.scenes import render_already_there, render_coming_in
from tests.bench.visit.visits import SCREEN, Visit, visit_before, visit_with_picture
from tests.e2e.browsers import Browsers, lending_browsers
from tests.e2e.clips import Clip
from tests.e2e.system import ROOT, Content, System, starting_system
from tests.e2e.test_page_weight import bytes_sent
from tests.e2e.viewer import opened_viewer
from tests.interop.browser import MINDAR, served
from tests.pictures import encode_png, poster

HERE: Final = Path(__file__).parent
PAGE: Final = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Start, visit, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.visit", description=__doc__)
    parser.add_argument("--visits", type=int, default=5, help="of each page, in each of two ways")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the page alone")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="vertexar-visit-") as name:
        folder = Path(name)
        with starting_system() as starting:
            picture = poster(seed=7, width_px=800, height_px=600)
            film = make_crossed_film(folder / "made.mp4").read_bytes()
            clips = (
                render_coming_in(folder / "coming-in.y4m", picture),
                render_already_there(folder / "already-there.y4m", picture),
            )
            system = starting.wait()
            content = system.upload(title="Poster", image=encode_png(picture), video=film)
            _keep_for_peer(system, content, folder)
            folders = {
                "mindar": MINDAR,
                "files": folder,
                "bench": HERE,
                "ours": ROOT / "arcontent" / "static" / "arcontent",
            }
            with served(folders) as address, lending_browsers() as browsers:
                pages = {"ours": f"{system.url}/ar/{content.code}"}
                if not chosen.no_peer:
                    pages["MindAR"] = f"{address}/bench/mindar.html"
                visits = list(_visited(browsers, pages, clips, chosen.visits))
                weights = _weighed(browsers, pages["ours"], clips[1])
    text = section(visits, weights, Run(chosen.visits, time.monotonic() - began, load))
    print(text)
    if not chosen.dry_run:
        put_section(PAGE, TITLE, text)


def _keep_for_peer(system: System, content: Content, folder: Path) -> None:
    """Keep the target and the video as our server sends them, for the other page."""
    with urllib.request.urlopen(f"{system.url}/ar/{content.code}/manifest", timeout=30) as answer:
        manifest = json.load(answer)
    for name, url in (
        ("target.mind", manifest["target"]["url"]),
        ("film.mp4", manifest["videos"][0]["url"]),
    ):
        with urllib.request.urlopen(urljoin(system.url, url), timeout=30) as answer:
            (folder / name).write_bytes(answer.read())


def _visited(
    browsers: Browsers, pages: dict[str, str], clips: tuple[Clip, Clip], count: int
) -> Iterator[Visit]:
    """Visit the pages in turn; who is first changes, too."""
    script = (HERE / "record.js").read_text()
    for number in range(count):
        names = list(pages) if number % 2 == 0 else list(reversed(pages))
        for clip, visit in zip(clips, (visit_before, visit_with_picture), strict=True):
            for name in names:
                told = visit(browsers, name, pages[name], clip, script)
                print(line(told), flush=True)
                yield told


def _weighed(browsers: Browsers, url: str, clip: Clip) -> Bytes:
    """What our page sends, gzipped, but pictures, target and video; and MindAR's scripts."""
    urls: list[str] = []

    def listen(page: Page) -> None:
        page.on("request", lambda request: urls.append(request.url))

    with opened_viewer(browsers, url, camera=clip, device=SCREEN, before=listen) as viewer:
        viewer.start()
        viewer.reach("tracking")
    wanted = {u for u in urls if u.startswith("http") and "/media/" not in u and "/events" not in u}
    sizes = {one: bytes_sent(one, "gzip") for one in wanted}
    return Bytes.of(sizes, MINDAR)


if __name__ == "__main__":
    main()
