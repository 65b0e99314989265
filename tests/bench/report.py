"""Turns the bench's figures into the page ``docs/benchmarks.md``: each figure is one measured."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from markers.compiler import COMPILER_VERSION, CONFUSABLE
from tests.bench.detection import FRAMES_PER_LEVEL, MORE_FRAMES_PER_LEVEL, MORE_SEED, SEED
from tests.bench.wanted import Row, verdict

NAMES: Final = {
    "peer": "MindAR's own",
    "lean": "ours, `LEAN`",
    "robust": "ours, `ROBUST` (default)",
}
NOT_RUN: Final = "not run"
LEVELS: Final = ("easy", "medium", "hard")

HEAD: Final = f"""# Benchmarks of the target compiler

Printed by `make bench`, of compiler {COMPILER_VERSION}; nothing here is written by hand. CPU
seconds are those of a shared machine: their ratio in one run matters. Pictures are those of
`tests/bench/pictures.py`: photographs that scikit-image ships, some of them also together on one
sheet, and seeded drawings. Every third one was held out while the compiler and its score were
tuned. Frames are seeded and synthetic (perspective, blur, noise, light, a busy background; no
rolling shutter, glare or lens distortion). The runtime is `mind-ar` 1.2.5 from npm, unmodified, in
Chromium: found means matched and tracked, with the corners within 10 px or 6 % of the diagonal, in
one of the nine crops that it goes through. MindAR's OfflineCompiler runs in Node; only the package
`canvas`, by which it would read the picture, is replaced.
"""


def write_report(
    figures: Mapping[str, Any], *, nft: str = "", nft_rows: Sequence[tuple[str, str, str]] = ()
) -> str:
    """Write the page; a part that was not run is said to be.

    Args:
        figures: what each part measured, by its name.
        nft: sections on NFT files, put at the end.
        nft_rows: what is measured of NFT files, the figure, and what is wanted, for the summary.
    """
    measured = _with_scores(figures)
    return "\n".join(
        [
            HEAD,
            _summary([*summary_rows(figures), *nft_rows]),
            *_detection_tables(figures.get("detection")),
            _speed_table(figures.get("speed")),
            _score_table(measured if "score" in figures else {}),
            _alike_table(figures.get("alike")),
            *([nft] if nft else []),
        ]
    )


def _with_scores(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {**figures.get("detection", {}), **figures.get("score", {})}


def _summary(rows: Sequence[Row]) -> str:
    told = [(*row, verdict(row[1], row[2])) for row in rows]
    said = "Figures are compared as they are printed.\n\n"
    head = [("what", "measured", "wanted", "met"), ("---",) * 4]
    return "## Summary\n\n" + said + _table([*head, *told])


def summary_rows(figures: Mapping[str, Any]) -> list[Row]:
    """Sum up what was measured of all but NFT files."""
    measured = _with_scores(figures)
    speed, detection = figures.get("speed"), figures.get("detection")
    rows: list[Row] = []
    if speed is None:
        rows += [("compile CPU", NOT_RUN, "")]
    else:
        costs = speed["costs"].values()
        ratios = [cost["ratio"] for cost in costs]
        large = [cost["ratio"] for cost in costs if cost["megapixels"] >= 3]
        whole = np.quantile(speed["whole_s"], 0.95)
        rows += [
            (
                f"CPU of MindAR's over ours, median of {len(ratios)}",
                _x(np.median(ratios)),
                ">= 25x",
            ),
            ("the same at >= 3 megapixels", _x(np.median(large)) if large else NOT_RUN, ">= 60x"),
            (
                f"target, score and heat map at 2048 px, p95 of {len(speed['whole_s'])}",
                f"{whole:.2f} s",
                "<= 2 s",
            ),
        ]
    rows += _prescore_rows(figures.get("prescore"))
    memory = f"{figures['memory']['peak_mb']:.0f} MB" if "memory" in figures else NOT_RUN
    rows.append(("peak memory at 12 megapixels", memory, "<= 300 MB"))
    if detection:
        rate = _rates(list(detection.values()), "robust")
        shown = f"{rate['all']:.3f} all, {rate['hard']:.3f} hard"
        rows.append((f"detection, {NAMES['robust']}", shown, ">= .92 all, >= .75 hard"))
        rows += _peer_rows(list(detection.values()))
        sizes = [
            one["files"]["lean"]["bytes"] / one["files"]["peer"]["bytes"]
            for one in detection.values()
            if "peer" in one["files"] and "lean" in one["files"]
        ]
        rows.append(("size of `LEAN` over MindAR's, median", f"{np.median(sizes):.0%}", "<= 75 %"))
    else:
        rows += [("detection, size", NOT_RUN, "")]
    if any(one["is_bad"] for one in measured.values()):
        everything = list(measured.values())
        held_out = [one for one in everything if one["is_held_out"]]
        rows += [
            (f"score against detection, Spearman over {len(everything)}",
             f"{_spearman(everything):.2f}", ">= .90"),
            (f"the same over the {len(held_out)} held out", f"{_spearman(held_out):.2f}", ""),
        ]  # fmt: skip
    else:
        rows += [("score against detection", NOT_RUN, ">= .90")]
    return rows


def _peer_rows(group: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Compare detection with that of MindAR's own files, on the pictures that have one."""
    both = [one["files"] for one in group if "peer" in one["files"]]
    if not both:
        return [(f"detection, {NAMES['peer']}; wrong poses", NOT_RUN, "")]
    rate = _rates(group, "peer")
    ours, theirs = (sum(files[name]["wrong"] for files in both) for name in ("robust", "peer"))
    return [
        (f"detection, {NAMES['peer']}", f"{rate['all']:.3f} all, {rate['hard']:.3f} hard", ""),
        ("wrong poses, as many as MindAR's own at most", str(ours), f"<= {theirs}"),
    ]


def _prescore_rows(prescore: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    if prescore is None:
        return [("guess for the upload form, with the program's start", NOT_RUN, "<= 0.3 s")]
    return [
        (
            f"guess for the upload form, with the program's start, p95 of {len(guesses)} at {size}",
            f"{np.quantile([guess['cpu_s'] for guess in guesses], 0.95):.2f} s",
            "<= 0.3 s",
        )
        for size, guesses in prescore.items()
    ]


def _detection_tables(detection: Mapping[str, Any] | None) -> list[str]:
    if not detection:
        return ["## Detection\n\nNot run.\n"]
    parts = []
    groups = {
        "all pictures": list(detection.values()),
        "pictures held out while tuning": [o for o in detection.values() if o["is_held_out"]],
    }
    for title, group in groups.items():
        rows: list[Sequence[str]] = [
            (
                "file",
                "pictures",
                "all",
                *LEVELS,
                "wrong poses",
                "kB",
                "ms to match the first crop, median",
                "mean",
            ),
            ("---",) * 10,
        ]
        for name, label in NAMES.items():
            files = [one["files"][name] for one in group if name in one["files"]]
            if not files:
                continue
            rate = _rates(group, name)
            rows.append(
                (
                    label,
                    str(len(files)),
                    *(f"{rate[level]:.3f}" for level in ("all", *LEVELS)),
                    str(sum(file["wrong"] for file in files)),
                    f"{np.mean([file['bytes'] for file in files]) / 1000:.0f}",
                    f"{np.median([ms for file in files for ms in file['match_ms']]):.1f}",
                    f"{np.mean([ms for file in files for ms in file['match_ms']]):.1f}",
                )
            )
        seeds = f"Frame seeds {SEED} + the picture's number, {FRAMES_PER_LEVEL} frames a level."
        parts.append(f"## Detection in stock MindAR, {title}\n\n{seeds}\n\n" + _table(rows))
    return parts


def _speed_table(speed: Mapping[str, Any] | None) -> str:
    if speed is None:
        return "## Compiling\n\nNot run.\n"
    rows = [("picture", "megapixels", "MindAR, CPU s", "ours, CPU s", "ratio"), ("---",) * 5]
    for name, cost in speed["costs"].items():
        rows.append((name, f"{cost['megapixels']}", f"{cost['peer_s']}", f"{cost['ours_s']}",
                     _x(cost["ratio"])))  # fmt: skip
    return "## Compiling\n\nFrom the picture's bytes to those of its `.mind`.\n\n" + _table(rows)


def _score_table(measured: Mapping[str, Any]) -> str:
    if not measured:
        return "## Score\n\nNot run.\n"
    rows = [("picture", "score", "found", "held out"), ("---",) * 4]
    for name, one in sorted(measured.items(), key=lambda pair: -pair[1]["found_share"]):
        held_out = "yes" if one["is_held_out"] else ""
        rows.append((name, str(one["score"]), f"{one['found_share']:.2f}", held_out))
    said = (
        "The default file was looked for in the frames above and in "
        f"{MORE_FRAMES_PER_LEVEL} more a level, with seeds {MORE_SEED} + the picture's number."
    )
    return f"## Score and the share of frames found\n\n{said}\n\n" + _table(rows)


def _alike_table(alike: Mapping[str, Any] | None) -> str:
    if alike is None:
        return "## Look-alikes\n\nNot run.\n"
    rows = [("targets", "pairs", "least alike", "median", "most alike"), ("---",) * 5]
    for name, shares in {"of different pictures": alike["different"], **alike["altered"]}.items():
        least, middle, most = np.quantile(shares, (0, 0.5, 1))
        rows.append((name, str(len(shares)), f"{least:.2f}", f"{middle:.2f}", f"{most:.2f}"))
    said = (
        f"From {CONFUSABLE} on, two targets are called confusable. Reading a file takes "
        f"{alike['read_ms']} ms of CPU, comparing two {alike['compared_ms']} ms."
    )
    return f"## Look-alikes\n\n{said}\n\n" + _table(rows)


def _rates(group: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    files = [one["files"][name] for one in group if name in one["files"]]
    rates = {
        level: sum(file["found"].get(level, 0) for file in files)
        / max(1, sum(file["frames"].get(level, 0) for file in files))
        for level in LEVELS
    }
    return {"all": float(np.mean(list(rates.values()))), **rates}


def _spearman(measured: Sequence[Mapping[str, Any]]) -> float:
    from scipy.stats import spearmanr  # type: ignore[import-untyped]  # takes a second to load

    return float(
        spearmanr([one["score"] for one in measured], [one["found_share"] for one in measured])[0]
    )


def _x(ratio: float) -> str:
    return f"{ratio:.0f}x"


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
