"""Several targets merged into one file, in the hands of stock MindAR."""

from pathlib import Path

import numpy as np
import pytest

from markers.compiler import CompileOptions, compile_target
from markers.sets import merge_targets
from tests.bench.frames import frames_of
from tests.bench.runtime import stock_runtime
from tests.pictures import encode_png, photo_like, poster

pytestmark = pytest.mark.e2e

QUICK = CompileOptions(quality_views=0, enhance=False)


def test_stock_mindar_tells_the_targets_of_a_merged_file_apart(tmp_path: Path) -> None:
    pictures = [
        poster(seed=1, width_px=640, height_px=480),
        photo_like(seed=2, width_px=500, height_px=500),
        poster(seed=3, width_px=400, height_px=600),
    ]
    minds = [compile_target(encode_png(picture), QUICK).mind for picture in pictures]

    with stock_runtime(tmp_path) as runtime:
        runtime.load([merge_targets(minds[:2]), minds[2]])
        found = [
            [look.is_found for look in runtime.look(frames_of(picture, seed=5, per_level=1)[0])]
            for picture in pictures
        ]

    assert np.array_equal(found, np.eye(3, dtype=bool))
