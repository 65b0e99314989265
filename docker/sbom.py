"""``python docker/sbom.py``: the packages installed beside this Python, as CycloneDX 1.5."""

import json
import sys
from importlib.metadata import Distribution, distributions
from typing import Any


def component(package: Distribution) -> dict[str, Any]:
    """Describe one package."""
    name, version = package.metadata["Name"], package.version
    facts: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
    }
    said = package.metadata.get_all("License-Expression") or []
    if said:
        facts["licenses"] = [{"expression": said[0]}]
    return facts


def bill_of_materials() -> dict[str, Any]:
    """Describe all, in the order of their names: the same packages make the same bytes."""
    components = [component(package) for package in distributions()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "vertex-ar"}},
        "components": sorted(components, key=lambda facts: facts["purl"]),
    }


if __name__ == "__main__":
    json.dump(bill_of_materials(), sys.stdout, indent=1)
    sys.stdout.write("\n")
