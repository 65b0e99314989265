"""What Prometheus and Alertmanager are told, judged by their own tools."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.compose import system
from tests.prerequisites import program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "prometheus"
RULES = sorted(FOLDER.glob("rules/*.yml"))
TESTS = sorted(FOLDER.glob("tests/*.yml"))
BY_HAND = {"restore", "rollback"}  # they belong to no alert


def load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def alerts() -> dict[str, dict[str, Any]]:
    rules = [rule for path in RULES for group in load(path)["groups"] for rule in group["rules"]]
    return {rule["alert"]: rule for rule in rules if "alert" in rule}


def judge(name: str, *arguments: object) -> str:
    """Run a tool; what it says against it, "" for nothing."""
    found = program(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    command = [found, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_prometheus_understands_its_configuration_and_its_rules() -> None:
    configuration = FOLDER / "prometheus.yml"

    assert judge("promtool", "check", "config", "--syntax-only", configuration) == ""
    assert judge("promtool", "check", "rules", *RULES) == ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    assert judge("promtool", "test", "rules", path) == ""


def test_alertmanager_understands_its_configuration() -> None:
    assert judge("amtool", "check-config", FOLDER / "alertmanager.yml") == ""


@pytest.mark.parametrize(
    ("severity", "alertname", "receiver"),
    [("page", "WebDown", "pages"), ("ticket", "MemoryHigh", "tickets")],
)
def test_alerts_reach_who_is_meant(severity: str, alertname: str, receiver: str) -> None:
    found = program("amtool")
    if found is None:
        pytest.skip("amtool is not installed")
    command = [found, "config", "routes", "test", f"--config.file={FOLDER / 'alertmanager.yml'}"]
    command += [f"severity={severity}", f"alertname={alertname}"]

    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == receiver


def test_each_alert_is_seen_to_fire_in_a_unit_test() -> None:
    fired = {
        test["alertname"]
        for path in TESTS
        for case in load(path)["tests"]
        for test in case["alert_rule_test"]
        if test.get("exp_alerts")
    }

    assert fired == set(alerts())


def test_each_alert_leads_to_a_run_book_of_its_own() -> None:
    for name, rule in alerts().items():
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{kebab}.md"
        text = (ROOT / "docs" / "runbooks" / f"{kebab}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {name}\n")
        assert all(part in text for part in ("**What it means.**", "## Look here", "## Do this"))


def test_each_run_book_belongs_to_an_alert() -> None:
    named = {rule["annotations"]["runbook_url"] for rule in alerts().values()}
    written = {
        f"docs/runbooks/{path.stem.removesuffix('.ru')}.md"
        for path in (ROOT / "docs" / "runbooks").glob("*.md")
        if path.stem.removesuffix(".ru") not in BY_HAND
    }

    assert written <= named


def test_what_only_the_web_tells_is_no_alert_of_its_own_while_the_web_is_down() -> None:
    rules = load(FOLDER / "alertmanager.yml")["inhibit_rules"]
    [targets] = [
        re.findall(r'"([^"]+)"', rule["target_matchers"][0])[0]
        for rule in rules
        if "WebDown" in rule["source_matchers"][0]
    ]
    missed = {
        name
        for name, rule in alerts().items()
        if "absent(vertexar_" in rule["expr"] and not re.fullmatch(targets, name)
    }

    assert missed == set()


def test_what_is_inhibited_is_an_alert() -> None:
    rules = load(FOLDER / "alertmanager.yml")["inhibit_rules"]
    matchers = [
        text for rule in rules for text in rule["source_matchers"] + rule["target_matchers"]
    ]

    for pattern in re.findall(r'"([^"]+)"', " ".join(matchers)):
        for name in pattern.split("|"):
            assert any(re.fullmatch(name, alert) for alert in alerts()), name


def test_every_word_that_alertmanager_leaves_open_is_put_in() -> None:
    lines = (FOLDER / "alertmanager.yml").read_text(encoding="utf-8").splitlines()
    told = " ".join(line for line in lines if not line.startswith("#"))
    container = system()["services"]["alertmanager"]
    [script] = container["command"]

    words = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", told))
    put_in = re.findall(r"s\|(\w+)\|\$(\w+)\|", script)
    assert {word for word, variable in put_in if word == variable} == words
    assert words <= set(container["environment"])
