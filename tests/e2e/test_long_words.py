"""Long titles, long labels and large letters on a small phone leave room for every button."""

import pytest

from tests.e2e.browsers import Browsers
from tests.e2e.clips import Clip
from tests.e2e.viewer import Device, opened_viewer

pytestmark = pytest.mark.e2e

SMALL = Device(size=(320, 568))  # CSS pixels, of the smallest phones in use
TITLE = "Северное сияние над Териберкой — выставка фотографий"
LABEL = "Купить билет на выставку со скидкой пятнадцать процентов!"
LENGTHEN = """([title, label]) => {
  document.querySelector(".scene-title").textContent = title;
  document.querySelector("#call-to-action-label").textContent = label;
  for (const id of ["switch-camera", "captions"]) document.getElementById(id).hidden = false;
}"""
ENLARGE = "(size) => { document.documentElement.style.fontSize = size; }"
# Which controls are too small for a finger, out of sight, or under another.
AMISS = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const amiss = scrollWidth > clientWidth ? ["the page scrolls sideways"] : [];
  const controls = [...document.querySelectorAll("button, .dock a")]
    .filter((control) => control.checkVisibility())
    .map((control) => [control.id || control.textContent.trim(), control.getBoundingClientRect()]);
  for (const [name, box] of controls) {
    const { left, right, top, bottom, width, height } = box;
    if (width < 44 || height < 44) amiss.push(`${name}: ${width} x ${height}`);
    if (left < 0 || right > clientWidth) amiss.push(`${name}: from ${left} to ${right}`);
    for (const [other, its] of controls) {
      if (other <= name || right <= its.left || its.right <= left) continue;
      if (top < its.bottom && its.top < bottom) amiss.push(`${name} and ${other}`);
    }
  }
  return amiss;
}"""


def test_every_button_can_be_tapped_whatever_the_words_and_the_size_of_letters(
    browsers: Browsers, address: str, resting: Clip
) -> None:
    amiss: dict[str, list[str]] = {}
    with opened_viewer(browsers, address, camera=resting, device=SMALL) as viewer:
        viewer.start()
        viewer.reach("tracking")
        viewer.page.evaluate(LENGTHEN, [TITLE, LABEL])
        amiss["camera"] = viewer.page.evaluate(AMISS)
        viewer.page.evaluate(ENLARGE, "200%")
        amiss["camera, large letters"] = viewer.page.evaluate(AMISS)

        viewer.page.evaluate(ENLARGE, "")
        viewer.page.locator(".dock").get_by_text("Watch without the camera").click()
        viewer.reach("fallback")
        amiss["plain video"] = viewer.page.evaluate(AMISS)
        viewer.page.evaluate(ENLARGE, "200%")
        amiss["plain video, large letters"] = viewer.page.evaluate(AMISS)

    assert {where: what for where, what in amiss.items() if what} == {}
