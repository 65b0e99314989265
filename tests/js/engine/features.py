"""Tells the JavaScript tests which points the compiler finds in a seeded poster, and their bits.

JSON in: {seed, width, height}. JSON out: {grey, points, descriptors}, the grey pixels row by row
and the descriptors in base64, each point as [x, y, size, is_maximum, angle].
"""

import base64
import json
import sys

import numpy as np

from markers.compiler.decode import to_gray
from markers.compiler.features import describe_image
from tests.pictures import poster


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    picture = poster(
        seed=question["seed"], width_px=question["width"], height_px=question["height"]
    )
    grey = to_gray(np.ascontiguousarray(picture[..., ::-1]))
    features = describe_image(grey, per_bucket=8)
    points = [
        [float(x), float(y), int(size), bool(is_maximum), float(angle)]
        for (x, y), size, is_maximum, angle in zip(
            features.points_px,
            features.sizes,
            features.is_maximum,
            features.angles_rad,
            strict=True,
        )
    ]
    answer = {
        "grey": base64.b64encode(grey.tobytes()).decode(),
        "points": points,
        "descriptors": base64.b64encode(features.descriptors.tobytes()).decode(),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
