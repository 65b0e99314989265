"""`make screenshots` writes the README's pictures of pages, from a system of its own."""

import io
import re
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect

from arcontent.demo.film import make_film
from arcontent.demo.poster import draw_poster
from tests.e2e.browsers import Browsers, lending_browsers
from tests.e2e.clips import Clip, View, render_clip, still
from tests.e2e.system import ROOT, Content, System, starting_system
from tests.e2e.test_comes_alive import wall_with
from tests.e2e.viewer import Device, opened_viewer
from tests.pictures import encode_png

IMAGES: Final = ROOT / "docs" / "images"
PHONE: Final = Device(size=(390, 844))
DESK: Final[ViewportSize] = {"width": 1100, "height": 1090}
COLOURS: Final = 128


def main() -> None:
    """Start a system, put the demo into it, and look at its pages."""
    with tempfile.TemporaryDirectory() as name, starting_system() as starting:
        folder = Path(name)
        poster = np.asarray(draw_poster().convert("RGB"), dtype=np.uint8)
        film = make_film(folder / "demo.mp4").read_bytes()
        view = View(fill=0.95, tilt_deg=14, tilt_axis_deg=100, roll_deg=-2.5)
        wall = render_clip(
            folder / "wall.y4m", picture=wall_with(poster), motion=still(view), size=(720, 1280),
            lead_in_frames=0, shown_frames=15, tail_frames=0,
        )  # fmt: skip
        system = starting.wait()
        content = system.upload(title="Harbour Lights", image=encode_png(poster), video=film)
        picture = folder / "harbour-lights.png"
        picture.write_bytes(encode_png(poster))
        with lending_browsers() as browsers:
            show_viewer(browsers, system, content, wall)
            browser = browsers.started_with("--no-sandbox")
            show_back_office(browser, system, content, starting.administrator, picture)


def show_viewer(browsers: Browsers, system: System, content: Content, wall: Clip) -> None:
    """The page before the start, and with the film on the picture."""
    url = f"{system.url}/ar/{content.code}"
    with opened_viewer(browsers, url, camera=wall, device=PHONE) as viewer:
        viewer.reach("ready")
        before = viewer.page.screenshot()
        viewer.start()
        viewer.reach("tracking")
        viewer.wait_for("Math.abs(document.querySelector('#overlay').currentTime - 2.6) < 0.2")
        keep("viewer-start", before)
        keep("viewer-tracking", viewer.page.screenshot())


def show_back_office(
    browser: Browser,
    system: System,
    content: Content,
    administrator: tuple[str, str],
    picture: Path,
) -> None:
    """What staff see: the contents, one of them with its code to print, and the upload form."""
    context = browser.new_context(viewport=DESK, locale="en")
    context.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
    page = context.new_page()
    page.goto(f"{system.url}/admin/")
    page.locator("[name$=username]").fill(administrator[0])
    page.locator("[name$=password]").fill(administrator[1])
    page.locator("[type=submit]").first.click()
    contents = f"{system.url}/admin/arcontent/arcontent/"
    page.goto(contents)
    keep("back-office", page.screenshot(clip={"x": 0, "y": 0, "width": 1100, "height": 470}))
    page.goto(f"{contents}{content.id}/change/")
    page.wait_for_load_state("networkidle")
    keep("content", page.screenshot())
    page.goto(f"{contents}add/")
    page.locator("[name=title]").fill("Harbour Lights")
    page.locator("[name=image]").set_input_files(picture)
    expect(page.locator("#desk-prescore")).to_contain_text(re.compile(r"\d+ / 100"))
    keep("upload", page.screenshot(clip={"x": 0, "y": 0, "width": 1100, "height": 500}))


def keep(name: str, png: bytes) -> None:
    """Write a picture of few colours, which is a small file."""
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
