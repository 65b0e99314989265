"""Every form of the QR code is read back as a phone would, by a detector that is not ours."""

import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from arcontent.qr import qr_png, qr_svg, qr_terminal
from tests.scanning import scanned

TEXTS = [
    "x",
    "http://127.0.0.1:8000/ar/k7m2p9qwxz",
    "https://ar.example-studio.com/portrait/" + "0123456789abcdef" * 4,
    "https://ar.example-studio.com/ar/k7m2p9qwxz?" + "&".join(f"key{n}=value{n}" for n in range(9)),
]
SVG = "{http://www.w3.org/2000/svg}"


def enlarged(modules: NDArray[np.bool_], *, factor: int = 8) -> NDArray[np.uint8]:
    return np.kron(np.where(modules, 0, 255), np.ones((factor, factor))).astype(np.uint8)


def modules_of_svg(data: bytes) -> NDArray[np.bool_]:
    """Fill the path's rectangles, module by module; each must be a run of one module's height."""
    root = ElementTree.fromstring(data)  # noqa: S314
    side = int(root.attrib["viewBox"].split()[2])
    modules = np.zeros((side, side), dtype=bool)
    path = root.findall(f"{SVG}path")[0].attrib["d"]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", path)
    assert "".join("M{} {}h{}v1h-{}z".format(*run) for run in runs) == path
    for x, y, width, back in (map(int, run) for run in runs):
        assert width == back
        modules[y, x : x + width] = True
    return modules


def modules_of_blocks(lines: list[str]) -> NDArray[np.bool_]:
    """Tell which half of each character is inked."""
    upper = np.array([[letter in "▀█" for letter in line] for line in lines])
    lower = np.array([[letter in "▄█" for letter in line] for line in lines])
    return np.stack([upper, lower], axis=1).reshape(2 * len(lines), -1)


@pytest.mark.parametrize("text", TEXTS)
def test_the_vector_says_what_it_was_given(text: str) -> None:
    assert scanned(enlarged(modules_of_svg(qr_svg(text)))) == text


@pytest.mark.parametrize("size_px", [200, 333, 1024])
@pytest.mark.parametrize("text", TEXTS)
def test_the_pixels_say_what_they_were_given_at_any_size(text: str, size_px: int) -> None:
    image = Image.open(io.BytesIO(qr_png(text, size_px=size_px)))

    assert image.format == "PNG"
    assert image.size == (size_px, size_px)
    assert scanned(np.asarray(image.convert("L"))) == text


@pytest.mark.parametrize("text", TEXTS)
def test_the_terminal_shows_black_on_white_whatever_its_colours(text: str) -> None:
    lines = qr_terminal(text).splitlines()

    inked = [re.fullmatch(r"\x1b\[38;5;16;48;5;231m(.*)\x1b\[0m", line) for line in lines]
    assert all(inked)
    modules = modules_of_blocks([line[1] for line in inked if line])
    assert scanned(enlarged(modules)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_without_colour_the_light_modules_are_the_ones_written(text: str) -> None:
    drawn = qr_terminal(text, colour=False)

    assert "\x1b" not in drawn
    assert scanned(enlarged(~modules_of_blocks(drawn.splitlines()))) == text


def test_a_quiet_zone_of_four_modules_surrounds_the_code() -> None:
    modules = modules_of_svg(qr_svg(TEXTS[1]))

    for turn in range(4):
        turned = np.rot90(modules, k=turn)
        assert not turned[:4].any()
    assert [modules[4, 4:11].all(), modules[4:11, 4].all()] == [True, True]  # the finder pattern


def test_it_reads_with_a_smudge_that_weaker_correction_would_not_survive() -> None:
    """A corner without a finder pattern is painted over: an eighth of the symbol's surface."""
    page = np.asarray(Image.open(io.BytesIO(qr_png(TEXTS[1], size_px=800))).convert("L")).copy()
    inked = np.argwhere(page == 0)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0)
    page[bottom - (bottom - top) * 7 // 20 :, right - (right - left) * 7 // 20 :] = 255

    assert scanned(page) == TEXTS[1]


def test_the_vector_carries_nothing_that_a_strict_csp_blocks() -> None:
    root = ElementTree.fromstring(qr_svg(TEXTS[1]))  # noqa: S314

    assert {element.tag for element in root.iter()} == {f"{SVG}svg", f"{SVG}rect", f"{SVG}path"}
    assert not [element for element in root.iter() if {"style", "class"} & set(element.attrib)]
    assert len(root.findall(f"{SVG}path")) == 1
    assert root.attrib["shape-rendering"] == "crispEdges"


def test_the_same_text_gives_the_same_bytes() -> None:
    assert qr_svg(TEXTS[1]) == qr_svg(TEXTS[1])
    assert qr_png(TEXTS[1], size_px=300) == qr_png(TEXTS[1], size_px=300)


def test_a_size_that_cannot_hold_the_code_is_refused() -> None:
    with pytest.raises(ValueError, match="px or more"):
        qr_png(TEXTS[1], size_px=20)
