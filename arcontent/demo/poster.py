"""The demo's poster: the first moment of the scene, as it would be printed."""

from PIL import Image

from arcontent.demo.scene import Scene

TITLE = "Harbour Lights"
WIDTH_PX = 900


def draw_poster(*, width_px: int = WIDTH_PX) -> Image.Image:
    """Draw the poster in RGB, a third higher than it is wide; the same pixels every time."""
    return Scene(width_px=width_px).at(0.0)
