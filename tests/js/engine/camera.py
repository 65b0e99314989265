"""Renders camera clips and compiles the picture in them, for the JavaScript tests of the engine.

JSON in: {folder, picture, clips: [{name, shows, views, conditions, frames}]}. ``picture`` and
``shows`` name a picture: ["poster", seed], ["photo", name in skimage.data] or null for nothing;
``views`` has the first and the last view, between which the camera moves evenly. Writes
``target.mind`` and a ``.y4m`` for each clip; JSON out: {width, height, corners: {name: [corners or
null for each frame]}}.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import skimage.data

from markers.compiler import compile_target
from tests.e2e.clips import Conditions, Motion, Rgb, View, render_clip
from tests.pictures import encode_png, poster

FPS = 15


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    folder = Path(question["folder"])
    picture = named(question["picture"])
    assert picture is not None
    (folder / "target.mind").write_bytes(compile_target(encode_png(picture)).mind)
    corners = {}
    for wish in question["clips"]:
        clip = render_clip(
            folder / f"{wish['name']}.y4m",
            picture=named(wish["shows"]),
            motion=even_motion(wish["views"], frames=wish["frames"]),
            conditions=Conditions(**wish["conditions"]),
            fps=FPS,
            lead_in_frames=1,
            shown_frames=wish["frames"],
            tail_frames=3,
        )
        corners[wish["name"]] = [None if seen is None else seen.tolist() for seen in clip.corners]
    answer = {"width": picture.shape[1], "height": picture.shape[0], "corners": corners}
    json.dump(answer, sys.stdout)


def named(name: list[Any] | None) -> Rgb | None:
    """Make the picture of a name."""
    if name is None:
        return None
    kind, which = name
    if kind == "poster":
        return poster(seed=which)
    photo: Rgb = getattr(skimage.data, which)()
    return photo


def even_motion(views: list[dict[str, Any]], *, frames: int) -> Motion:
    """Go from the first view to the last at an even pace."""
    first, last = View(**views[0]), View(**views[-1])

    def at(seconds: float) -> View:
        share = seconds * FPS / max(frames - 1, 1)
        start, end = dataclasses.asdict(first), dataclasses.asdict(last)
        (x0, y0), (x1, y1) = start.pop("centre"), end.pop("centre")
        mixed = {key: start[key] + share * (end[key] - start[key]) for key in start}
        return View(**mixed, centre=(x0 + share * (x1 - x0), y0 + share * (y1 - y0)))

    return at


if __name__ == "__main__":
    main()
