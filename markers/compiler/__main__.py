"""Compile or rate a picture on a laptop: ``python -m markers.compiler PICTURE --out DIR``."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markers.compiler import (
    COMPILER_VERSION,
    LEAN,
    ROBUST,
    CompileOptions,
    UnusableImage,
    analyze_image,
    compile_target,
    prescore,
)

if TYPE_CHECKING:  # a fifth of the time that a quick guess takes to start
    from markers.compiler.nft import NftOptions

PROFILES: Final = {"lean": LEAN, "robust": ROBUST}
STANDARD_INPUT: Final = Path("-")
DONE, UNUSABLE_PICTURE, FILE_TROUBLE = 0, 1, 2

Files = dict[str, bytes]
"""What is to be written, by the names of the files."""


def main(arguments: list[str] | None = None) -> int:
    """Write the target's files, or only say how good the picture is.

    Returns:
        0; 1 if the picture cannot be used; 2 if a file cannot be read or written.

    Raises:
        SystemExit: with 2 if the options are wrong, with 0 after ``--help`` or ``--version``.
    """
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.out is None and not (chosen.analyze or chosen.quick):
        parser.error("--out is needed, as there are files to write")
    nft = None
    if chosen.physical_width_mm is not None or not (chosen.analyze or chosen.quick):
        try:
            nft = _nft_options(chosen.physical_width_mm)
        except ValueError as error:
            parser.error(str(error))
    try:
        result, files = _done(chosen, nft=nft)
        if chosen.out is not None:
            _write(chosen.out, files)
    except UnusableImage as error:
        if chosen.json:
            print(json.dumps({"error": {"code": error.code, "hint": error.hint}}, indent=2))
        else:
            print(f"{chosen.picture}: {error.hint}", file=sys.stderr)
        return UNUSABLE_PICTURE
    except OSError as error:
        print(f"{error.filename or chosen.picture}: {error.strerror or error}", file=sys.stderr)
        return FILE_TROUBLE
    print(json.dumps(result, indent=2) if chosen.json else _line(result, chosen))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m markers.compiler",
        description="Compile a picture into the files that phones recognise it by.",
    )
    parser.add_argument("picture", type=Path, help="JPEG, PNG or WebP file; - for standard input")
    parser.add_argument("--out", type=Path, help="folder for the results; made if there is none")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--analyze", action="store_true", help="only rate the picture; no target is made"
    )
    what.add_argument(
        "--quick", action="store_true", help="only guess its score, in a fraction of the time"
    )
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default="robust",
        help="robust: recognised from the side too; lean: the smallest file (default: robust)",
    )
    parser.add_argument(
        "--physical-width-mm",
        type=float,
        metavar="MM",
        help="width of the print, which the NFT files are scaled by",
    )
    parser.add_argument("--no-nft", action="store_true", help="write no .iset, .fset, .fset3")
    parser.add_argument("--version", action="version", version=COMPILER_VERSION)
    return parser


def _nft_options(physical_width_mm: float | None) -> "NftOptions":
    from markers.compiler.nft import NftOptions

    return NftOptions(physical_width_mm=physical_width_mm)


def _done(chosen: argparse.Namespace, *, nft: "NftOptions | None") -> tuple[dict[str, Any], Files]:
    """Do what was chosen; answer with what is to be said and what is to be written."""
    image = _read(chosen.picture)
    options = PROFILES[chosen.profile]
    if chosen.quick:
        guess = prescore(image)
        return _rated(guess.score, {"stars": guess.stars, "reasons": list(guess.reasons)}), {}
    if chosen.analyze:
        analysis = analyze_image(image, options)
        size = {"width_px": analysis.width_px, "height_px": analysis.height_px}
        result = _rated(analysis.score, analysis.report) | size
        return result, {"heat.jpg": analysis.heat_map_jpeg, "quality.json": _as_json(result)}
    return _compiled(image, options, None if chosen.no_nft else nft)


def _compiled(
    image: bytes, options: CompileOptions, nft_options: "NftOptions | None"
) -> tuple[dict[str, Any], Files]:
    compiled = compile_target(image, options)
    files = {
        "target.mind": compiled.mind,
        "preview.jpg": compiled.preview_jpeg,
        "heat.jpg": compiled.heat_map_jpeg,
    }
    result = _rated(compiled.quality_score, compiled.quality_report) | {
        "width_px": compiled.width_px,
        "height_px": compiled.height_px,
        "mind_bytes": len(compiled.mind),
    }
    if nft_options is not None:
        nft_files, result["nft"] = _nft(image, nft_options)
        files |= nft_files
    files["quality.json"] = _as_json(result)
    return result, files


def _nft(image: bytes, options: "NftOptions") -> tuple[Files, dict[str, Any]]:
    """Make the files for jsartoolkitNFT; they ask for more of a picture than the others."""
    from markers.compiler.nft import compile_nft

    try:
        target = compile_nft(image, options)
    except UnusableImage as error:
        return {}, {"failure": error.code, "hint": error.hint}
    files = {"target.iset": target.iset, "target.fset": target.fset, "target.fset3": target.fset3}
    report = {
        "dpi": target.dpi,
        "dpi_source": str(target.dpi_source.value),
        "width_mm": round(target.width_mm, 1),
        "tracking_layers": list(target.tracking_layers),
        "keyframes": list(target.keyframes),
        "bytes": {name: len(content) for name, content in files.items()},
    }
    return files, report


def _rated(score: int, report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "compiler_version": COMPILER_VERSION,
        "quality_score": score,
        "quality_report": dict(report),
    }


def _as_json(result: dict[str, Any]) -> bytes:
    return (json.dumps(result, indent=2) + "\n").encode()


def _read(picture: Path) -> bytes:
    return sys.stdin.buffer.read() if picture == STANDARD_INPUT else picture.read_bytes()


def _write(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _line(result: dict[str, Any], chosen: argparse.Namespace) -> str:
    """Sum up a result for people."""
    report = result["quality_report"]
    of_what = chosen.picture if chosen.analyze or chosen.quick else chosen.out / "target.mind"
    advice = ", ".join(report["reasons"]) or "nothing to improve"
    line = f"{of_what}: quality {result['quality_score']} of 100, {report['stars']} stars, {advice}"
    nft = result.get("nft", {})
    return f"{line}; no NFT files: {nft['failure']}" if "failure" in nft else line


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # nothing is left to tidy, and to take the libraries apart takes 40 ms
