"""How `make load` reckons; the run itself takes minutes and is no test."""

from collections import Counter

import pytest

from tests.load.__main__ import figures_of, verdict
from tests.load.memory import role_of

ROWS = [
    {"name": "b", "num_requests": 10, "num_failures": 1, "response_times": {"5": 9, "400": 1}},
    {"name": "a", "num_requests": 90, "num_failures": 0, "response_times": {"10.0": 90}},
]


def test_percentiles_are_those_of_all_requests_together() -> None:
    total, first, second = figures_of(ROWS)

    assert (total.requests, total.failures, total.error_rate) == (100, 1, 0.01)
    assert [total.percentile_ms(part) for part in (0.05, 0.5, 0.99, 1)] == [5, 10, 10, 400]
    assert [first.name, second.name] == ["a", "b"]
    assert second.percentile_ms(0.95) == 400


def test_a_run_without_an_answer_meets_no_demand(capsys: pytest.CaptureFixture[str]) -> None:
    [nothing] = figures_of([])

    is_met = verdict(nothing, Counter())

    assert not is_met
    assert capsys.readouterr().out.count("NOT MET") == 2  # there was nobody to be slow to


def test_what_only_measures_is_not_counted() -> None:
    assert role_of(["python", "-m", "locust", "--locustfile", "gunicorn.py"]) == ""
    assert role_of(["/usr/bin/python", "-m", "gunicorn", "config.wsgi"]) == "web"
    assert role_of(["python", "-m", "celery", "worker"]) == "workers and beat"
    assert role_of(["sleep", "1"]) == ""
