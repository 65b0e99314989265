"""The pictures of the bench: photographs that scikit-image ships in its wheel, and seeded drawings.

Many kinds, good and deliberately bad. A third, chosen by place in the list, was held out while the
compiler was tuned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray

from tests import pictures

Rgb = NDArray[np.uint8]
PHOTOGRAPHS: Final = Path(skimage.__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class BenchPicture:
    """One picture.

    Attributes:
        name: what it is called in the tables.
        pixels: (H, W, 3) red, green, blue.
        is_bad: chosen because it should not be recognised well; counts for the score alone.
        is_held_out: not looked at while tuning.
        is_composed: shows photographs that are pictures of their own here, too.
    """

    name: str
    pixels: Rgb
    is_bad: bool
    is_held_out: bool
    is_composed: bool

    @property
    def png(self) -> bytes:
        return pictures.encode_png(self.pixels)


COMPOSED: Final = frozenset({"wall of photographs", "magazine cover"})


def bench_pictures() -> list[BenchPicture]:
    """Make all pictures, always the same."""
    made: list[BenchPicture] = []
    for group, is_bad in ((_good(), False), (_bad(), True), (_large(), False)):
        for place, (name, draw) in enumerate(group.items()):
            made.append(
                BenchPicture(name, draw(), is_bad, place % 3 == 2, is_composed=name in COMPOSED)
            )
    return made


def _good() -> dict[str, Callable[[], Rgb]]:
    return {
        "astronaut": lambda: _photograph("astronaut.png"),
        "cat": lambda: _photograph("chelsea.png"),
        "coffee": lambda: _photograph("coffee.png"),
        "cameraman": lambda: _photograph("camera.png"),
        "hubble": lambda: _photograph("hubble_deep_field.jpg"),
        "motorcycle": lambda: _photograph("motorcycle_left.png"),
        "rocket": lambda: _photograph("rocket.jpg"),
        "gravel": lambda: _photograph("gravel.png"),
        "tissue": lambda: _photograph("ihc.png"),
        "page": lambda: _photograph("page.png"),
        "coins": lambda: _photograph("coins.png"),
        "poster": lambda: pictures.poster(seed=101),
        "poster upright": lambda: pictures.poster(seed=102, width_px=600, height_px=900),
        "texture": lambda: pictures.photo_like(seed=103),
        "sale sign": lambda: _sale_sign(104),
        "logo": lambda: _logo(105),
        "painting": lambda: _painting(106),
        "text": lambda: _text_page(107),
        "card": lambda: _card(108),
        "large poster": lambda: pictures.poster(seed=109, width_px=2048, height_px=1536),
        "comic": lambda: _comic(110),
    }


def _bad() -> dict[str, Callable[[], Rgb]]:
    return {
        "moon": lambda: _photograph("moon.png"),
        "retina": lambda: _photograph("retina.jpg"),
        "blurred astronaut": lambda: _blurred(_photograph("astronaut.png"), sigma_px=6),
        "blurred poster": lambda: _blurred(pictures.poster(seed=201), sigma_px=9),
        "faint coffee": lambda: _faint(_photograph("coffee.png"), contrast=0.08),
        "faint poster": lambda: _faint(pictures.poster(seed=202), contrast=0.12),
        "night sky": lambda: _night_sky(203),
        "tiny poster": lambda: _shrunk(pictures.poster(seed=204), width_px=140),
        "checkers": lambda: _checkers(40),
        "dots": lambda: _dots(50),
        "half empty": lambda: _in_a_corner(pictures.poster(seed=205), share=0.3),
        "thin logo": lambda: _thin_logo(206),
        "clock in motion": lambda: _photograph("clock_motion.png"),
        "horse": lambda: _photograph("horse.png"),
        "very blurred cat": lambda: _blurred(_photograph("chelsea.png"), sigma_px=5),
        "brick": lambda: _photograph("brick.png"),
        "grass": lambda: _faint(_photograph("grass.png"), contrast=0.25),
        "soft clouds": lambda: _blurred(pictures.photo_like(seed=207), sigma_px=4),
    }


def _large() -> dict[str, Callable[[], Rgb]]:
    """Beside the large poster: three megapixels or more, of detail and not of enlargement."""
    return {
        "wall of photographs": _photograph_wall,
        "town map": lambda: _town_map(111),
        "magazine cover": lambda: _magazine_cover(112),
    }


def _photograph(name: str) -> Rgb:
    pixels = cv2.imread(str(PHOTOGRAPHS / name), cv2.IMREAD_COLOR)
    assert pixels is not None, name
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def _blurred(picture: Rgb, *, sigma_px: float) -> Rgb:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.uint8)


def _faint(picture: Rgb, *, contrast: float) -> Rgb:
    return np.asarray(np.rint(picture * contrast + 128 * (1 - contrast)), np.uint8)


def _shrunk(picture: Rgb, *, width_px: int) -> Rgb:
    height_px = round(picture.shape[0] * width_px / picture.shape[1])
    small = cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _plain(colour: tuple[int, int, int], *, width_px: int = 800, height_px: int = 600) -> Rgb:
    return pictures.flat(width_px=width_px, height_px=height_px, colour=colour)


def _letters(
    canvas: Rgb, words: str, at: tuple[int, int], size: float, ink: tuple[int, int, int], bold: int
) -> None:
    cv2.putText(canvas, words, at, cv2.FONT_HERSHEY_DUPLEX, size, ink, bold, cv2.LINE_AA)


def _sale_sign(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((226, 30, 40))
    angles = np.linspace(0, 2 * np.pi, 33)
    radii = np.where(np.arange(33) % 2, 150, 200)
    star = np.stack([590 + radii * np.cos(angles), 400 + radii * np.sin(angles)], axis=1)
    cv2.fillPoly(canvas, [star.astype(np.int32)], (255, 220, 0), cv2.LINE_AA)
    _letters(canvas, "SALE", (50, 220), 6.5, (255, 255, 255), 22)
    _letters(canvas, "-50%", (470, 440), 3.2, (200, 0, 30), 12)
    for line in range(4):
        price = f"item {line + 1} ... {rng.integers(100, 9999) / 100:.2f}"
        _letters(canvas, price, (50, 330 + 65 * line), 1.2, (255, 255, 255), 2)
    return canvas


def _logo(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((248, 248, 244), width_px=700, height_px=700)
    for ring in range(5):
        start = int(rng.integers(0, 360))
        ink = tuple(int(v) for v in rng.integers(20, 220, 3))
        axes = (300 - 50 * ring, 300 - 50 * ring)
        end = start + int(rng.integers(120, 300))
        cv2.ellipse(canvas, (350, 350), axes, 0, start, end, ink, 26, cv2.LINE_AA)
    _letters(canvas, "VIVA", (215, 385), 3.6, (30, 30, 60), 14)
    for _ in range(14):
        corner = rng.integers(90, 610, 2)
        triangle = (corner + rng.integers(-45, 45, (3, 2))).astype(np.int32)
        ink = tuple(int(v) for v in rng.integers(0, 200, 3))
        cv2.fillPoly(canvas, [triangle], ink, cv2.LINE_AA)
    return canvas


def _thin_logo(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((255, 255, 255), width_px=700, height_px=700)
    cv2.circle(canvas, (350, 350), 230, (20, 20, 20), 6, cv2.LINE_AA)
    first = tuple(int(v) for v in rng.integers(220, 300, 2))
    cv2.line(canvas, first, (480, 470), (20, 20, 20), 6, cv2.LINE_AA)
    cv2.line(canvas, (470, 240), (230, 480), (20, 20, 20), 6, cv2.LINE_AA)
    return canvas


def _painting(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    ground = pictures.photo_like(seed=seed, width_px=900, height_px=640)
    canvas = (ground // 2 + 60).astype(np.uint8)
    for _ in range(900):
        place = rng.integers(0, (900, 640))
        turn, length = rng.uniform(0, np.pi), rng.uniform(6, 40)
        end = place + length * np.array([np.cos(turn), np.sin(turn)])
        under = canvas[place[1], place[0]].astype(int) + rng.integers(-50, 50, 3)
        ink = tuple(int(v) for v in np.clip(under, 0, 255))
        ends = [tuple(int(v) for v in point) for point in (place, end)]
        cv2.line(canvas, ends[0], ends[1], ink, int(rng.integers(2, 9)), cv2.LINE_AA)
    return canvas


def _text_page(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((252, 252, 250), width_px=620, height_px=877)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    _letters(canvas, "Programme of the evening", (40, 80), 1.1, (10, 10, 10), 2)
    for line in range(34):
        words = ["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(9)]
        _letters(canvas, " ".join(words)[:52], (40, 125 + 22 * line), 0.5, (20, 20, 20), 1)
    return canvas


def _card(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((244, 238, 226), width_px=674, height_px=372)
    canvas[20:352, 400:654] = pictures.poster(seed=seed, width_px=254, height_px=332)
    _letters(canvas, "Anna Mikkelsen", (30, 90), 1.4, (40, 30, 90), 3)
    for line, words in enumerate(("photographer", "studio north", f"tel. {rng.integers(10**8)}")):
        _letters(canvas, words, (30, 160 + 60 * line), 0.9, (60, 60, 60), 1)
    return canvas


def _comic(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((255, 255, 255), width_px=800, height_px=1000)
    for row in range(3):
        for column in range(2):
            left, top = 20 + 390 * column, 20 + 325 * row
            ground = tuple(int(v) for v in rng.integers(90, 255, 3))
            cv2.rectangle(canvas, (left, top), (left + 370, top + 305), ground, -1)
            for _ in range(9):
                centre = (left + int(rng.integers(30, 340)), top + int(rng.integers(30, 275)))
                ink = tuple(int(v) for v in rng.integers(0, 255, 3))
                size = int(rng.integers(8, 30))
                cv2.circle(canvas, centre, size, ink, -1, cv2.LINE_AA)
                cv2.circle(canvas, centre, size, (0, 0, 0), 3, cv2.LINE_AA)
            _letters(canvas, "POW! ZAP?"[: int(rng.integers(3, 9))], (left + 40, top + 60), 1.3,
                     (0, 0, 0), 3)  # fmt: skip
            cv2.rectangle(canvas, (left, top), (left + 370, top + 305), (0, 0, 0), 4)
    return canvas


def _night_sky(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    sky = np.full((600, 800), 10, np.float32)
    for _ in range(110):
        x, y = rng.integers(4, (796, 596))
        sky[y, x] += rng.exponential(900)
    sky = cv2.GaussianBlur(sky, (0, 0), 1.4).astype(np.float32)
    pixels = np.clip(sky + rng.normal(0, 1.5, sky.shape), 0, 255).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2)


def _checkers(side_px: int) -> Rgb:
    cells = np.indices((600 // side_px, 800 // side_px)).sum(axis=0) % 2 * 200 + 20
    pixels = np.kron(cells, np.ones((side_px, side_px))).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2)


def _dots(step_px: int) -> Rgb:
    canvas = _plain((250, 240, 230))
    for y in range(step_px // 2, 600, step_px):
        for x in range(step_px // 2, 800, step_px):
            cv2.circle(canvas, (x, y), step_px // 4, (200, 40, 60), -1, cv2.LINE_AA)
    return canvas


def _in_a_corner(picture: Rgb, *, share: float) -> Rgb:
    canvas = _plain((205, 205, 200))
    small = _shrunk(picture, width_px=round(800 * share))
    canvas[20 : 20 + small.shape[0], 20 : 20 + small.shape[1]] = small
    return canvas


WALL: Final = (
    ("astronaut.png", "hubble_deep_field.jpg", "motorcycle_left.png", "ihc.png"),
    ("coffee.png", "rocket.jpg", "camera.png", "retina.jpg"),
    ("coins.png", "chelsea.png", "cell.png", "gravel.png"),
)


def _photograph_wall() -> Rgb:
    """Rows of photographs, each row as high as it must be to fill the width."""
    width_px, gap_px = 2400, 20
    rows = []
    for names in WALL:
        photographs = [_photograph(name) for name in names]
        aspects = [photo.shape[1] / photo.shape[0] for photo in photographs]
        height_px = round((width_px - gap_px * (len(names) + 1)) / sum(aspects))
        rows.append([
            cv2.resize(photo, (round(aspect * height_px), height_px), interpolation=cv2.INTER_AREA)
            for photo, aspect in zip(photographs, aspects, strict=True)
        ])  # fmt: skip
    total_px = sum(row[0].shape[0] + gap_px for row in rows) + gap_px
    canvas = _plain((250, 250, 248), width_px=width_px, height_px=total_px)
    top = gap_px
    for row in rows:
        left = gap_px
        for photo in row:
            part = canvas[top : top + photo.shape[0], left : left + photo.shape[1]]
            part[:] = photo[:, : part.shape[1]]
            left += photo.shape[1] + gap_px
        top += row[0].shape[0] + gap_px
    return canvas


def _town_map(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    width_px, height_px = 2400, 1800
    canvas = _plain((240, 236, 226), width_px=width_px, height_px=height_px)
    for _ in range(14):
        middle, spread = rng.integers(0, (width_px, height_px)), rng.integers(60, 260)
        park = (middle + rng.integers(-spread, spread, (6, 2))).astype(np.int32)
        cv2.fillPoly(canvas, [cv2.convexHull(park)], (186, 220, 160), cv2.LINE_AA)
    for _ in range(2600):
        place, size = rng.integers(0, (width_px, height_px)), rng.uniform(10, 46, 2)
        house = cv2.boxPoints((place.tolist(), size.tolist(), float(rng.choice((12, 30, 75)))))
        tone = int(rng.integers(120, 215))
        cv2.fillPoly(canvas, [house.astype(np.int32)], (tone, tone - 12, tone - 30), cv2.LINE_AA)
    along = np.arange(-50, width_px + 100, 50)
    river = 900 + 260 * np.sin(along / rng.uniform(250, 400)) + rng.normal(0, 12, len(along))
    bank = np.stack([along, river], axis=1).astype(np.int32)
    cv2.polylines(canvas, [bank], isClosed=False, color=(120, 170, 220), thickness=90)
    for _ in range(46):
        ends = rng.integers(0, (width_px, height_px), (2, 2))
        middle = ends.mean(axis=0) + rng.normal(0, 90, 2)
        street = np.array([ends[0], middle, ends[1]]).astype(np.int32)
        wide = int(rng.choice((8, 12, 20)))
        for thick, ink in ((wide + 6, (150, 130, 110)), (wide, (255, 250, 235))):
            cv2.polylines(canvas, [street], False, ink, thick, cv2.LINE_AA)
    for number in range(60):
        at = (int(rng.integers(20, width_px - 300)), int(rng.integers(40, height_px - 20)))
        name = "".join(rng.choice(list("aeiourstlnmd"), rng.integers(4, 9))).title()
        _letters(canvas, f"{name} {number + 1}", at, float(rng.uniform(0.7, 1.6)), (60, 40, 60), 2)
    return canvas


def _magazine_cover(seed: int) -> Rgb:
    rng = np.random.default_rng(seed)
    canvas = _plain((18, 16, 22), width_px=1600, height_px=2100)
    eye = _photograph("retina.jpg")
    canvas[360 : 360 + eye.shape[0], 90 : 90 + eye.shape[1]] = eye
    _letters(canvas, "INSIGHT", (70, 300), 11.5, (250, 236, 90), 40)
    for line, words in enumerate(("What eyes can tell", "Stars, far and near", "Slow coffee")):
        _letters(canvas, words, (110, 1560 + 110 * line), 2.8, (255, 255, 255), 6)
    for place, name in enumerate(("hubble_deep_field.jpg", "coffee.png", "chelsea.png")):
        small = _shrunk(_photograph(name), width_px=400)[:260]
        left = 90 + 480 * place
        canvas[1820 : 1820 + small.shape[0], left : left + 400] = small
    for bar in range(48):
        left = 1320 + 4 * bar
        canvas[340:350, left : left + int(rng.integers(1, 4))] = 255
    return canvas
