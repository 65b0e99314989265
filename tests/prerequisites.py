"""What the tests need beyond .venv: a Chromium, public tools that must accept what we make, and an
ffmpeg where the wheel's does not run.

`python -m tests.prerequisites` installs what is missing if it may (root on Debian), else says in
one line what to install. It never fails: tests that lack something are skipped and counted, and
with CI set a skipped test fails (tests/skips.py).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg

# Program: its Debian package. Real counterparts: what opens backups, stands in front, watches.
TOOLS = {
    "age": "age",
    "amtool": "prometheus-alertmanager",
    "jq": "jq",
    "nginx": "nginx",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "zstd": "zstd",
}
FOR_ADMINISTRATORS = "/usr/sbin:/usr/local/sbin"  # not on everybody's PATH
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing_packages() -> list[str]:
    """Name the Debian packages of what is missing."""
    missing = []
    if not any(map(shutil.which, BROWSERS)):
        missing.append("chromium")
    if not _has_ffmpeg():
        missing.append("ffmpeg")
    tools = {package for tool, package in TOOLS.items() if program(tool) is None}
    return missing + sorted(tools)


def program(name: str) -> str | None:
    """Find a program: in .venv, on the PATH, where administrators look; else None."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=beside) or shutil.which(name) or _of_administrators(name)


def _of_administrators(name: str) -> str | None:
    return shutil.which(name, path=FOR_ADMINISTRATORS)


def _has_ffmpeg() -> bool:
    try:
        imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        return False
    return True


def install(packages: list[str]) -> None:
    """Install Debian packages, showing apt's own words only when they are bad news."""
    sys.stderr.write(f"Installing {' '.join(packages)} with apt-get\n")
    options = ["--yes", "--quiet=2", "--no-install-recommends"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "--quiet=2"], ["install", *options, *packages]):
        subprocess.run(
            ["apt-get", *arguments], stdout=subprocess.DEVNULL, env=environment, check=False
        )


def main() -> None:
    """Install what is missing and may be installed; say what stays missing."""
    packages = missing_packages()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
        packages = missing_packages()
    if packages:
        sys.stderr.write(f"Tests will be skipped: install {' and '.join(packages)} to run them.\n")


if __name__ == "__main__":
    main()
