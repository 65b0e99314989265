"""Whether our files for the browser must be collected again: a print of all that goes into them."""

import hashlib
import sys
from pathlib import Path


def fingerprint(project: Path, *, settings_module: str) -> str:
    """Sum up the project's static files, the locked packages, and where those are installed."""
    parts = [sys.prefix, settings_module]
    for path in sorted(project.glob("[!.]*/static/**/*")):  # .local has the collected ones
        if path.is_file():
            facts = path.stat()
            parts.append(f"{path} {facts.st_size} {facts.st_mtime_ns}")
    parts.append((project / "requirements" / "base.txt").read_text(encoding="utf-8"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
