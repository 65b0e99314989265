"""What floats on the poster: waves, two ships, a whale; each a piece of its own, to be moved."""

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
    STEEL,
    TEAL,
    Canvas,
    mix,
)
from arcontent.demo.scenery import MOON

SWAY = 40.0  # a row of waves is drawn this much wider than the poster, on either side
ROW_HEIGHT = 330.0


def draw_wave_row(
    canvas: Canvas, rng: np.random.Generator, *, level: float, crest: float, length: float
) -> None:
    """One row of waves, from its crests down to the bottom of a sheet ``ROW_HEIGHT`` high.

    The sheet begins `SWAY` left of the poster; the crests' troughs lie ``crest`` below its top.

    Args:
        canvas: the sheet.
        rng: chance.
        level: 0 at the horizon, 1 at the viewer's feet.
        crest: height of a crest over its trough, units.
        length: of a wave, units.
    """
    water = mix(mix(STEEL, TEAL, 0.55), NAVY, 0.12 + 0.5 * level)
    starts = [-length]
    while starts[-1] < 900 + 2 * SWAY + length:
        starts.append(starts[-1] + length * rng.uniform(0.72, 1.3))
    surface = []
    for start, end in pairwise(starts):
        height = crest * rng.uniform(0.6, 1.0)
        for share in np.linspace(0.0, 1.0, 12, endpoint=False):
            hollow = math.sin(math.pi * share) ** 0.8  # pointed crests, round hollows
            surface.append((start + (end - start) * share, crest - height * (1 - hollow) + 4))
    canvas.polygon([*surface, (1000 + length, ROW_HEIGHT), (-length, ROW_HEIGHT)], water)
    for depth, share in ((9 + 8 * level, 0.16), (22 + 18 * level, 0.08)):
        lower = [(x + depth * 0.3, y + depth) for x, y in surface]
        canvas.line(lower, mix(water, AQUA, 0.2 + share), 2 + 2 * level)
    canvas.line(surface, FOAM, 2.2 + 2.4 * level)
    _draw_strokes(canvas, rng, water=water, level=level, crest=crest)
    _draw_glitter(canvas, rng, level=level, crest=crest)


def _draw_strokes(
    canvas: Canvas, rng: np.random.Generator, *, water: tuple[int, ...], level: float, crest: float
) -> None:
    """Cuts of the graver in the water, and foam torn off the crests."""
    base = (water[0], water[1], water[2])
    for _ in range(int(150 - 60 * level)):
        x, y = rng.uniform(0, 900 + 2 * SWAY), crest + rng.uniform(10, 120)
        reach, bow = rng.uniform(8, 26) * (0.7 + 0.6 * level), rng.uniform(-5, 5)
        tone = (
            mix(base, AQUA, rng.uniform(0.15, 0.6)) if rng.random() < 0.6 else mix(base, NAVY, 0.6)
        )
        canvas.line([(x, y), (x + reach / 2, y + bow), (x + reach, y)], tone, 1.4 + 1.6 * level)
    for _ in range(int(40 + 30 * level)):
        x, y = rng.uniform(0, 900 + 2 * SWAY), crest + rng.uniform(2, 26)
        canvas.disc((x, y), rng.uniform(0.9, 1.6 + 1.6 * level), FOAM)


def _draw_glitter(canvas: Canvas, rng: np.random.Generator, *, level: float, crest: float) -> None:
    """The moon's road on the water."""
    for _ in range(16):
        x = MOON[0] + SWAY + rng.normal(0, 26 + 44 * level)
        y = crest + rng.uniform(6, 64)
        half = rng.uniform(6, 20)
        canvas.line([(x - half, y), (x + half, y)], mix(MOONLIGHT, AQUA, rng.uniform(0, 0.4)),
                    1.8 + 1.6 * level)  # fmt: skip


def draw_sailing_boat(canvas: Canvas, rng: np.random.Generator) -> None:
    """A ketch with patched sails on a sheet of 220 x 220; its water line is at y = 186."""
    canvas.line([(112, 12), (112, 168)], (92, 60, 48), 5)
    canvas.line([(60, 62), (60, 166)], (92, 60, 48), 4)
    for top, foot, leech, colour in (
        ((115, 16), (115, 150), (190, 150), CREAM),
        ((107, 20), (107, 150), (68, 150), ORANGE),
        ((57, 66), (57, 148), (18, 148), CREAM),
    ):
        canvas.polygon([top, foot, leech], colour)
        for seam in (0.25, 0.5, 0.75):
            y = top[1] + (foot[1] - top[1]) * seam
            x = top[0] + (leech[0] - top[0]) * seam
            canvas.line([(top[0], y), (x, y + 4)], mix(colour, INK, 0.45), 1.6)
        for _ in range(3):
            share = rng.uniform(0.45, 0.85)
            x = top[0] + (leech[0] - top[0]) * share * rng.uniform(0.25, 0.6)
            y = top[1] + (foot[1] - top[1]) * share
            patch = (RED, AMBER, TEAL)[int(rng.integers(3))]
            canvas.rectangle(x - 6, y - 6, x + 6, y + 6, patch)
            canvas.line([(x - 6, y - 6), (x + 6, y + 6)], INK, 1.1)
    hull = [(6, 158), (204, 158), (186, 196), (30, 196)]
    canvas.polygon(hull, MAROON)
    canvas.polygon([(4, 158), (208, 154), (204, 166), (9, 166)], CREAM)
    canvas.line([(18, 178), (196, 178)], mix(MAROON, CREAM, 0.35), 2.4)
    for x in (62.0, 92.0, 122.0, 152.0):
        canvas.disc((x, 173), 5, INK)
        canvas.disc((x, 173), 3.2, AMBER)
    canvas.polygon([(112, 12), (142, 18), (112, 28)], RED)
    canvas.line([(204, 156), (218, 148)], (92, 60, 48), 3)


def draw_steamer(canvas: Canvas) -> None:
    """A small steamer on a sheet of 130 x 70; its funnel's mouth is at (56, 8)."""
    canvas.polygon([(6, 44), (122, 40), (112, 66), (18, 66)], INK)
    canvas.polygon([(5, 44), (123, 40), (121, 46), (7, 50)], RED)
    canvas.rectangle(28, 30, 100, 44, CREAM)
    canvas.rectangle(40, 20, 84, 31, mix(CREAM, STEEL, 0.3))
    for x in range(34, 98, 9):
        canvas.rectangle(x, 34, x + 5, 39, AMBER if x % 2 else NAVY)
    canvas.rectangle(49, 6, 63, 24, RED)
    canvas.rectangle(49, 6, 63, 11, INK)
    canvas.rectangle(49, 15, 63, 18, FOAM)
    canvas.line([(92, 8), (92, 32)], INK, 2)
    canvas.line([(20, 18), (20, 44)], INK, 2)
    canvas.line([(20, 18), (49, 8), (92, 8), (122, 40)], INK, 1)


def draw_whale_tail(canvas: Canvas) -> None:
    """A whale's tail on a sheet of 170 x 190, to be raised from behind a row of waves."""
    skin, shade = mix(STEEL, AQUA, 0.3), mix(NAVY, INK, 0.5)
    stem = [(66, 190), (76, 96), (94, 96), (108, 190)]
    canvas.polygon(stem, skin)
    canvas.line([*stem, stem[0]], shade, 4)
    for side in (-1, 1):
        fluke = [(85 + side * x, y) for x, y in
                 ((-6, 104), (10, 78), (34, 52), (62, 34), (82, 30), (76, 52), (58, 78), (34, 96),
                  (8, 112))]  # fmt: skip
        canvas.line([*fluke, fluke[0], fluke[1]], shade, 6)
        canvas.polygon(fluke, skin)
        canvas.line([(85 + side * x, y) for x, y in ((8, 98), (34, 70), (72, 40))], AQUA, 2.4)
        canvas.line([(85 + side * x, y) for x, y in ((12, 104), (40, 84), (64, 58))], shade, 2.4)
        canvas.line([(85 + side * x, y) for x, y in ((82, 30), (76, 52), (58, 78))], FOAM, 2)
    canvas.line([(86, 108), (90, 186)], AQUA, 2.2)
    for x, y in ((50, 84), (122, 72), (72, 132), (98, 150), (80, 168), (138, 52), (40, 60)):
        canvas.disc((x, y), 2.4, AQUA)


def draw_gull(canvas: Canvas, *, lift: float) -> None:
    """A gull on a sheet of 72 x 56; ``lift`` from -1, wings down, to 1, wings up."""
    for side in (-1, 1):
        shoulder = (36 + side * 4, 29)
        wrist = (36 + side * 17, 27 - 9 * lift)
        tip = (36 + side * 33, 29 - 17 * lift + 6 * abs(lift))
        canvas.line([shoulder, wrist, tip], FOAM, 4.2)
        canvas.line([wrist, tip], STEEL, 2.2)
    canvas.polygon([(31, 27), (41, 27), (39, 35), (33, 35)], FOAM)
    canvas.disc((36, 26), 3.8, FOAM)
    canvas.polygon([(34, 24), (38, 24), (36, 19)], ORANGE)
