"""`manage.py doctor`: each thing that is wrong is said, with what to do; what is right is not."""

import re
from io import StringIO
from pathlib import Path

import pytest
import redis
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from vertexar import checks, doctor
from vertexar.doctor import Rule, Severity
from vertexar.health_parts import Found, Part, Parts, State

ERROR, WARNING = Severity.ERROR, Severity.WARNING
GOOD = {
    "PUBLIC_URL": "https://ar.example.org",
    "ALLOWED_HOSTS": ["ar.example.org"],
    "NUM_PROXIES": 1,
    "DEBUG": False,
    "EMAIL_URL": "smtp+tls://mail.example.org",
    "METRICS_DIR": "",
    "METRICS_PORT": 0,
    "LOG_DIR": "",
}


@pytest.fixture(autouse=True)
def well_configured(settings: Settings) -> None:
    for name, value in GOOD.items():
        setattr(settings, name, value)


@pytest.mark.django_db
@pytest.mark.parametrize("rule", doctor.RULES, ids=lambda rule: rule.__name__)
def test_of_what_is_right_nothing_is_said(rule: Rule) -> None:
    assert rule() is None


@pytest.mark.parametrize(
    ("rule", "changes", "severity", "mend"),
    [
        (doctor.public_url_is_for_others, {"PUBLIC_URL": "http://[::1]"}, WARNING, "PUBLIC_URL"),
        (doctor.public_url_is_for_others, {"PUBLIC_URL": "http://ar.org"}, ERROR, "https://"),
        (doctor.public_host_is_allowed, {"ALLOWED_HOSTS": ["web"]}, ERROR, "web,ar.example.org"),
        (doctor.proxy_is_counted, {"NUM_PROXIES": 0}, ERROR, "NUM_PROXIES"),
        (doctor.errors_are_not_shown, {"DEBUG": True}, ERROR, "DEBUG=False"),
        (doctor.mails_are_sent, {"EMAIL_URL": ""}, WARNING, "EMAIL_URL"),
        (doctor.workers_metrics_are_shared, {"METRICS_PORT": 9100}, WARNING, "METRICS_DIR"),
        (doctor.logs_can_be_written, {"LOG_DIR": f"{__file__}/logs"}, ERROR, "folder"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(
    settings: Settings, rule: Rule, changes: dict[str, object], severity: Severity, mend: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    advice = rule()

    assert advice is not None
    assert advice.severity is severity
    assert mend in advice.mend


@pytest.mark.xdist_group("worker")
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru"])
def test_a_broker_that_throws_things_away_is_said_to(policy: str) -> None:
    client = redis.Redis.from_url(configured.REDIS_URL)
    client.config_set("maxmemory-policy", policy)
    try:
        advice = doctor.broker_keeps_what_it_has()
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()

    assert advice is not None
    assert policy in advice.what
    assert "noeviction" in advice.mend


@pytest.mark.parametrize(
    "name",
    [
        "compose.yaml",
        *(f"docs/{n}{ru}.md" for n in ("deployment", "scaling") for ru in ("", ".ru")),
    ],
)
def test_what_is_demanded_of_the_broker_is_demanded_everywhere(name: str) -> None:
    text = (Path(__file__).parents[2] / name).read_text(encoding="utf-8")

    assert set(re.findall(r"(?:noeviction|(?:allkeys|volatile)-\w+)", text)) == {"noeviction"}


@pytest.mark.django_db
def test_a_part_that_is_down_is_an_error_and_how_to_mend_it_stands_there(
    settings: Settings,
) -> None:
    parts = Parts(
        [
            Part("migrations", lambda: Found(State.DOWN, "2 migrations are not applied")),
            Part("memory", lambda: Found(State.DEGRADED, "5% are left")),
            Part("disks", Found),
        ]
    )

    found = {advice.what: advice for advice in doctor.examine(parts)}

    assert found["migrations: 2 migrations are not applied."].severity is ERROR
    assert "manage.py migrate" in found["migrations: 2 migrations are not applied."].mend
    assert found["memory: 5% are left."].severity is WARNING
    assert not any("disks" in what for what in found)


@pytest.mark.django_db
def test_the_command_fails_where_something_does_not_work(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["web"]
    out = StringIO()

    with pytest.raises(CommandError, match="to mend"):
        call_command("doctor", stdout=out)

    assert "ERROR: ALLOWED_HOSTS does not name ar.example.org" in out.getvalue()


@pytest.mark.parametrize("network", ["10.0.0.1/8", "nowhere", ""])
def test_a_network_that_is_none_is_an_error(settings: Settings, network: str) -> None:
    settings.METRICS_NETWORKS = ["127.0.0.0/8", network]

    assert [error.id for error in checks.networks_are_networks()] == ["vertexar.E011"]


def test_a_share_above_all_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.SENTRY_SAMPLE_RATE = 2.0

    assert [error.id for error in checks.shares_are_shares()] == ["vertexar.E012"]
