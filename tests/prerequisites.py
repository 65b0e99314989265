"""What the tests need beyond .venv: a Chromium, tools that open backups without our code, and an
ffmpeg where the wheel's does not run.

`python -m tests.prerequisites` installs what is missing if it may (root on Debian), else says in
one line what to install. It never fails: tests that lack something are skipped and counted, and
with CI set a skipped test fails (tests/skips.py).
"""

import os
import shutil
import subprocess
import sys

import imageio_ffmpeg

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TOOLS = ("age", "jq", "zstd")  # of the Debian packages of the same names


def missing_packages() -> list[str]:
    """Name the Debian packages of what is missing."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not any(map(shutil.which, BROWSERS)):
        missing.append("chromium")
    if not _has_ffmpeg():
        missing.append("ffmpeg")
    return missing


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
