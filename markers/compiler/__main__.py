"""Compile a picture on a laptop: ``python -m markers.compiler PICTURE --out DIR [--json]``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from markers.compiler import COMPILER_VERSION, UnusableImage, compile_target


def main(arguments: list[str] | None = None) -> int:
    """Write ``target.mind``, ``preview.jpg``, ``heat.jpg`` and ``quality.json``.

    Returns:
        0; 1 if the picture cannot be used; 2 if a file cannot be read or written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m markers.compiler", description="Compile a picture into an image target."
    )
    parser.add_argument("picture", type=Path, help="JPEG, PNG or WebP file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--version", action="version", version=COMPILER_VERSION)
    chosen = parser.parse_args(arguments)
    try:
        result = _compile(chosen.picture, chosen.out)
    except UnusableImage as error:
        result = {"error": {"code": error.code, "hint": error.hint}}
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    is_unusable = "error" in result
    if chosen.json:
        print(json.dumps(result, indent=2))
    elif is_unusable:
        print(f"{chosen.picture}: {result['error']['hint']}", file=sys.stderr)
    else:
        reasons = ", ".join(result["quality_report"]["reasons"]) or "nothing to improve"
        print(f"{chosen.out / 'target.mind'}: quality {result['quality_score']} of 100, {reasons}")
    return int(is_unusable)


def _compile(picture: Path, folder: Path) -> dict[str, Any]:
    compiled = compile_target(picture.read_bytes())
    result: dict[str, Any] = {
        "compiler_version": COMPILER_VERSION,
        "width_px": compiled.width_px,
        "height_px": compiled.height_px,
        "quality_score": compiled.quality_score,
        "quality_report": compiled.quality_report,
        "mind_bytes": len(compiled.mind),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "target.mind").write_bytes(compiled.mind)
    (folder / "preview.jpg").write_bytes(compiled.preview_jpeg)
    (folder / "heat.jpg").write_bytes(compiled.heat_map_jpeg)
    (folder / "quality.json").write_text(json.dumps(result, indent=2) + "\n")
    return result


if __name__ == "__main__":
    sys.exit(main())
