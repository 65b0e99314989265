"""Turns what was measured of NFT files into text for ``docs/benchmarks.md``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from tests.bench.frames import LEVELS
from tests.bench.nft import SEED
from tests.bench.nft_compilers import OUR_RUNS, WHEEL_RUNS

NOT_RUN: Final = "not run"
NOT_MEASURED: Final = "not measured"
NAMES: Final = {"wheel": "the wheel", "ours": "ours"}
WANTED: Final = {
    "CPU of the wheel's over ours": ">= 60x",
    "detection": ">= .80",
    "peak memory at 12 megapixels": "<= 300 MB",
}

Row = tuple[str, str, str]

HEAD: Final = f"""## NFT files in stock jsartoolkitNFT

The peer is the wheel `nft-marker-creator` 0.1.0, with its own defaults. The runtime is
`@webarkit/jsartoolkit-nft` 1.7.7 from npm, unmodified, in Chromium; it looks at each frame on its
own, after an empty one. Found means reported, with the corners as above. Frame seeds {SEED} + the
picture's place in the last table. CPU is the least of {OUR_RUNS} processes that did nothing before,
of the wheel's of {WHEEL_RUNS}, from the picture's file to the three files. Pictures that the wheel
needs minutes for are left out.
"""


def nft_rows(figures: Mapping[str, Any] | None) -> list[Row]:
    """Write the rows of the summary; a peer that is not installed was not measured."""
    if figures is None:
        return [(f"NFT: {what}", NOT_RUN, wanted) for what, wanted in WANTED.items()]
    everything = list(figures["pictures"].values())
    held_out = [one for one in everything if one["is_held_out"]]
    cpu, detection, memory = WANTED.items()
    return [
        (f"NFT: {cpu[0]}, median of {len(everything)}", _median_ratio(everything), cpu[1]),
        (
            f"NFT: {detection[0]}, ours",
            f"{_found(everything, 'ours')}, held out {_found(held_out, 'ours')}",
            detection[1],
        ),
        (f"NFT: {detection[0]}, the wheel's", _found(everything, "wheel"), ""),
        (f"NFT: {memory[0]}", f"{figures['peak_mb']:.0f} MB", memory[1]),
    ]


def nft_section(figures: Mapping[str, Any] | None) -> str:
    """Write the section: all pictures, those held out, and picture by picture."""
    if figures is None:
        return f"{HEAD}\nNot run.\n"
    everything = list(figures["pictures"].values())
    held_out = [one for one in everything if one["is_held_out"]]
    parts = [HEAD]
    if not any("wheel" in one for one in everything):
        parts.append("**The wheel was not measured: it is not installed here.**\n")
    parts += [
        f"All {len(everything)} pictures:\n",
        _by_compiler(everything),
        f"The {len(held_out)} held out while tuning:\n",
        _by_compiler(held_out),
        _by_picture(figures["pictures"]),
    ]
    return "\n".join(parts)


def _by_compiler(group: Sequence[Mapping[str, Any]]) -> str:
    rows: list[Sequence[str]] = [
        ("files of", "frames", "all", *LEVELS, "wrong poses", "kB, median", "ms a frame, median")
    ]
    for compiler, name in NAMES.items():
        ones = [one[compiler] for one in group if compiler in one]
        if not ones:
            rows.append((name, *([NOT_MEASURED] * 8)))
            continue
        looks_ms = [ms for one in ones for ms in one["took_ms"]]
        rows.append(
            (
                name,
                str(len(looks_ms)),
                _rate(frames for one in ones for frames in one["found"].values()),
                *(_rate(one["found"][level] for one in ones) for level in LEVELS),
                str(sum(one["wrong"] for one in ones)),
                f"{np.median([one['bytes'] for one in ones]) / 1000:.0f}",
                f"{np.median(looks_ms):.0f}",
            )
        )
    return f"{_table(rows)}\nCPU of the wheel's over ours: {_spread(group)}.\n"


def _by_picture(pictures: Mapping[str, Mapping[str, Any]]) -> str:
    rows: list[Sequence[str]] = [
        (
            *("picture", "held out", "wheel, CPU s", "ours, CPU s", "ratio"),
            *("wheel, found", "ours, found", "wheel, wrong poses", "ours, wrong poses"),
        )
    ]
    for name, one in pictures.items():
        ours, wheel = one["ours"], one.get("wheel")
        rows.append(
            (
                name,
                "yes" if one["is_held_out"] else "",
                f"{wheel['cpu_s']:.2f}" if wheel else NOT_MEASURED,
                f"{ours['cpu_s']:.3f}",
                f"{_ratio(one):.0f}x" if wheel else NOT_MEASURED,
                _rate(wheel["found"].values()) if wheel else NOT_MEASURED,
                _rate(ours["found"].values()),
                str(wheel["wrong"]) if wheel else NOT_MEASURED,
                str(ours["wrong"]),
            )
        )
    return _table(rows)


def _found(group: Iterable[Mapping[str, Any]], compiler: str) -> str:
    """Write the share of frames found with a compiler's files."""
    return _rate(
        frames for one in group if compiler in one for frames in one[compiler]["found"].values()
    )


def _rate(groups: Iterable[Sequence[bool]]) -> str:
    frames = [is_found for group in groups for is_found in group]
    return f"{np.mean(frames):.3f}" if frames else NOT_MEASURED


def _ratio(one: Mapping[str, Any]) -> float:
    return float(one["wheel"]["cpu_s"] / one["ours"]["cpu_s"])


def _median_ratio(group: Iterable[Mapping[str, Any]]) -> str:
    ratios = [_ratio(one) for one in group if "wheel" in one]
    return f"{np.median(ratios):.0f}x" if ratios else NOT_MEASURED


def _spread(group: Sequence[Mapping[str, Any]]) -> str:
    ratios = [_ratio(one) for one in group if "wheel" in one]
    if not ratios:
        return NOT_MEASURED
    return f"median {np.median(ratios):.0f}x, least {min(ratios):.0f}x, most {max(ratios):.0f}x"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body]) + "\n"
