"""``python -m tests.dependencies``: are there known holes in what a running installation installs?

Fails for a known hole. What the advisory service does not know or could not be asked about is said,
and fails nothing: a build must not depend on somebody else's server.
"""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "base.txt"
SECONDS = 120


def main() -> int:
    """Ask, and say what came of it.

    Returns:
        0; 1 if there is a known hole.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(REQUIREMENTS)]
    command += [
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages = json.loads(run.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError) as error:
        print(f"NOT CHECKED for known holes: the advisory service did not answer ({error})")
        return 0
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}"
        f" (mended in {', '.join(hole['fix_versions']) or 'no version yet'})"
        for package in packages
        for hole in package.get("vulns", [])
    ]
    checked = len(packages) - len(unknown)
    print(f"{checked} of {len(packages)} packages were checked for known holes: {len(holes)} found")
    if unknown:
        print(f"NOT CHECKED, the advisory service does not know them: {len(unknown)} packages")
    for hole in holes:
        print(hole)
    return int(bool(holes))


if __name__ == "__main__":
    sys.exit(main())
