"""Dashboards that Grafana finds, whose every expression Prometheus understands."""

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.compose import system
from tests.docker.test_watching import RULES, load
from tests.prerequisites import program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
COLUMNS = 24


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def expressions(dashboard: dict[str, Any]) -> list[str]:
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return asked + [note["expr"] for note in dashboard["annotations"]["list"]]


def test_there_is_one_for_each_subject() -> None:
    assert [path.stem for path in DASHBOARDS] == [
        "backups",
        "content",
        "database",
        "overview",
        "workers",
    ]
    assert len({read(path)["uid"] for path in DASHBOARDS}) == len(DASHBOARDS)


def test_grafana_finds_them_and_opens_with_the_overview() -> None:
    grafana = system()["services"]["grafana"]
    mounts = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    provider = load(FOLDER / "provisioning" / "dashboards" / "vertexar.yml")["providers"][0]

    assert mounts["./docker/grafana/dashboards"] == provider["options"]["path"]
    assert (FOLDER / "dashboards" / Path(home).name).exists()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_ask_the_source_there_is_and_do_not_lie_on_each_other(path: Path) -> None:
    source = load(FOLDER / "provisioning" / "datasources" / "prometheus.yml")["datasources"][0]
    panels = read(path)["panels"]

    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    promtool = program("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    asked = sorted({expr for path in DASHBOARDS for expr in expressions(read(path))})
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    run = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert len(asked) > 40


def test_what_they_ask_of_recorded_series_is_recorded() -> None:
    recorded = {
        rule["record"]
        for path in RULES
        for group in load(path)["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    text = " ".join(expr for path in DASHBOARDS for expr in expressions(read(path)))

    named = set(re.findall(r"vertexar:[a-z0-9_:]+", text))
    assert named
    assert named <= recorded


def test_what_every_web_process_tells_is_not_added_up() -> None:
    """Each asks the same database and the same broker; two colours would make twice as many."""
    told_by_all = r"vertexar_(?:queue|workers|beat|database|backup)_"
    added = re.compile(rf"sum(?: by \([^)]*\))? ?\((?:\w+\()?{told_by_all}")
    asked = {expr for path in DASHBOARDS for expr in expressions(read(path))}

    assert not [expr for expr in asked if added.search(expr)]
