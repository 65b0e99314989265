"""Seeded camera clips with a known truth, for Chromium's ``--use-file-for-fake-video-capture``.

A clip shows clutter, then a printed picture before the same clutter, seen as a view says, then
clutter again. Coordinates are pixels of the frame, x then y, from its top left corner; the centre
of the first pixel is at (0.5, 0.5). The same arguments give the same file, byte for byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]  # (H, W, 3), 0..255
Corners = NDArray[
    np.float64
]  # (4, 2): the picture's top left, top right, bottom right, bottom left
Matrix = NDArray[np.float64]  # (3, 3) homography, last entry 1

# Frames are drawn this much larger and averaged down, as a sensor's pixels average light.
_SUPERSAMPLING = 3
_FIELD_OF_VIEW_RAD = np.radians(45.0)  # vertical

_COUNTER_BITS = 12
_COUNTER_CELLS = _COUNTER_BITS + 5  # white, black; bits; parity; black, white
_COUNTER_CELL_SHARE = 1 / 64  # side of a cell, of the frame's width
_COUNTER_MARGIN_SHARE = 1 / 128


@dataclass(frozen=True, slots=True)
class View:
    """How the camera sees the picture at one moment."""

    fill: float = 0.6  # untilted, it fits a box of this share of the frame's width and height
    tilt_deg: float = 0.0  # out of the frame's plane; 0 is head-on
    tilt_axis_deg: float = 0.0  # direction in the frame that the tilt turns about; 0 is horizontal
    roll_deg: float = 0.0  # within the frame's plane, clockwise as seen
    centre: tuple[float, float] = (0.5, 0.5)  # of the picture, in shares of the frame's sides


@dataclass(frozen=True, slots=True)
class Conditions:
    """What light and lens do to every frame."""

    light: float = 1.0  # factor on all values
    blur_px: float = 0.0  # sigma of a Gaussian
    noise: float = 2.0  # sigma of Gaussian noise, of 255
    covered: float = 0.0  # share of the picture's width, from the left, that something lies on


Motion = Callable[[float], View]  # seconds since the picture came in -> how it is seen


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A rendered clip and its truth."""

    path: Path
    fps: int
    size: tuple[int, int]  # width, height
    corners: tuple[Corners | None, ...]  # one for each frame; None where the picture is not there


def still(view: View) -> Motion:
    """Keep one view."""
    return lambda _seconds: view


def render_clip(
    path: Path,
    *,
    picture: Rgb | None,
    motion: Motion | None = None,
    conditions: Conditions | None = None,
    fps: int = 15,
    size: tuple[int, int] = (640, 480),
    lead_in_frames: int = 8,
    shown_frames: int = 45,
    tail_frames: int = 15,
    seed: int = 11,
    has_counter: bool = True,
) -> Clip:
    """Write a clip as YUV4MPEG2 (4:2:0) and return its truth.

    Args:
        path: file to write; ``.y4m`` is what Chromium wants.
        picture: what is printed, or None for nothing but clutter all the time.
        motion: how it is seen; by default still, head-on, on 60 % of the frame.
        conditions: light and lens; by default nothing but slight noise.
        fps: whole frames a second.
        size: width and height of the frames in pixels, both even.
        lead_in_frames: frames before the picture comes in.
        shown_frames: frames with the picture.
        tail_frames: frames after it has left.
        seed: of clutter and noise.
        has_counter: whether each frame's number is drawn into it.

    Raises:
        ValueError: the size is odd, or there are more frames than the counter can count.
    """
    width, height = size
    total = lead_in_frames + shown_frames + tail_frames
    if width % 2 or height % 2:
        raise ValueError(f"{width}x{height}: 4:2:0 needs even sides")
    if total >= 1 << _COUNTER_BITS:
        raise ValueError(f"{total} frames are more than the counter counts")
    motion, conditions = motion or still(View()), conditions or Conditions()
    rng = np.random.default_rng(seed)
    clutter = _clutter(rng, width=width, height=height)
    picture_size = (0, 0) if picture is None else (picture.shape[1], picture.shape[0])
    if picture is not None and conditions.covered > 0:
        picture = _cover(rng, picture, share=conditions.covered)

    truth: list[Corners | None] = []
    drawn: tuple[View, Rgb, Corners] | None = None  # a picture that lies still is drawn once
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(total):
            frame, corners = clutter, None
            if picture is not None and lead_in_frames <= number < lead_in_frames + shown_frames:
                view = motion((number - lead_in_frames) / fps)
                if drawn is None or drawn[0] != view:
                    pose = homography_of(view, picture_size=picture_size, size=size)
                    seen = _overlay(clutter, picture, pose)
                    drawn = view, seen, _project_corners(pose, picture_size=picture_size)
                _view, frame, corners = drawn
            shot = _expose(rng, frame, conditions)
            if has_counter:
                _draw_counter(shot, number)
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(shot, cv2.COLOR_RGB2YUV_I420).tobytes())
            truth.append(corners)
    return Clip(path=path, fps=fps, size=size, corners=tuple(truth))


def homography_of(view: View, *, picture_size: tuple[int, int], size: tuple[int, int]) -> Matrix:
    """Say how a view maps pixels of the picture to pixels of the frame.

    The camera is a pinhole with a vertical field of view of 45 degrees, the picture a plane at the
    distance at which it fills the frame as asked.

    Args:
        view: how the picture is seen.
        picture_size: its width and height in pixels.
        size: the frame's width and height in pixels.
    """
    (picture_width, picture_height), (width, height) = picture_size, size
    focal_px = height / 2 / np.tan(_FIELD_OF_VIEW_RAD / 2)
    scale = view.fill * min(width / picture_width, height / picture_height)
    axis_rad, roll_rad = np.radians(view.tilt_axis_deg), np.radians(view.roll_deg)
    axis = np.array([np.cos(axis_rad), np.sin(axis_rad), 0.0]) * np.radians(view.tilt_deg)
    turn = cv2.Rodrigues(axis)[0] @ cv2.Rodrigues(np.array([0.0, 0.0, roll_rad]))[0]
    centre = np.array([(view.centre[0] - 0.5) * width, (view.centre[1] - 0.5) * height, focal_px])
    plane = np.column_stack([turn[:, 0] * scale, turn[:, 1] * scale, centre])
    camera = np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1.0]])
    to_middle = np.array([[1, 0, -picture_width / 2], [0, 1, -picture_height / 2], [0, 0, 1.0]])
    pose = camera @ plane @ to_middle
    return np.asarray(pose / pose[2, 2], dtype=np.float64)


def read_counter(frame: Rgb) -> int | None:
    """Read the number of a frame off a picture of it.

    Args:
        frame: (H, W, 3) uint8, the whole frame at any scale, for instance cut from a screenshot.

    Returns:
        The frame's number from 0, or None when no intact counter is there.
    """
    grey = frame.astype(np.float64).mean(axis=2)
    values = []
    for left, top, side in _counter_cells(width=frame.shape[1], height=frame.shape[0]):
        cell = grey[_middle_half(top, side), _middle_half(left, side)]
        if cell.size == 0:
            return None
        values.append(float(cell.mean()))
    bits = [value > 127.5 for value in values]
    if bits[:2] != [True, False] or bits[-2:] != [False, True]:
        return None
    if any(abs(value - 127.5) < 40 for value in values):
        return None
    *number, parity = bits[2:-2]
    if sum(number) % 2 != parity:
        return None
    return sum(int(bit) << place for place, bit in enumerate(reversed(number)))


def _middle_half(start: float, length: float) -> slice:
    """Pixels around the middle of a stretch, at least one."""
    first = round(start + length / 4)
    return slice(first, max(round(start + 3 * length / 4), first + 1))


def _counter_cells(*, width: int, height: int) -> list[tuple[float, float, float]]:
    """Left, top and side of each cell of the counter, in the bottom left corner of the frame."""
    side, margin = width * _COUNTER_CELL_SHARE, width * _COUNTER_MARGIN_SHARE
    top = height - margin - side
    return [(margin + index * side, top, side) for index in range(_COUNTER_CELLS)]


def _draw_counter(frame: Rgb, number: int) -> None:
    """Draw the frame's number into it."""
    bits = [bool(number >> place & 1) for place in reversed(range(_COUNTER_BITS))]
    cells = [True, False, *bits, sum(bits) % 2 == 1, False, True]
    for is_white, (left, top, side) in zip(
        cells, _counter_cells(width=frame.shape[1], height=frame.shape[0]), strict=True
    ):
        area = (slice(round(top), round(top + side)), slice(round(left), round(left + side)))
        frame[area] = 245 if is_white else 10


def _project_corners(pose: Matrix, *, picture_size: tuple[int, int]) -> Corners:
    width, height = picture_size
    outline = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    seen = outline @ pose.T
    return np.asarray(seen[:, :2] / seen[:, 2:], dtype=np.float64)


def _overlay(clutter: Rgb, picture: Rgb, pose: Matrix) -> Rgb:
    """Draw the picture over the clutter, each pixel the average of its area."""
    height, width = clutter.shape[:2]
    fine_size = (width * _SUPERSAMPLING, height * _SUPERSAMPLING)
    corners = _project_corners(pose, picture_size=(picture.shape[1], picture.shape[0]))
    edges_px = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) * _SUPERSAMPLING
    shrink = min(1.0, float(edges_px.max()) / min(picture.shape[:2]))
    small = picture
    if shrink < 1.0:  # warping alone would skip pixels
        sides = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
        small = np.asarray(cv2.resize(picture, sides, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    grow = np.diag([picture.shape[1] / small.shape[1], picture.shape[0] / small.shape[0], 1.0])
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])  # from pixel indices to places
    warp = np.linalg.inv(half) @ np.diag([_SUPERSAMPLING, _SUPERSAMPLING, 1.0]) @ pose @ grow @ half
    fine = cv2.warpPerspective(small, warp, fine_size, borderMode=cv2.BORDER_REPLICATE)
    opaque = np.full(small.shape[:2], 255, dtype=np.uint8)
    mask = cv2.warpPerspective(opaque, warp, fine_size)
    fine[mask == 0] = 0
    colour = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize((mask > 0).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    mixed = colour + clutter * (1.0 - share[..., None])
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _expose(rng: np.random.Generator, frame: Rgb, conditions: Conditions) -> Rgb:
    """Let light and lens have their way with a frame. Returns a new one."""
    light = frame.astype(np.float32)
    if conditions.blur_px > 0:
        light = cv2.GaussianBlur(light, (0, 0), conditions.blur_px).astype(np.float32)
    light *= conditions.light
    light += rng.normal(0.0, conditions.noise, size=frame.shape).astype(np.float32)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def _clutter(rng: np.random.Generator, *, width: int, height: int) -> Rgb:
    """Draw a busy desk: soft colours, and shapes and strokes of all sizes over them."""
    coarse = rng.integers(40, 216, size=(5, 7, 3), dtype=np.uint8)
    canvas = cv2.resize(coarse, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    reach = 2 * min(width, height)
    for _ in range(120):
        colour = tuple(rng.integers(0, 256, size=3).tolist())
        x, y = rng.uniform(0, 2 * width), rng.uniform(0, 2 * height)
        extent = reach * 0.01 * 12 ** rng.uniform(0.0, 1.0)
        angles = np.sort(rng.uniform(0, 2 * np.pi, size=int(rng.integers(3, 8))))
        ring = np.stack([x + extent * np.cos(angles), y + extent * np.sin(angles)], axis=1)
        if rng.uniform() < 0.7:
            cv2.fillPoly(canvas, [ring.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            thickness = int(rng.integers(1, 6))
            cv2.polylines(canvas, [ring.astype(np.int32)], False, colour, thickness, cv2.LINE_AA)
    return np.asarray(
        cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _cover(rng: np.random.Generator, picture: Rgb, *, share: float) -> Rgb:
    """Lay a piece of other clutter on the picture's left part. Returns a new picture."""
    height, width = picture.shape[:2]
    covered = picture.copy()
    edge = round(width * share)
    covered[:, :edge] = _clutter(rng, width=width, height=height)[:, :edge]
    return covered
