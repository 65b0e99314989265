"""What stands still on the poster: sky and moon, town, cliff, lighthouse, and the printed frame.

Every function draws one part onto a canvas. Chance comes in as a generator, so the poster is always
the same; no two windows, stars or rocks are alike, which is what makes it easy to recognise.
"""

import math
from itertools import pairwise

import numpy as np

from arcontent.demo.canvas import (
    AMBER,
    AQUA,
    CREAM,
    FOAM,
    INK,
    MAROON,
    MOONLIGHT,
    NAVY,
    ORANGE,
    RED,
    ROCK,
    STEEL,
    TEAL,
    Canvas,
    Colour,
    Point,
    mix,
)

MOON: Point = (262.0, 238.0)
LAMP: Point = (655.0, 291.0)
HORIZON = 655.0
_MARGIN, _PANEL_TOP = 34.0, 962.0
_RIGHT = 900.0 - _MARGIN


def draw_sky(canvas: Canvas, rng: np.random.Generator) -> None:
    """Rings of blue around the moon, cut as in a block print, with clouds in front."""
    canvas.rectangle(0, 0, 900, 1200, NAVY)
    for ring in range(15, 0, -1):
        radius = 108 + ring * 44
        wobble = rng.uniform(-5, 5, size=72)
        edge = [
            (
                MOON[0] + (radius + wobble[n]) * math.cos(n * math.tau / 72),
                MOON[1] + (radius + wobble[n]) * math.sin(n * math.tau / 72),
            )
            for n in range(72)
        ]
        canvas.polygon(edge, mix((66, 112, 150), NAVY, min(1.0, ring / 14)))
        for _ in range(9 + ring * 2):
            _graver_cut(canvas, rng, radius=radius, depth=ring / 15)
    canvas.disc(MOON, 106, MOONLIGHT)
    for x, y, radius in (
        (-38, -30, 24), (22, -52, 13), (40, 8, 29), (-14, 36, 17), (-62, 22, 11), (12, 66, 12),
        (66, -32, 10), (-8, -78, 8), (-30, 76, 8), (2, -8, 9),
    ):  # fmt: skip
        centre = (MOON[0] + x, MOON[1] + y)
        canvas.disc(centre, radius, mix(MOONLIGHT, AMBER, 0.38))
        canvas.disc((centre[0] + 3, centre[1] + 3), radius * 0.78, mix(MOONLIGHT, AMBER, 0.2))
    for x, y, length in ((420, 118, 190), (120, 372, 170), (330, 352, 110), (770, 210, 150),
                         (98, 112, 90), (500, 452, 150), (790, 440, 110)):  # fmt: skip
        _cloud(canvas, rng, (x, y), length)


def _graver_cut(canvas: Canvas, rng: np.random.Generator, *, radius: float, depth: float) -> None:
    """A short bright arc along a ring of the sky."""
    start, span = rng.uniform(0, math.tau), rng.uniform(8, 44) / radius
    reach = radius - rng.uniform(8, 36)
    arc = [
        (MOON[0] + reach * math.cos(start + span * n), MOON[1] + reach * math.sin(start + span * n))
        for n in (0.0, 0.33, 0.66, 1.0)
    ]
    canvas.line(arc, (*mix((120, 168, 190), STEEL, depth)[:3], 120), rng.uniform(1.2, 2.6))


def _cloud(canvas: Canvas, rng: np.random.Generator, middle: Point, length: float) -> None:
    for row in range(4):
        y = middle[1] + row * 11
        half = length / 2 * (0.55, 1.0, 0.8, 0.4)[row] * rng.uniform(0.85, 1.1)
        x = middle[0] + rng.uniform(-0.16, 0.16) * length
        colour = mix(STEEL, CREAM, (0.78, 0.62, 0.46, 0.34)[row])
        canvas.line([(x - half, y), (x + half, y)], colour, 7.5)
        canvas.disc((x - half, y), 3.7, colour)
        canvas.disc((x + half, y), 3.7, colour)
        for _ in range(3):
            notch = x + rng.uniform(-0.8, 0.8) * half
            canvas.line([(notch, y), (notch + rng.uniform(8, 22), y)], INK, 1.6)


def draw_town(canvas: Canvas, rng: np.random.Generator) -> list[tuple[Point, float]]:
    """Hills with firs and houses on the far shore; return the places and sizes of lit windows."""
    for base, tone, height in ((HORIZON - 46, 0.45, 62), (HORIZON - 16, 0.2, 46)):
        hill = mix(INK, TEAL, tone)
        crest = [
            (
                x,
                HORIZON
                - (HORIZON - base + height * (0.4 + 0.5 * math.sin(x / 190 + tone * 9)))
                * min(1.0, (600 - x) / 130),
            )
            for x in np.linspace(20, 598, 58)
        ]
        canvas.polygon([*crest, (600, HORIZON + 20), (20, HORIZON + 20)], hill)
        for x, y in crest:
            _fir(canvas, (x + rng.uniform(-5, 5), y + 5), rng.uniform(13, 34), mix(hill, NAVY, 0.5))
    lit: list[tuple[Point, float]] = []
    left = 44.0
    while left < 470:
        wide, tall = rng.uniform(26, 50), rng.uniform(34, 84)
        lit += _house(canvas, rng, left, wide, tall)
        left += wide + rng.uniform(-5, 7)
    canvas.rectangle(34, HORIZON - 8, 520, HORIZON + 14, mix(ROCK, NAVY, 0.45))
    for stone in np.arange(38, 516, 13.0):
        canvas.line([(stone, HORIZON - 8), (stone + rng.uniform(-3, 5), HORIZON + 12)], NAVY, 1.4)
    return lit


def _fir(canvas: Canvas, foot: Point, height: float, colour: Colour) -> None:
    for tier in range(3):
        top = foot[1] - height + tier * height * 0.24
        half = height * (0.14 + 0.09 * tier)
        low = top + height * 0.4
        canvas.polygon([(foot[0], top), (foot[0] - half, low), (foot[0] + half, low)], colour)


def _house(
    canvas: Canvas, rng: np.random.Generator, left: float, width: float, height: float
) -> list[tuple[Point, float]]:
    right, top, foot = left + width, HORIZON - 6 - height, HORIZON - 6
    palette = ((168, 92, 66), (196, 150, 98), (88, 108, 136), (132, 62, 64), (206, 190, 158))
    wall = mix(palette[int(rng.integers(len(palette)))], INK, rng.uniform(0.25, 0.5))
    canvas.rectangle(left, top, right, foot, wall)
    canvas.rectangle(right - width * 0.2, top, right, foot, mix(wall, NAVY, 0.4))
    peak, roof = rng.uniform(14, 32), mix((MAROON, INK, ROCK, RED)[int(rng.integers(4))], NAVY, 0.3)
    ridge = left + width * rng.uniform(0.35, 0.65)
    canvas.polygon([(left - 4, top), (ridge, top - peak), (right + 4, top)], roof)
    for share in (0.3, 0.55, 0.8):
        y = top - peak * (1 - share)
        ends = ((ridge - left + 4) * share, (right + 4 - ridge) * share)
        canvas.line([(ridge - ends[0], y), (ridge + ends[1], y)], mix(roof, CREAM, 0.28), 1.2)
    if rng.random() < 0.6:
        chimney = left + width * rng.uniform(0.1, 0.3)
        canvas.rectangle(chimney, top - peak * 0.9, chimney + 6, top - 2, mix(wall, NAVY, 0.5))
    lit = []
    columns, rows = max(1, int(width // 15)), max(1, int(height // 19))
    for row in range(rows):
        for column in range(columns):
            centre = (
                left + width * (column + 0.5) / columns + rng.uniform(-1, 1),
                top + height * (row + 0.45) / rows,
            )
            size = rng.uniform(3.0, 4.4)
            if rng.random() < 0.62:
                lit.append((centre, size))
            else:
                draw_window(canvas, centre, size, mix(NAVY, STEEL, 0.4))
    return lit


def draw_window(canvas: Canvas, centre: Point, size: float, colour: Colour) -> None:
    """A small window with its cross-bars."""
    x, y = centre
    canvas.rectangle(x - size, y - size * 1.25, x + size, y + size * 1.25, colour)
    canvas.line([(x, y - size * 1.25), (x, y + size * 1.25)], INK, 0.9)
    canvas.line([(x - size, y), (x + size, y)], INK, 0.9)


def draw_cliff(canvas: Canvas, rng: np.random.Generator) -> None:
    """The rock under the lighthouse, facet by facet."""
    columns, rows = 13, 8
    grid: list[list[Point]] = []
    for row in range(rows + 1):
        down = row / rows
        left = 472 - 70 * down**0.7
        line = []
        for column in range(columns + 1):
            along = column / columns
            x = left + (880 - left) * along
            y = 706 - 46 * math.sin(along * 2.6) ** 2 + down * (278 + 20 * along)
            inside = 0 < column < columns and row > 0
            line.append((x + inside * rng.uniform(-12, 12), y + inside * rng.uniform(-11, 11)))
        grid.append(line)
    for row in range(rows):
        for column in range(columns):
            a, b = grid[row][column], grid[row][column + 1]
            d, c = grid[row + 1][column], grid[row + 1][column + 1]
            halves = ((a, b, c), (a, c, d)) if rng.random() < 0.5 else ((a, b, d), (b, c, d))
            for facet in halves:
                light = 0.34 * (1 - column / columns) + rng.uniform(-0.2, 0.6)
                tone = (
                    mix(ROCK, (178, 152, 142), light) if light > 0 else mix(ROCK, NAVY, -light * 4)
                )
                canvas.polygon(facet, tone)
            if rng.random() < 0.5:
                canvas.line([a, c], NAVY, rng.uniform(1.0, 2.4))
    top = grid[0]
    for before, after in pairwise(top):
        canvas.line([before, after], mix(TEAL, AQUA, 0.2), 8)
        for _ in range(7):
            along = rng.random()
            x, y = (p + (q - p) * along for p, q in zip(before, after, strict=True))
            tip = (x + rng.uniform(-5, 5), y - rng.uniform(7, 17))
            canvas.line([(x, y + 2), tip], mix(TEAL, AQUA, rng.random()), 2)


def draw_lighthouse(canvas: Canvas, rng: np.random.Generator) -> None:
    """The keeper's cottage and the tower, brick by brick."""
    _cottage(canvas, rng)
    x, foot, top = LAMP[0], 690.0, 344.0

    def half(y: float) -> float:
        return 36 + 30 * math.pow((y - top) / (foot - top), 1.25)

    bands = 7
    for band in range(bands):
        upper, lower = (top + (foot - top) * (band + n) / bands for n in (0, 1))
        colour = RED if band % 2 == 0 else CREAM
        canvas.polygon(
            [(x - half(upper), upper), (x + half(upper), upper),
             (x + half(lower), lower), (x - half(lower), lower)], colour,
        )  # fmt: skip
        canvas.polygon(
            [(x + half(upper) * 0.42, upper), (x + half(upper), upper),
             (x + half(lower), lower), (x + half(lower) * 0.42, lower)], mix(colour, NAVY, 0.36),
        )  # fmt: skip
        for course in np.arange(upper + 5, lower, 8.5):
            for _ in range(5):
                brick = x + rng.uniform(-0.95, 0.8) * half(course)
                canvas.line([(brick, course), (brick + rng.uniform(5, 11), course)],
                            mix(colour, MAROON, 0.55), 1.5)  # fmt: skip
    for y, side in ((408, -0.25), (500, 0.12), (590, -0.2)):
        canvas.disc((x + side * half(y), y), 10, INK)
        canvas.disc((x + side * half(y), y), 7, AMBER)
        canvas.line([(x + side * half(y), y - 8), (x + side * half(y), y + 8)], INK, 1.6)
    canvas.polygon([(x - 17, 692), (x - 17, 654), (x, 640), (x + 17, 654), (x + 17, 692)], INK)
    canvas.polygon([(x - 12, 692), (x - 12, 657), (x, 647), (x + 12, 657), (x + 12, 692)], MAROON)
    _lantern(canvas)


def _lantern(canvas: Canvas) -> None:
    x, y = LAMP
    canvas.polygon([(x - 58, 338), (x + 58, 338), (x + 40, 354), (x - 40, 354)], INK)
    for post in range(-5, 6):
        canvas.line([(x + post * 10.8, 338), (x + post * 10.8, 316)], INK, 2.2)
    canvas.line([(x - 57, 316), (x + 57, 316)], INK, 3.4)
    canvas.line([(x - 57, 326), (x + 57, 326)], INK, 1.8)
    canvas.rectangle(x - 30, y - 31, x + 30, 338, MOONLIGHT)
    for ray in range(-2, 3):
        canvas.line([(x, y + 8), (x + ray * 13, y - 30)], AMBER, 2.4)
        canvas.line([(x + ray * 13, y - 31), (x + ray * 13, 338)], INK, 2.2)
    canvas.line([(x - 30, y + 14), (x + 30, y + 14)], INK, 2.2)
    canvas.disc((x, y), 14, AMBER)
    canvas.disc((x, y), 9, FOAM)
    canvas.polygon([(x - 40, y - 29), (x + 40, y - 29), (x + 24, y - 56), (x - 24, y - 56)], RED)
    canvas.polygon([(x + 12, y - 29), (x + 40, y - 29), (x + 24, y - 56), (x + 8, y - 56)], MAROON)
    canvas.polygon([(x - 16, y - 56), (x + 16, y - 56), (x, y - 76)], MAROON)
    canvas.line([(x, y - 72), (x, y - 104)], INK, 3)
    canvas.disc((x, y - 78), 6, AMBER)
    canvas.polygon([(x, y - 104), (x + 27, y - 97), (x, y - 88)], ORANGE)


def _cottage(canvas: Canvas, rng: np.random.Generator) -> None:
    left, right, top, foot = 716.0, 846.0, 604.0, 684.0
    canvas.rectangle(left, top, right, foot, mix(CREAM, STEEL, 0.34))
    for _ in range(70):
        x, y = rng.uniform(left + 2, right - 12), rng.uniform(top + 4, foot - 4)
        canvas.line([(x, y), (x + rng.uniform(4, 10), y)], mix(CREAM, ROCK, 0.7), 1.5)
    canvas.polygon(
        [(left - 12, top), (left + 20, 556), (right - 20, 556), (right + 14, top)], MAROON
    )
    for course, y in enumerate(np.arange(560, 604, 8.0)):
        for x in np.arange(left + 18 - course * 5, right - 16 + course * 4, 12.0):
            tile = x + rng.uniform(-2, 2)
            canvas.line([(tile, y), (tile + 5, y + 6)], mix(RED, ORANGE, rng.random()), 2.4)
    canvas.rectangle(812, 534, 828, 572, ROCK)
    canvas.rectangle(809, 530, 831, 537, INK)
    for x in (740.0, 776.0, 822.0):
        draw_window(canvas, (x, 642), 10, AMBER)


def draw_frame(canvas: Canvas) -> None:
    """The paper around the picture, and what is printed on it."""
    for left, top, right, bottom in (
        (0.0, 0.0, 900.0, _MARGIN),
        (0.0, 0.0, _MARGIN, 1200.0),
        (_RIGHT, 0.0, 900.0, 1200.0),
        (0.0, _PANEL_TOP, 900.0, 1200.0),
    ):
        canvas.rectangle(left, top, right, bottom, CREAM)
    corners = [(_MARGIN, _MARGIN), (_RIGHT, _MARGIN), (_RIGHT, _PANEL_TOP), (_MARGIN, _PANEL_TOP)]
    canvas.line([*corners, corners[0], corners[1]], INK, 5)
    canvas.line([(14, 14), (886, 14), (886, 1186), (14, 1186), (14, 14), (886, 14)], RED, 3)
    canvas.text((450, 1064), "HARBOUR LIGHTS", size=82, fill=INK, spacing=8.4, bold=2.4)
    canvas.text((450, 991), "THE MUSEUM OF THE SEA PRESENTS", size=18.5, fill=RED,
                spacing=7.2, bold=0.5)  # fmt: skip
    canvas.text((450, 1096), "AN EXHIBITION THAT COMES ALIVE", size=21, fill=INK,
                spacing=8.4, bold=0.5)  # fmt: skip
    _signal_flags(canvas)
    for x, turn in ((66, 1), (834, -1)):
        _compass(canvas, (x + turn * 36, 1140))


def _signal_flags(canvas: Canvas) -> None:
    """The product's name in the flags of the international code of signals."""
    width, gap, top, height = 50.0, 16.0, 1115.0, 44.0
    x = 450 - (8 * width + 7 * gap) / 2
    canvas.line([(x - 26, top - 1), (900 - x + 26, top - 1)], INK, 2)
    blue = (30, 66, 140)
    for letter in "VERTEXAR":
        right, bottom, middle = x + width, top + height, top + height / 2
        if letter == "V":
            canvas.rectangle(x, top, right, bottom, FOAM)
            canvas.line([(x + 4, top + 4), (right - 4, bottom - 4)], RED, 9)
            canvas.line([(right - 4, top + 4), (x + 4, bottom - 4)], RED, 9)
        elif letter == "E":
            canvas.rectangle(x, top, right, middle, blue)
            canvas.rectangle(x, middle, right, bottom, RED)
        elif letter == "R":
            canvas.rectangle(x, top, right, bottom, RED)
            canvas.rectangle(x + 19, top, x + 31, bottom, AMBER)
            canvas.rectangle(x, middle - 6, right, middle + 6, AMBER)
        elif letter == "T":
            for third, colour in enumerate((RED, FOAM, blue)):
                canvas.rectangle(
                    x + third * width / 3, top, x + (third + 1) * width / 3, bottom, colour
                )
        elif letter == "X":
            canvas.rectangle(x, top, right, bottom, FOAM)
            canvas.rectangle(x + 19, top, x + 31, bottom, blue)
            canvas.rectangle(x, middle - 6, right, middle + 6, blue)
        else:
            canvas.rectangle(x, top, x + width / 2, bottom, FOAM)
            canvas.polygon([(x + width / 2, top), (right, top), (right - 13, middle),
                            (right, bottom), (x + width / 2, bottom)], blue)  # fmt: skip
            canvas.line([(x, top), (x, bottom)], INK, 1.5)
        x += width + gap


def _compass(canvas: Canvas, centre: Point) -> None:
    x, y = centre
    canvas.ring(centre, 25, INK, 2.5)
    canvas.ring(centre, 20, RED, 1.5)
    for turn in range(8):
        angle, reach = turn * math.tau / 8, 36 if turn % 2 == 0 else 22
        tip = (x + reach * math.sin(angle), y - reach * math.cos(angle))
        for side, colour in ((-0.4, INK), (0.4, RED)):
            foot = (x + 9 * math.sin(angle + side), y - 9 * math.cos(angle + side))
            canvas.polygon([centre, foot, tip], colour)
