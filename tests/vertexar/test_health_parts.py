"""How an installation is: what is amiss, how bad that is, who may read it, how long it takes."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
import redis
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from config import observing
from markers.models import Marker
from tests.markers.factories import MarkerFactory
from vertexar import health_parts
from vertexar.health_parts import Found, Part, Parts, Report, State, worst_of
from vertexar.metrics_asked import queues

TOKEN = "the-token-of-the-metrics"


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look anew in each test."""
    monkeypatch.setattr(observing.PARTS, "_kept_s", 0)


@pytest.fixture
def busy() -> Iterator[None]:
    """Have a worker speak for each queue."""
    client = redis.Redis.from_url(configured.REDIS_URL)
    seconds, _ = client.time()
    for queue in queues():
        client.zadd(f"vertexar:workers:{queue}", {"worker@test": float(seconds)})
    yield
    for queue in queues():
        client.delete(f"vertexar:workers:{queue}")
    client.close()


def states(client: Client, settings: Settings) -> dict[str, str]:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    return {name: part["state"] for name, part in answer["parts"].items()}


@pytest.mark.django_db
def test_strangers_read_a_word_and_no_more(client: Client) -> None:
    answer = client.get("/health")

    assert set(answer.json()) == {"status"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_staff_read_how_each_part_is_and_how_long_it_took(client: Client, superuser: User) -> None:
    client.force_login(superuser)

    parts = client.get("/health").json()["parts"]

    assert set(parts) == {
        "database", "migrations", "storage", "cache", "broker", "disks", "memory", "workers",
        "queues", "backups",
    }  # fmt: skip
    assert all(part["seconds"] >= 0 for part in parts.values())


@pytest.mark.django_db
def test_what_works_is_ok(client: Client, settings: Settings, busy: None) -> None:
    found = states(client, settings)

    for name in ("database", "migrations", "storage", "cache", "broker", "workers", "queues"):
        assert found[name] == "ok", name


@pytest.mark.django_db
def test_without_a_broker_it_is_degraded_and_not_dead(client: Client, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    found = states(client, settings)
    answer = client.get("/health")

    assert (found["broker"], found["workers"], found["database"]) == ("degraded", "degraded", "ok")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


@pytest.mark.django_db
def test_without_its_storage_it_is_down(client: Client, settings: Settings, media: Path) -> None:
    media.touch()  # a file where the folder should be

    assert states(client, settings)["storage"] == "down"
    assert client.get("/health").status_code == 503


@pytest.mark.django_db
def test_queues_that_nobody_works_on_are_named(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN

    answer = client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).json()

    assert answer["parts"]["workers"]["state"] == "degraded"
    assert "compile" in answer["parts"]["workers"]["detail"]


@pytest.mark.django_db
def test_work_that_waits_too_long_is_said_to(settings: Settings) -> None:
    Marker.objects.filter(pk=MarkerFactory.create().pk).update(
        updated_at=timezone.now() - timedelta(hours=1)
    )

    found = health_parts.waiting({"compile": Marker.objects.all})()

    assert found.state is State.DEGRADED
    assert found.detail.startswith("compile: 36")


@pytest.mark.parametrize(("is_vital", "worst"), [(True, State.DOWN), (False, State.DEGRADED)])
def test_a_part_that_hangs_is_not_waited_for_nor_asked_twice(is_vital: bool, worst: State) -> None:
    asked, released = [], Event()

    def hang() -> Found:
        asked.append(1)
        released.wait(30)
        return Found()

    parts = Parts([Part("slow", hang, is_vital=is_vital)], seconds=0.1, kept_s=0)
    begun = time.monotonic()
    first, second = parts.look(), parts.look()
    took_s = time.monotonic() - begun
    released.set()

    assert [report.state for report in (*first, *second)] == [worst, worst]
    assert len(asked) == 1
    assert took_s < 5


def test_what_a_driver_says_is_not_told() -> None:
    def fail() -> Found:
        raise ConnectionError("postgresql://anna:s3cret@db.internal refused")

    [report] = Parts([Part("database", fail, is_vital=True)]).look()

    assert (report.state, report.detail) == (State.DOWN, "it does not answer (ConnectionError)")


def test_whoever_asks_often_is_answered_the_same_for_a_while() -> None:
    asked = []

    def look() -> Found:
        asked.append(1)
        return Found()

    parts = Parts([Part("one", look)])

    for _time in range(5):
        parts.look()

    assert len(asked) == 1


def test_the_worst_part_says_how_the_whole_is() -> None:
    reports = [Report("", state, 0, "") for state in (State.OK, State.DEGRADED)]

    assert worst_of([]) is State.OK
    assert worst_of(reports) is State.DEGRADED
    assert worst_of([*reports, Report("", State.DOWN, 0, "")]) is State.DOWN
