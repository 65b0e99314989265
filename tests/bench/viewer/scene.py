"""Renders clips in grey, with the true places of points of the picture in every frame.

Coordinates are pixels of the frame or of the picture, x then y, from the top left corner; the
centre of the first pixel is at (0.5, 0.5). The same arguments give the same pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.bench.viewer.conditions import (
    FRAME_PX,
    STRANGER,
    Shot,
    focal_px,
    moved_view,
    stranger_view,
)
from tests.e2e.clips import View, homography_of
from tests.pictures import photo_like, poster

Grey = NDArray[np.uint8]  # (H, W), 0..255
Places = NDArray[np.float64]  # (..., 2)
Matrix = NDArray[np.float64]  # (3, 3)
Mapping2d = Callable[[Places], Places]

# Frames are drawn this much larger and averaged down, as a sensor's pixels average light; more so
# where a steep view squeezes the picture.
SUPERSAMPLING: Final = 2
SUPERSAMPLING_STEEP: Final = 4
STEEP_DEG: Final = 50
_GRID: Final = 5  # points of the picture that are judged where it is not seen flat, each way
_COARSE_PX: Final = 4  # where a bent way back is computed; between, it is as good as straight
_STEPS: Final = 12  # of an iteration whose error falls by a factor of 10 or more each time


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A rendered clip and its truth.

    Attributes:
        name: of its shot.
        frames: (N, 480, 640).
        points: (K, 2) of the picture: its corners, or a grid where a homography cannot tell all.
        places: (N, K, 2) of those points in the frames; None when another picture is shown.
    """

    name: str
    frames: NDArray[np.uint8]
    points: Places
    places: Places | None


def render(shot: Shot, picture: Grey, rival: Grey, *, seed: int) -> Clip:
    """Show a picture as a shot says.

    Args:
        picture: what is looked for.
        rival: lies beside it if the shot has one.
        seed: of view, scene and noise.
    """
    rng = np.random.default_rng(seed)
    scene = _room(rng)
    view_at = moved_view(shot, rng)
    if shot.covered > 0:
        picture = _covered(rng, picture, share=shot.covered)
    glare = _glare(rng, shot.view) if shot.has_glare else None
    streak = _streak(rng, shot.streak_px) if shot.streak_px else None
    if shot.has_rival:
        beside = replace(shot.view, centre=(1 - shot.view.centre[0], 0.55), roll_deg=8.0)
        scene = _shown(rival, scene, _flat(rival, beside), beside)
    points = _points(picture, is_flat=shot.is_flat)
    frames, places = [], []
    for number in range(shot.frames):
        view = view_at(number)
        forth, back = _optics(shot, picture, view, view_at(number + 1))
        seen = _shown(picture, scene, (forth, back), view)
        frames.append(_exposed(rng, shot, seen, glare=glare, streak=streak))
        places.append(forth(points))
    return Clip(shot.name, np.stack(frames), points, np.stack(places))


def render_stranger(others: list[Grey], *, seed: int) -> Clip:
    """Show another picture than the one that is looked for, or none."""
    rng = np.random.default_rng(seed)
    scene = _room(rng)
    shown = int(rng.integers(len(others) + 1))
    shot = replace(
        STRANGER, view=stranger_view(rng), noise=rng.uniform(1, 5), blur_px=rng.uniform(0, 1.2)
    )
    view_at = moved_view(shot, rng)
    frames = []
    for number in range(shot.frames):
        seen = scene
        if shown < len(others):
            view = view_at(number)
            seen = _shown(others[shown], scene, _flat(others[shown], view), view)
        else:
            seen = np.roll(scene, 3 * number, axis=1)
        frames.append(_exposed(rng, shot, seen, glare=None, streak=None))
    return Clip(shot.name, np.stack(frames), np.zeros((0, 2)), None)


def _points(picture: Grey, *, is_flat: bool) -> Places:
    height, width = picture.shape
    if is_flat:
        return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    across, down = np.linspace(0, width, _GRID), np.linspace(0, height, _GRID)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def _optics(shot: Shot, picture: Grey, view: View, next_view: View) -> tuple[Mapping2d, Mapping2d]:
    """From the picture to the frame, and back."""
    if shot.bend:
        return _bent(picture, view, bend=shot.bend)
    flat = _flat(picture, view)
    if shot.readout:
        return _read_row_by_row(flat, _flat(picture, next_view), readout=shot.readout)
    if shot.distortion:
        return _through_lens(flat, distortion=shot.distortion)
    return flat


class _Flat:
    """A homography, one way."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix

    def __call__(self, points: Places) -> Places:
        x, y = points[..., 0], points[..., 1]
        m = self.matrix
        depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        return np.stack(
            [
                (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth,
                (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth,
            ],
            axis=-1,
        )


def _flat(picture: Grey, view: View) -> tuple[_Flat, _Flat]:
    size = (picture.shape[1], picture.shape[0])
    pose = homography_of(view, picture_size=size, size=FRAME_PX)
    return _Flat(pose), _Flat(np.asarray(np.linalg.inv(pose), np.float64))


def _read_row_by_row(
    now: tuple[_Flat, _Flat], later: tuple[_Flat, _Flat], *, readout: float
) -> tuple[Mapping2d, Mapping2d]:
    """Rows are read one by one while the view changes; the middle one at the frame's time."""

    def share(y_px: NDArray[np.float64]) -> NDArray[np.float64]:
        return readout * (y_px / FRAME_PX[1] - 0.5)

    def forth(points: Places) -> Places:
        here, there = now[0](points), later[0](points)
        seen = here
        for _ in range(_STEPS):
            seen = here + share(seen[..., 1])[..., None] * (there - here)
        return seen

    def back(places: Places) -> Places:
        # The step between two frames is short: the point whose way crosses this place at its row.
        points = now[1](places)
        for _ in range(3):
            seen = now[0](points) + share(places[..., 1])[..., None] * (
                later[0](points) - now[0](points)
            )
            points = now[1](now[0](points) + places - seen)
        return points

    return forth, back


def _through_lens(flat: tuple[_Flat, _Flat], *, distortion: float) -> tuple[Mapping2d, Mapping2d]:
    """A lens draws places towards the middle, by the square of how far they are out."""
    middle = np.array(FRAME_PX) / 2
    reach_px = np.linalg.norm(middle)

    def drawn_in(places: Places) -> Places:
        out = places - middle
        square = (out**2).sum(axis=-1, keepdims=True) / reach_px**2
        return np.asarray(middle + out * (1 - distortion * square))

    def undone(places: Places) -> Places:
        straight = places
        for _ in range(_STEPS):
            straight = straight + places - drawn_in(straight)
        return straight

    return (lambda points: drawn_in(flat[0](points))), (lambda places: flat[1](undone(places)))


def _bent(picture: Grey, view: View, *, bend: float) -> tuple[Mapping2d, Mapping2d]:
    """The picture on a column whose axis is upright in it, its middle nearest to the camera."""
    height, width = picture.shape
    radius = width / bend
    focal = focal_px()
    camera = np.array([[focal, 0, FRAME_PX[0] / 2], [0, focal, FRAME_PX[1] / 2], [0, 0, 1]])
    to_middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    across, down, origin = (np.linalg.inv(camera) @ _flat(picture, view)[0].matrix @ to_middle).T
    away = np.cross(across, down) / np.linalg.norm(across)
    pose = np.column_stack([across, down, away])

    def forth(points: Places) -> Places:
        angle = (points[..., 0] - width / 2) / radius
        depth = radius * (1 - np.cos(angle))
        solid = np.stack([radius * np.sin(angle), points[..., 1] - height / 2, depth], axis=-1)
        seen = (solid @ pose.T + origin) @ camera.T
        return np.asarray(seen[..., :2] / seen[..., 2:])

    def back(places: Places) -> Places:
        inverse = np.linalg.inv(pose)
        eye = -inverse @ origin
        rays = np.concatenate([places, np.ones((*places.shape[:-1], 1))], axis=-1)
        rays = rays @ (inverse @ np.linalg.inv(camera)).T
        x, z = rays[..., 0], rays[..., 2]
        # Where the ray first meets the column: x^2 + (z - radius)^2 = radius^2.
        a, b = x * x + z * z, x * eye[0] + z * (eye[2] - radius)
        c = eye[0] ** 2 + (eye[2] - radius) ** 2 - radius**2
        root = np.sqrt(np.maximum(b * b - a * c, 0))
        along = np.where(b * b >= a * c, (-b - root) / a, np.nan)
        angle = np.arcsin(np.clip((eye[0] + along * x) / radius, -1, 1))
        points = np.stack(
            [radius * angle + width / 2, eye[1] + along * rays[..., 1] + height / 2], axis=-1
        )
        return np.asarray(np.nan_to_num(points, nan=-1e6))

    return forth, back


def _shown(picture: Grey, scene: Grey, optics: tuple[Mapping2d, Mapping2d], view: View) -> Grey:
    """Put the picture into the scene, each pixel the mean of its area."""
    forth, back = optics
    fine = SUPERSAMPLING_STEEP if view.tilt_deg >= STEEP_DEG else SUPERSAMPLING
    width, height = FRAME_PX
    outline = forth(_points(picture, is_flat=True))
    sides = np.linalg.norm(outline - np.roll(outline, 1, axis=0), axis=1)
    shrink = min(1.0, fine * float(sides.max()) / max(picture.shape))
    size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if shrink < 1 else picture
    scale = np.array([small.shape[1] / picture.shape[1], small.shape[0] / picture.shape[0]])
    if isinstance(back, _Flat):
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        warp = np.linalg.inv(half) @ np.diag([*scale, 1]) @ back.matrix
        warp = warp @ np.diag([1 / fine, 1 / fine, 1]) @ half
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        fine_size = (width * fine, height * fine)
        drawn = cv2.warpPerspective(
            small, warp, fine_size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        opaque = np.full(small.shape, 255, np.uint8)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        inside = cv2.warpPerspective(opaque, warp, fine_size, flags=flags) > 0
    else:
        across, down = (_COARSE_PX * (np.arange(n // _COARSE_PX) + 0.5) for n in FRAME_PX)
        points = back(np.stack(np.meshgrid(across, down), axis=-1))
        fine_size = (width * fine, height * fine)
        points = np.asarray(cv2.resize(points, fine_size, interpolation=cv2.INTER_LINEAR))
        x, y = points[..., 0], points[..., 1]
        inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
        places = (points * scale - 0.5).astype(np.float32)
        drawn = cv2.remap(
            small,
            places[..., 0],
            places[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    behind = cv2.resize(scene, (width * fine, height * fine), interpolation=cv2.INTER_NEAREST)
    mixed = np.where(inside, drawn, behind)
    return np.asarray(cv2.resize(mixed, FRAME_PX, interpolation=cv2.INTER_AREA), np.uint8)


def _exposed(
    rng: np.random.Generator,
    shot: Shot,
    seen: Grey,
    *,
    glare: NDArray[np.float32] | None,
    streak: NDArray[np.float32] | None,
) -> Grey:
    """Let light, lens and sensor have their way with a frame."""
    light = seen.astype(np.float32)
    if glare is not None:
        light = light + glare
    if streak is not None:
        light = np.asarray(cv2.filter2D(light, -1, streak), np.float32)
    if shot.blur_px > 0:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), shot.blur_px), np.float32)
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    shot_light = light * np.float32(shot.light) + np.float32(shot.noise) * noise
    return np.clip(np.rint(shot_light), 0, 255).astype(np.uint8)


def _room(rng: np.random.Generator) -> Grey:
    """A busy room, a little out of focus."""
    draw = poster if rng.random() < 0.5 else photo_like
    width, height = FRAME_PX
    room = draw(seed=int(rng.integers(2**31)), width_px=width, height_px=height)
    return np.asarray(cv2.GaussianBlur(grey_of(room), (0, 0), 1.5), np.uint8)


def _covered(rng: np.random.Generator, picture: Grey, *, share: float) -> Grey:
    """Lay a piece of something else on the picture's left part."""
    height, width = picture.shape
    edge = round(width * share)
    other = poster(seed=int(rng.integers(2**31)), width_px=width, height_px=height)
    covered = picture.copy()
    covered[:, :edge] = grey_of(other)[:, :edge]
    return covered


def _glare(rng: np.random.Generator, view: View) -> NDArray[np.float32]:
    """The mirrored lamp: brightest in its middle, where nothing else is seen."""
    width, height = FRAME_PX
    x = (view.centre[0] + view.fill * rng.uniform(-0.25, 0.25)) * width
    y = (view.centre[1] + view.fill * rng.uniform(-0.25, 0.25)) * height
    across, down = np.meshgrid(np.arange(width) - x, np.arange(height) - y)
    square = (across / (0.2 * view.fill * width)) ** 2 + (down / (0.2 * view.fill * height)) ** 2
    return np.asarray(400 * np.exp(-square), np.float32)


def _streak(rng: np.random.Generator, length_px: float) -> NDArray[np.float32]:
    """The trace of a point, in the middle of its kernel, so that the truth is its middle."""
    fine = 9
    reach = int(np.ceil(length_px / 2)) + 1
    side = (2 * reach + 1) * fine
    angle = rng.uniform(0, np.pi)
    along = np.linspace(-length_px / 2, length_px / 2, 400) * fine
    trace = np.zeros((side, side), np.float32)
    x = np.rint(along * np.cos(angle)).astype(int) + side // 2
    y = np.rint(along * np.sin(angle)).astype(int) + side // 2
    np.add.at(trace, (y, x), 1)
    kernel = cv2.resize(trace, (2 * reach + 1, 2 * reach + 1), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def grey_of(picture: NDArray[np.uint8]) -> Grey:
    """Mean of red, green and blue, as compilers take it."""
    return np.asarray(picture.astype(np.uint16).sum(axis=2) // 3, np.uint8)
