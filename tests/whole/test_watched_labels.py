"""What dashboards, alerts and their tests pick series by: labels and values that there are."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from prometheus_client.parser import text_string_to_metric_families

from arcontent.statistics import Event
from config import observing
from vertexar.metrics import OPERATIONS
from vertexar.metrics_asked import queues

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
WATCHING = ROOT / "docker" / "prometheus"
FILES = sorted([*(ROOT / "docker/grafana/dashboards").glob("*.json"), *WATCHING.rglob("*.yml")])
SELECTOR = re.compile(r"\b((?:vertexar|django_http)_\w+|up|probe_\w+)\{([^{}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
OF_PROMETHEUS = {"job", "instance", "le"}


def selected() -> set[tuple[str, str, str, str]]:
    """Each series, label, operator and value that something is picked by."""
    found = set()
    for path in FILES:
        text = path.read_text(encoding="utf-8").replace('\\"', '"')
        for series, matchers in SELECTOR.findall(text):
            found |= {(series, *matcher) for matcher in MATCHER.findall(matchers)}
    return found


def views(resolver: URLResolver, space: str = "") -> set[str]:
    """Names of views, as requests are counted by them."""
    names = set()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            names.add(f"{space}{entry.name}")
        else:
            names |= views(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
    return names


def jobs() -> set[str]:
    told = yaml.safe_load((WATCHING / "prometheus.yml").read_text(encoding="utf-8"))
    return {job["job_name"] for job in told["scrape_configs"]}


VALUES: dict[tuple[str, str], Callable[[], set[str]]] = {
    ("vertexar_backup_runs_total", "result"): lambda: {"good", "not_complete", "failed"},
    ("vertexar_cache_requests_total", "result"): lambda: {"hit", "miss"},
    ("", "event"): lambda: set(Event.values),
    ("", "job"): jobs,
    ("", "method"): lambda: {"GET", "POST"},
    ("", "name"): lambda: {type(collector).__name__ for collector in observing.COLLECTORS},
    ("", "operation"): lambda: set(OPERATIONS),
    ("", "queue"): lambda: set(queues()),
    ("", "role"): lambda: {"web", "worker", "beat"},
    ("", "state"): lambda: {"succeeded", "failed", "retried"},
    ("", "view"): lambda: views(get_resolver()),
}


def test_what_is_picked_by_a_value_finds_some() -> None:
    wrong = set()
    for series, label, operator, value in selected():
        known = VALUES.get((series, label)) or VALUES.get(("", label))
        if known is None:
            continue
        wanted = value.split("|") if operator in {"=~", "!~"} else [value]
        wrong |= {(series, label, each) for each in wanted if each not in known()}

    assert wrong == set()


def test_what_a_collector_says_of_backups_is_what_they_are_picked_by(client: Client) -> None:
    page = client.get("/metrics").text

    said = {
        sample.labels["result"]
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "vertexar_backup_runs_total"
    }
    assert said == VALUES["vertexar_backup_runs_total", "result"]()


def test_series_have_the_labels_that_they_are_picked_by() -> None:
    table = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    told = {
        name: set(filter(None, labels.replace(" ", "").split(",")))
        for name, labels in re.findall(r"^\| `(\w+)` \| ([^|]*) \|", table, re.M)
    }
    wrong = set()
    for series, label, _operator, _value in selected():
        name = re.sub(r"_(?:bucket|sum|count)$", "", series)
        if name in told and label not in told[name] | OF_PROMETHEUS:
            wrong.add((series, label))

    assert wrong == set()
