"""``python -m tests.bench.nft``: NFT files of ours beside the wheel's, in stock jsartoolkitNFT.

Both compile the same pictures, and the runtime looks at the same seeded frames with either's files,
each frame on its own: found means that it reports the target, with its corners within 10 px or 6 %
of the diagonal. The wheel is left out where it is not installed (``NFT_WHEEL_PYTHON`` may name an
interpreter that has it). When the time is up, no further picture is begun.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.bench.frames import LEVELS, frames_of
from tests.bench.nft_wheel import Made, make_with_ours, make_with_wheel, wheel_python
from tests.bench.pictures import BenchPicture, bench_pictures
from tests.interop.jsartoolkit import StockJsartoolkit, stock_jsartoolkit
from tests.pictures import encode_png

SEED: Final = 20_250_307
# Of many kinds, and none of which the wheel takes more than a minute; held-out ones among them.
PICTURES: Final = (
    *("astronaut", "coffee", "cat", "motorcycle", "rocket", "tissue", "gravel", "sale sign"),
    *("card", "text", "logo", "poster", "coins", "page"),
)

Measured = dict[str, Any]
"""By picture: ``is_held_out``, and by compiler ``cpu_s``, ``bytes``, ``found`` and ``wrong``."""


def measure(
    pictures: Sequence[BenchPicture], *, per_level: int, seconds_max: float
) -> dict[str, Measured]:
    """Compile and look.

    Args:
        pictures: which.
        per_level: frames of each level, of each picture.
        seconds_max: after which no further picture is begun.
    """
    until = time.monotonic() + seconds_max
    python = wheel_python()
    measured: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as name, stock_jsartoolkit(Path(name)) as runtime:
        for number, picture in enumerate(pictures):
            if time.monotonic() > until:
                break
            made = {"ours": make_with_ours(picture.png)}
            if python is not None:
                made["wheel"] = make_with_wheel(python, picture.png)
            measured[picture.name] = {
                "is_held_out": picture.is_held_out,
                **_look(runtime, made, picture, seed=SEED + number, per_level=per_level),
            }
    return measured


def _look(
    runtime: StockJsartoolkit,
    made: Mapping[str, Made],
    picture: BenchPicture,
    *,
    seed: int,
    per_level: int,
) -> Measured:
    frames = frames_of(picture.pixels, seed=seed, per_level=per_level)
    told: Measured = {}
    for compiler, files in made.items():
        runtime.load(*files.files)
        found: dict[str, list[bool]] = {level: [] for level in LEVELS}
        wrong, took_ms = 0, []
        for frame in frames:
            sighting = runtime.show(encode_png(frame.pixels))
            is_there = sighting.corners is not None and frame.is_there(sighting.corners)
            found[frame.level].append(is_there)
            wrong += sighting.corners is not None and not is_there
            took_ms.append(sighting.took_ms)
        told[compiler] = {
            "cpu_s": files.cpu_s,
            "bytes": sum(map(len, files.files)),
            "found": found,
            "wrong": wrong,
            "took_ms": took_ms,
        }
    return told


def report(measured: Mapping[str, Measured]) -> str:
    """Write the tables, in Markdown."""
    everything = list(measured.values())
    held_out = [one for one in everything if one["is_held_out"]]
    return "\n\n".join(
        [
            _summary(f"all {len(everything)} pictures", everything),
            _summary(f"the {len(held_out)} held out while tuning", held_out),
            _by_picture(measured),
        ]
    )


def _summary(title: str, group: Sequence[Measured]) -> str:
    rows = [("files of", *LEVELS, "all", "wrong poses", "bytes, median", "look, median")]
    for compiler in ("wheel", "ours"):
        ones = [one[compiler] for one in group if compiler in one]
        if not ones:
            continue
        rates = [_rate(one["found"][level] for one in ones) for level in LEVELS]
        every = _rate(found for one in ones for found in one["found"].values())
        look_ms = np.median([ms for one in ones for ms in one["took_ms"]])
        size = np.median([one["bytes"] for one in ones])
        rows.append(
            (
                compiler,
                *(f"{rate:.3f}" for rate in (*rates, every)),
                str(sum(one["wrong"] for one in ones)),
                f"{size:.0f}",
                f"{look_ms:.0f} ms",
            )
        )
    ratios = [_ratio(one) for one in group if "wheel" in one]
    said = (
        f"CPU of the wheel over ours: median {np.median(ratios):.0f}x, least {min(ratios):.0f}x"
        if ratios
        else "CPU of the wheel: it is not installed"
    )
    return f"{title}\n\n{_table(rows)}\n\n{said}"


def _by_picture(measured: Mapping[str, Measured]) -> str:
    rows = [("picture", "held out", "wheel CPU s", "ours CPU s", "ratio", "wheel found", "found")]
    for name, one in measured.items():
        has_wheel = "wheel" in one
        rows.append(
            (
                name,
                "yes" if one["is_held_out"] else "",
                f"{one['wheel']['cpu_s']:.1f}" if has_wheel else "",
                f"{one['ours']['cpu_s']:.3f}",
                f"{_ratio(one):.0f}x" if has_wheel else "",
                f"{_rate(one['wheel']['found'].values()):.2f}" if has_wheel else "",
                f"{_rate(one['ours']['found'].values()):.2f}",
            )
        )
    return _table(rows)


def _ratio(one: Measured) -> float:
    return float(one["wheel"]["cpu_s"] / one["ours"]["cpu_s"])


def _rate(groups: Iterable[Sequence[bool]]) -> float:
    return float(np.mean([found for group in groups for found in group]))


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def main() -> None:
    """Measure, print the tables, and keep the figures if a file is named."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nft", description=__doc__)
    parser.add_argument("--per-level", type=int, default=6, help="frames of each level")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which none is begun")
    parser.add_argument("--pictures", nargs="*", default=PICTURES)
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    chosen = parser.parse_args()
    by_name = {picture.name: picture for picture in bench_pictures()}
    measured = measure(
        [by_name[name] for name in chosen.pictures],
        per_level=chosen.per_level,
        seconds_max=60 * chosen.minutes,
    )
    if chosen.json:
        chosen.json.write_text(json.dumps(measured))
    print(report(measured))


if __name__ == "__main__":
    main()
