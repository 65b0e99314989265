"""The scene in motion: any moment of a loop that begins and ends with the printed poster."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from arcontent.demo import scenery, sea
from arcontent.demo.canvas import AMBER, CREAM, FOAM, HEIGHT, NAVY, STEEL, WIDTH, Canvas, Point, mix

SEED = 20_260
_BEAM_START_RAD = 2.5  # the light looks to the left and a little towards the viewer
_GLOW_UNITS = 520
# Length and strength; each is laid down in three widths, so that they fade to end and sides.
_BEAM_LAYERS = ((1250, 24), (1040, 14), (850, 12), (680, 9), (520, 8))
_BEAM_SPREADS = (0.12, 0.075, 0.035)
_BEAM_REDUCTION = 4  # it has no sharp edges: drawn small, then enlarged


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of waves and the way it rocks: whole turns of the loop, so that it closes."""

    top: float
    level: float
    crest: float
    length: float
    sway: float
    heave: float
    turns: int
    lag: float


_BACK_ROWS = (
    _Row(642, 0.00, 8, 44, 9, 1.5, 2, 0.0),
    _Row(668, 0.12, 11, 58, 12, 2.0, 1, 1.1),
    _Row(700, 0.26, 15, 76, 15, 3.0, 2, 2.3),
    _Row(740, 0.42, 19, 96, 19, 4.0, 1, 3.6),
    _Row(788, 0.58, 24, 120, 23, 5.0, 2, 4.4),
)
_FRONT_ROWS = (
    _Row(838, 0.76, 29, 146, 27, 6.0, 1, 5.3),
    _Row(892, 0.94, 33, 172, 31, 7.0, 1, 0.6),
)
_STEAMER_AFTER, _BOAT_AFTER, _WHALE_AFTER = 1, 3, 4  # which row of the back ones they float behind


class Piece:
    """A cut-out that is laid down at half-pixel steps: whole ones would be seen to jump."""

    def __init__(self, image: Image.Image) -> None:
        self._shifted = {(0, 0): image}

    def lay(self, frame: Image.Image, x_px: float, y_px: float) -> None:
        """Lay it onto the frame with its top left corner there."""
        halves = (round(x_px * 2), round(y_px * 2))
        rest = (halves[0] % 2, halves[1] % 2)
        if rest not in self._shifted:
            whole = self._shifted[0, 0]
            matrix = (1, 0, -rest[0] / 2, 0, 1, -rest[1] / 2)
            self._shifted[rest] = whole.transform(
                whole.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
            )
        image = self._shifted[rest]
        frame.paste(image, (halves[0] // 2, halves[1] // 2), image)


class Scene:
    """All pieces at one size of output.

    Args:
        width_px: of the frames; their height is 4/3 of it.
    """

    def __init__(self, *, width_px: int) -> None:
        self._scale = width_px / WIDTH
        self.size_px = (width_px, round(width_px * HEIGHT / WIDTH))
        rng = np.random.default_rng(SEED)
        sky = self._canvas()
        scenery.draw_sky(sky, rng)
        self._sky = sky.finished().convert("RGB")
        town = self._canvas()
        self._windows = scenery.draw_town(town, rng)
        for centre, size in self._windows:
            scenery.draw_window(town, centre, size, AMBER)
        self._town = town.finished()
        self._dark_window = self._drawn_dark_window()
        self._rows = {row: self._drawn_row(row, rng) for row in (*_BACK_ROWS, *_FRONT_ROWS)}
        cliff = self._canvas()
        scenery.draw_cliff(cliff, rng)
        scenery.draw_lighthouse(cliff, rng)
        self._cliff = cliff.finished()
        frame = self._canvas()
        scenery.draw_frame(frame)
        self._frame = frame.finished()
        boat, steamer, tail = (
            self._canvas(width=width, height=height)
            for width, height in ((220, 220), (130, 70), (170, 190))
        )
        sea.draw_sailing_boat(boat, rng)
        sea.draw_steamer(steamer)
        sea.draw_whale_tail(tail)
        self._boat = boat.finished()
        self._steamer, self._tail = Piece(steamer.finished()), Piece(tail.finished())
        self._stars = _scattered_stars(rng)
        self._glints = {size: self._drawn_glint(size) for size in (3, 5, 8, 12)}
        self._glow = self._drawn_glow()

    def at(self, phase: float) -> Image.Image:
        """The picture at a moment of the loop: 0 is the poster, 1 is 0 again."""
        frame = self._sky.copy()
        self._lay_stars(frame, phase)
        self._lay_shooting_star(frame, phase)
        frame = self._with_beams(frame, phase)
        frame.paste(self._town, mask=self._town)
        self._darken_windows(frame, phase)
        for number, row in enumerate(_BACK_ROWS):
            if number == _STEAMER_AFTER:
                self._lay_steamer(frame, phase)
            if number == _BOAT_AFTER:
                self._lay_boat(frame, phase)
            if number == _WHALE_AFTER:
                self._lay_whale(frame, phase)
            self._lay_row(frame, row, phase)
        frame.paste(self._cliff, mask=self._cliff)
        for row in _FRONT_ROWS:
            self._lay_row(frame, row, phase)
        self._lay_gulls(frame, phase)
        frame = self._with_glow(frame, phase)
        frame.paste(self._frame, mask=self._frame)
        return frame

    def _canvas(self, *, width: float = WIDTH, height: float = HEIGHT) -> Canvas:
        return Canvas(scale=self._scale, width=width, height=height)

    def _px(self, units: float) -> float:
        return units * self._scale

    def _drawn_row(self, row: _Row, rng: np.random.Generator) -> Piece:
        canvas = self._canvas(width=WIDTH + 2 * sea.SWAY, height=sea.ROW_HEIGHT)
        sea.draw_wave_row(canvas, rng, level=row.level, crest=row.crest, length=row.length)
        return Piece(canvas.finished())

    def _drawn_dark_window(self) -> Piece:
        canvas = self._canvas(width=12, height=14)
        scenery.draw_window(canvas, (6, 7), 4.4, mix(NAVY, STEEL, 0.4))
        return Piece(canvas.finished())

    def _drawn_glint(self, size: int) -> Image.Image:
        """A star of four rays, as a mask."""
        canvas = self._canvas(width=size * 2, height=size * 2)
        waist = size * 0.17
        outline = [
            (
                size + reach * math.cos(turn * math.tau / 8),
                size + reach * math.sin(turn * math.tau / 8),
            )
            for turn, reach in enumerate((size, waist) * 4)
        ]
        canvas.polygon(outline, (255, 255, 255))
        canvas.disc((size, size), size * 0.3, (255, 255, 255))
        return canvas.finished().getchannel("A")

    def _drawn_glow(self) -> Image.Image:
        side_px = round(self._px(_GLOW_UNITS))
        away = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, side_px)] * 2))
        light = np.clip(1 - away, 0, 1) ** 2.4 * 255
        return Image.fromarray(light.astype(np.uint8))

    def _lay_row(self, frame: Image.Image, row: _Row, phase: float) -> None:
        turn = math.tau * row.turns * phase + row.lag
        x = -sea.SWAY + row.sway * math.sin(turn)
        y = row.top + row.heave * math.cos(turn)
        self._rows[row].lay(frame, self._px(x), self._px(y))

    def _lay_stars(self, frame: Image.Image, phase: float) -> None:
        for (x, y), size, turns, lag in self._stars:
            shine = 0.72 + 0.28 * math.cos(math.tau * turns * phase + lag)
            step = round(shine * 12) / 12
            mask = self._glints[size].point(lambda value, step=step: value * step)
            corner = (round(self._px(x - size)), round(self._px(y - size)))
            frame.paste(CREAM, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)

    def _lay_shooting_star(self, frame: Image.Image, phase: float) -> None:
        flight = (phase - 0.56) / 0.09
        if not 0.0 < flight < 1.0:
            return
        canvas = self._canvas(width=330, height=150)
        for step in range(14):
            along = flight - step * 0.02
            fade = round(230 * (1 - step / 14) * math.sin(math.pi * flight))
            if along > 0:
                ends = [(310 - 280 * a, 14 + 118 * a) for a in (along, along - 0.024)]
                canvas.line(ends, (*FOAM[:3], fade), 3.4 - step * 0.2)
        Piece(canvas.finished()).lay(frame, self._px(400), self._px(66))

    def _with_beams(self, frame: Image.Image, phase: float) -> Image.Image:
        """Two beams, back to back, going round: seen from the side they swing and shorten."""
        small = (self.size_px[0] // _BEAM_REDUCTION, self.size_px[1] // _BEAM_REDUCTION)
        scale = self._scale / _BEAM_REDUCTION
        lamp = (scenery.LAMP[0] * scale, scenery.LAMP[1] * scale)
        light = Image.new("L", small)
        for back in (0.0, math.pi):
            angle = _BEAM_START_RAD + math.tau * phase + back
            across, near = math.cos(angle), math.sin(angle)
            brightness = (0.72 + 0.28 * near) * abs(across) ** 0.35
            for (reach, strength), spread in product(_BEAM_LAYERS, _BEAM_SPREADS):
                end = lamp[0] + reach * scale * across, lamp[1] + reach * scale * 0.23 * near
                half = reach * scale * spread * (1.0 + 0.55 * near)
                layer = Image.new("L", small)
                ImageDraw.Draw(layer).polygon(
                    [lamp, (end[0], end[1] - half), (end[0], end[1] + half)],
                    fill=round(strength * brightness),
                )
                light = ImageChops.add(light, layer)
        light = light.filter(ImageFilter.GaussianBlur(self._scale * 3))
        return _lit(frame, light.resize(self.size_px, Image.Resampling.BILINEAR))

    def _with_glow(self, frame: Image.Image, phase: float) -> Image.Image:
        """The lamp's halo, blinding for a moment when a beam passes over the viewer."""
        near = abs(math.sin(_BEAM_START_RAD + math.tau * phase))
        strength = 0.42 + 0.5 * near**10
        halo = Image.new("L", self.size_px)
        corner = [round(self._px(at - _GLOW_UNITS / 2)) for at in scenery.LAMP]
        halo.paste(self._glow.point(lambda value: value * strength), (corner[0], corner[1]))
        return _lit(frame, halo)

    def _darken_windows(self, frame: Image.Image, phase: float) -> None:
        for number, ((x, y), _size) in enumerate(self._windows):
            leaves = 0.1 + 0.8 * ((number * 0.618) % 1.0) * 0.7
            if number % 3 == 0 and leaves < phase < leaves + 0.26:
                self._dark_window.lay(frame, self._px(x - 6), self._px(y - 7))

    def _lay_steamer(self, frame: Image.Image, phase: float) -> None:
        x, y = 428 - 34 * math.sin(math.tau * phase), 622 + 2 * math.sin(math.tau * 2 * phase)
        self._steamer.lay(frame, self._px(x), self._px(y))
        smoke = self._canvas(width=190, height=150)
        puffs = 9
        for puff in range(puffs):
            age = (phase * 3 + puff / puffs) % 1.0
            centre = (150 - 104 * age**1.2, 140 - 96 * age + 5 * math.sin(9 * age + puff))
            smoke.disc(centre, 5 + 15 * age, (*mix(CREAM, STEEL, 0.3 + 0.4 * age)[:3],
                                              round(215 * (1 - age) ** 0.8)))  # fmt: skip
        Piece(smoke.finished()).lay(frame, self._px(x - 94), self._px(y - 134))

    def _lay_boat(self, frame: Image.Image, phase: float) -> None:
        turn = math.tau * 2 * phase
        tilted = self._boat.rotate(
            3.6 * math.sin(turn + 0.7),
            Image.Resampling.BICUBIC,
            center=(self._px(110), self._px(186)),
        )
        x, y = 196 + 10 * math.sin(math.tau * phase), 566 + 5 * math.cos(turn)
        Piece(tilted).lay(frame, self._px(x), self._px(y))

    def _lay_whale(self, frame: Image.Image, phase: float) -> None:
        rise = _eased((phase - 0.22) / 0.14) - _eased((phase - 0.66) / 0.16)
        if rise <= 0.0:
            return
        tilt = 5 * math.sin(math.tau * 2 * phase)
        tail = self._tail
        y = 800 - 138 * rise
        tail.lay(frame, self._px(52 + tilt), self._px(y))
        spray = self._canvas(width=220, height=160)
        for drop in range(26):
            age = ((phase - 0.24) / 0.3 * (0.7 + 0.02 * drop)) % 1.0
            side = (drop % 13 - 6) / 6
            centre = (
                110 + side * (30 + 70 * age),
                150 - 190 * age + 210 * age * age - 20 * (drop % 3),
            )
            spray.disc(centre, 2.6 - 1.2 * age, (*FOAM[:3], round(230 * rise * (1 - age))))
        Piece(spray.finished()).lay(frame, self._px(27), self._px(672))

    def _lay_gulls(self, frame: Image.Image, phase: float) -> None:
        for number, (x, y, wide, high, flaps) in enumerate(
            ((470, 262, 52, 20, 9), (532, 196, 40, 16, 10), (432, 330, 60, 18, 8),
             (150, 470, 70, 22, 8), (98, 436, 46, 16, 9), (770, 320, 44, 30, 10))
        ):  # fmt: skip
            turn = math.tau * phase + number * 1.3
            canvas = self._canvas(width=72, height=56)
            sea.draw_gull(canvas, lift=math.sin(flaps * turn + number))
            place = (x + wide * math.cos(turn) - 36, y + high * math.sin(2 * turn) - 28)
            Piece(canvas.finished()).lay(frame, self._px(place[0]), self._px(place[1]))


def _scattered_stars(rng: np.random.Generator) -> list[tuple[Point, int, int, float]]:
    """Places, sizes, turns a loop and lags of twinkling stars; none on the moon."""
    stars: list[tuple[Point, int, int, float]] = []
    while len(stars) < 150:
        x, y = rng.uniform(46, 854), rng.uniform(46, 540)
        if math.dist((x, y), scenery.MOON) > 122:
            size = int(rng.choice((3, 3, 3, 5, 5, 8, 12), p=(0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05)))
            stars.append(((x, y), size, int(rng.integers(1, 5)), rng.uniform(0, math.tau)))
    return stars


def _lit(frame: Image.Image, light: Image.Image) -> Image.Image:
    """Add warm light to a frame, brightest where ``light`` is."""
    warm = Image.merge(
        "RGB", [light.point(lambda v, s=share: v * s) for share in (1.0, 0.93, 0.68)]
    )
    return ImageChops.screen(frame, warm)


def _eased(share: float) -> float:
    """0 before 0, 1 after 1, and a smooth way between."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)
