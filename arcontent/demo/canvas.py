"""A sheet to draw on in the poster's own units, with smooth edges at any size of output.

The poster measures 900 x 1200 units, x to the right and y down. Everything is drawn twice as large
as it will be seen and reduced at the end.
"""

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 900, 1200

Point = tuple[float, float]
Colour = tuple[int, int, int] | tuple[int, int, int, int]

_OVERSAMPLING = 2

NAVY: Colour = (12, 20, 46)
INK: Colour = (19, 33, 66)
STEEL: Colour = (38, 70, 112)
TEAL: Colour = (36, 112, 132)
AQUA: Colour = (104, 176, 172)
FOAM: Colour = (228, 238, 222)
CREAM: Colour = (246, 235, 208)
MOONLIGHT: Colour = (251, 228, 164)
AMBER: Colour = (248, 182, 72)
ORANGE: Colour = (226, 112, 50)
RED: Colour = (198, 58, 46)
MAROON: Colour = (122, 32, 42)
ROCK: Colour = (64, 58, 82)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The opaque colour ``share`` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))
    return red, green, blue


class Canvas:
    """A transparent sheet; `finished` gives the picture at ``scale`` output pixels a unit."""

    def __init__(self, *, scale: float, width: float = WIDTH, height: float = HEIGHT) -> None:
        self._zoom = scale * _OVERSAMPLING
        self._size_px = (round(width * scale), round(height * scale))
        doubled = (self._size_px[0] * _OVERSAMPLING, self._size_px[1] * _OVERSAMPLING)
        self._image = Image.new("RGBA", doubled)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def polygon(self, points: Iterable[Point], fill: Colour) -> None:
        """Fill an area."""
        self._draw.polygon(self._zoomed(points), fill=fill)

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fill a rectangle with straight sides."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def line(self, points: Iterable[Point], fill: Colour, width: float = 1.0) -> None:
        """Draw a stroke of ``width`` units with rounded joints."""
        width_px = max(1, round(width * self._zoom))
        self._draw.line(self._zoomed(points), fill=fill, width=width_px, joint="curve")

    def disc(self, centre: Point, radius: float, fill: Colour) -> None:
        """Fill a circle."""
        self._draw.circle(self._zoomed([centre])[0], radius * self._zoom, fill=fill)

    def ring(self, centre: Point, radius: float, fill: Colour, width: float = 1.0) -> None:
        """Draw a circle's outline."""
        width_px = max(1, round(width * self._zoom))
        x, y = self._zoomed([centre])[0]
        self._draw.circle((x, y), radius * self._zoom, outline=fill, width=width_px)

    def text(
        self, middle: Point, text: str, *, size: float, fill: Colour, spacing: float, bold: float
    ) -> None:
        """Set one line of letters around ``middle``.

        Args:
            middle: the middle of the line, on its base.
            text: what to set.
            size: of the letters, units.
            fill: their colour.
            spacing: extra space between two letters, units.
            bold: how much thicker than regular, units.
        """
        font = ImageFont.load_default(size=size * self._zoom)
        gap_px = spacing * self._zoom
        widths_px = [font.getlength(letter) for letter in text]
        x, y = self._zoomed([middle])[0]
        x -= (sum(widths_px) + gap_px * (len(text) - 1)) / 2
        for letter, width_px in zip(text, widths_px, strict=True):
            self._draw.text(
                (x, y), letter, font=font, fill=fill, anchor="ls",
                stroke_width=bold * self._zoom, stroke_fill=fill,
            )  # fmt: skip
            x += width_px + gap_px

    def finished(self) -> Image.Image:
        """The sheet as an RGBA picture."""
        return self._image.resize(self._size_px, Image.Resampling.BOX)

    def _zoomed(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self._zoom, y * self._zoom) for x, y in points]
