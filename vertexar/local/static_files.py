"""Whether our files for the browser must be collected again: a print of all that goes into them."""

import hashlib
import sys
from pathlib import Path

# .local has the collected files; how they are made of ours is up to the other three.
_INGREDIENTS = (
    "[!.]*/static/**/*",
    "config/settings/base.py",
    "vertexar/scripts.py",
    "vertexar/storage.py",
)


def fingerprint(project: Path, *, settings_module: str) -> str:
    """Sum up the project's static files, the locked packages, and where those are installed."""
    parts = [sys.prefix, settings_module]
    for pattern in _INGREDIENTS:
        for path in sorted(project.glob(pattern)):
            if path.is_file():
                facts = path.stat()
                parts.append(f"{path} {facts.st_size} {facts.st_mtime_ns}")
    parts.append((project / "requirements" / "base.txt").read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
