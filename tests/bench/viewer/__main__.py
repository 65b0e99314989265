"""``python -m tests.bench.viewer``: our recognition engine beside stock MindAR.

Renders seeded clips, shows them to both, and puts a table into docs/benchmarks.md. With
``--folder`` the clips are kept there and read again by the next run, which is quicker then.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.bench.page import put_section
from tests.bench.viewer import engines
from tests.bench.viewer.batches import PICTURES, Batch, rendered_clips
from tests.bench.viewer.conditions import STRANGER
from tests.bench.viewer.engines import Stored
from tests.bench.viewer.figures import Seen, judge
from tests.bench.viewer.floor import floor_px
from tests.bench.viewer.many import Pair, looked_at, merged_file
from tests.bench.viewer.report import TITLE, Run, section, summary

PAGE: Final = Path(__file__).parents[3] / "docs" / "benchmarks.md"
STRANGER_FRAMES: Final = 9000
CORNERS: Final = 4  # judged points of a picture that is seen flat


def main() -> None:
    """Render, watch, judge, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.viewer", description=__doc__)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-seeds", type=int, default=1, help="MindAR takes ten times as long")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--stranger-frames", type=int, default=STRANGER_FRAMES)
    parser.add_argument("--only", default="", help="shots whose names have this in them")
    parser.add_argument("--folder", type=Path, help="where clips are kept")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the page alone")
    chosen = parser.parse_args()
    root = chosen.folder or Path(tempfile.mkdtemp(prefix="vertexar-viewer-"))
    pictures = PICTURES[: chosen.pictures]
    peer_seeds = 0 if chosen.no_peer else chosen.peer_seeds
    count = len(pictures) * chosen.seeds
    batches = [
        Batch(
            picture,
            seed,
            root / f"{picture.replace(' ', '-')}-{seed}",
            round(chosen.stranger_frames / STRANGER.frames / count),
            chosen.only,
        )
        for seed in range(1, chosen.seeds + 1)
        for picture in pictures
    ]
    began = time.monotonic()
    pairs: list[Pair] = []
    try:
        seen = list(
            _watched(batches, root, pairs, peer_seeds=peer_seeds, is_kept=bool(chosen.folder))
        )
    finally:
        if not chosen.folder:
            shutil.rmtree(root)
    run = Run(len(pictures), chosen.seeds, peer_seeds, time.monotonic() - began)
    print(summary(seen))
    text = section(seen, run, pairs)
    print(text)
    if not chosen.dry_run:
        put_section(PAGE, TITLE, text)


def _watched(
    batches: list[Batch], root: Path, pairs: list[Pair], *, peer_seeds: int, is_kept: bool
) -> Iterator[Seen]:
    """Let the engines watch while the next clips are rendered; put looks for twenty in a list."""
    with ExitStack() as stack:
        root.mkdir(parents=True, exist_ok=True)
        # Not forked: a child would hold the pipes to Node open.
        spawning = multiprocessing.get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(max_workers=1, mp_context=spawning))
        ours = stack.enter_context(engines.our_engine())
        peer = stack.enter_context(engines.stock_mindar(root)) if peer_seeds else None
        merged = merged_file(root / "twenty.mind")
        rendered = [pool.submit(rendered_clips, batch) for batch in batches[:2]]
        for number, batch in enumerate(batches):
            clips = rendered[number].result()
            if number + 2 < len(batches):
                rendered.append(pool.submit(rendered_clips, batches[number + 2]))
            for engine in (ours, peer if batch.seed <= peer_seeds else None):
                if engine is None:
                    continue
                told = engine.watch(batch.mind, clips)
                for clip, answer in zip(clips, told, strict=True):
                    yield judge(
                        which=(batch.picture, batch.seed, clip.shot, engine.name),
                        truth=clip.places,
                        shown=answer.shown,
                        raw=answer.raw,
                        ms=answer.ms,
                        floors_px=_floors_px(clip),
                    )
            pairs += looked_at(ours, batch, clips, merged)
            if not is_kept:
                shutil.rmtree(batch.folder)


def _floors_px(clip: Stored) -> list[float]:
    """Of each frame of a clip that four corners do not tell all of."""
    if clip.places is None or len(clip.points) == CORNERS:
        return []
    return [floor_px(clip.points, places) for places in clip.places]


if __name__ == "__main__":
    main()
