"""Compiles pictures into one merged file and takes frames of each, for the tests of the engine.

JSON in: {folder, pictures: [[seed, width, height], ...], views: [view, ...]}; each picture is a
seeded poster. Writes ``merged.mind`` and ``frames.rgba``, the frames of the first picture in all
views, then those of the next; JSON out: {width, height, corners: [[corners by view] by picture]},
width and height those of a frame.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from markers.compiler import ROBUST, compile_target
from markers.sets import merge_targets
from tests.e2e.clips import View, homography_of
from tests.pictures import encode_png, photo_like, poster

WIDTH_PX, HEIGHT_PX = 640, 480
# Poses are of places, in which a pixel's centre is at a half; OpenCV's are of whole numbers there.
FROM_INDEX = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
TO_INDEX = np.linalg.inv(FROM_INDEX)
UNSCORED = replace(ROBUST, quality_views=0, enhance=False)


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    folder = Path(question["folder"])
    pictures = [
        poster(seed=seed, width_px=width_px, height_px=height_px)
        for seed, width_px, height_px in question["pictures"]
    ]
    minds = [compile_target(encode_png(picture), UNSCORED).mind for picture in pictures]
    (folder / "merged.mind").write_bytes(merge_targets(minds))
    room = photo_like(seed=99, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    corners = []
    with (folder / "frames.rgba").open("wb") as file:
        for picture in pictures:
            height_px, width_px = picture.shape[:2]
            edges = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], float)
            truths = []
            for view in question["views"]:
                pose = homography_of(
                    View(**view), picture_size=(width_px, height_px), size=(WIDTH_PX, HEIGHT_PX)
                )
                frame = room.copy()
                cv2.warpPerspective(
                    picture, TO_INDEX @ pose @ FROM_INDEX, (WIDTH_PX, HEIGHT_PX), frame,
                    flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT,
                )  # fmt: skip
                file.write(cv2.cvtColor(frame, cv2.COLOR_RGB2RGBA).tobytes())
                truths.append(cv2.perspectiveTransform(edges[None], pose)[0].tolist())
            corners.append(truths)
    json.dump({"width": WIDTH_PX, "height": HEIGHT_PX, "corners": corners}, sys.stdout)


if __name__ == "__main__":
    main()
