"""Every series that dashboards and alerts may name is there, and changes when the thing happens."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest
import redis
from celery import current_app
from django.conf import settings as configured
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from arcontent import statistics
from arcontent import tasks as content_tasks
from arcontent.statistics import Event
from backups.metrics import BackupCollector
from markers import compilation, tasks
from markers.models import Marker
from tests.arcontent.factories import VideoFactory, ready_content
from tests.markers.factories import MarkerFactory
from vertexar import metrics_tasks, presence
from vertexar.metrics_asked import queues

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("worker")]
ROOT = Path(__file__).parents[2]
NAME = r"(?:vertexar|django_http)_[a-z_]+"
PARTS = re.compile(r"_(?:bucket|sum|count|created)$")  # of a histogram
TOKEN = "the-token-of-the-metrics"


def scrape(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    """All samples: by name, by the values of their labels."""
    page = client.get("/metrics")
    assert page.status_code == 200
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(page.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[labelled(*sample.labels.values())] = sample.value
    return found


def labelled(*values: str) -> tuple[str, ...]:
    """Values of labels, in whatever order they are written."""
    return tuple(sorted(values))


def value(client: Client, name: str, *labels: str) -> float:
    return scrape(client).get(name, {}).get(labelled(*labels), 0.0)


def table(page: str) -> list[tuple[str, str]]:
    """The series that a page tells of, each with its labels."""
    text = (ROOT / "docs" / page).read_text()
    rows = re.findall(rf"^\| `({NAME})` \| ([a-z, ]*)\| \S", text, re.M)
    assert len(rows) > 20
    return rows


def documented() -> set[str]:
    return {name for name, _labels in table("observability.md")}


def watched() -> set[str]:
    """What the dashboards, rules and scrape configurations name."""
    files = [
        path
        for folder in ("prometheus", "grafana")
        for path in (ROOT / "docker" / folder).rglob("*")
        if path.suffix in {".yml", ".yaml", ".json"}
    ]
    text = "\n".join(path.read_text() for path in files)
    return set(re.findall(rf"(?<![\w:]){NAME}(?![\w:])", text))


@pytest.fixture(autouse=True)
def empty_queues() -> Iterator["redis.Redis"]:
    broker = redis.Redis.from_url(configured.REDIS_URL)
    broker.delete(*queues())
    yield broker
    broker.delete(*queues())
    broker.close()


def test_the_documented_series_are_those_that_there_are(client: Client) -> None:
    page = client.get("/metrics").text
    exposed = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(page)
        if not family.name.endswith("_created")
    }
    for family in BackupCollector().describe():  # of which some are not there without a backup
        exposed.add(f"{family.name}_total" if family.type == "counter" else family.name)

    assert documented() <= exposed
    assert {name for name in exposed if name.startswith("vertexar_")} <= documented()


def test_both_languages_tell_of_the_same_series() -> None:
    assert table("observability.ru.md") == table("observability.md")


def test_what_is_watched_is_documented() -> None:
    assert {PARTS.sub("", name) for name in watched()} <= documented()


def test_a_request_is_counted_by_its_view_with_how_long_it_took(client: Client) -> None:
    answers = "django_http_responses_total_by_status_view_method_total"
    took = "django_http_requests_latency_seconds_by_view_method"
    before = scrape(client)

    client.get("/version")

    after = scrape(client)
    for name, labels in (
        (answers, ("200", "version", "GET")),
        (f"{took}_count", ("version", "GET")),
    ):
        assert after[name][labelled(*labels)] == before.get(name, {}).get(labelled(*labels), 0) + 1
    for limit in ("0.2", "+Inf"):
        assert (
            labelled(limit, "version", "GET") in after[f"{took}_bucket"]
        )  # what is promised is the edge of a bucket


def test_tasks_are_counted_by_how_they_ended_and_timed(client: Client) -> None:
    name = content_tasks.prepare_video.name
    before = scrape(client)

    video = VideoFactory.create()
    with patch("arcontent.preparation.prepare_video"):
        content_tasks.prepare_video.apply((str(video.pk),))
    with patch("arcontent.preparation.prepare_video", side_effect=LookupError):
        content_tasks.prepare_video.apply((str(video.pk),))
    with patch("arcontent.preparation.prepare_video", side_effect=[OSError, None]):
        content_tasks.prepare_video.apply((str(video.pk),))

    after = scrape(client)
    for state, times in (("succeeded", 2), ("failed", 1), ("retried", 1)):
        ended = before.get("vertexar_tasks_total", {}).get(labelled(name, state), 0)
        assert after["vertexar_tasks_total"][labelled(name, state)] == ended + times
    timed = before.get("vertexar_task_seconds_count", {}).get((name,), 0)
    assert after["vertexar_task_seconds_count"][name,] == timed + 4


def test_a_compilation_is_timed_and_its_score_kept(client: Client) -> None:
    marker = MarkerFactory.on_disk()
    before = scrape(client)

    compilation.compile_marker(marker.pk)

    after = scrape(client)
    marker.refresh_from_db()
    for name, added in (
        ("vertexar_compile_seconds_count", 1),
        ("vertexar_quality_score_count", 1),
        ("vertexar_quality_score_sum", marker.quality_score or 0),
    ):
        assert after[name][()] == before[name][()] + added


def test_backups_are_asked_for(client: Client) -> None:
    found = scrape(client)

    assert found["vertexar_backup_last_good_timestamp_seconds"][()] == 0
    assert found["vertexar_collector_answered"]["BackupCollector",] == 1


def test_what_waits_is_counted_by_its_rows_even_if_the_messages_are_lost(client: Client) -> None:
    MarkerFactory.create()
    old = MarkerFactory.create()
    since = timezone.now() - timedelta(minutes=7)
    Marker.objects.filter(pk=old.pk).update(updated_at=since, queued_at=timezone.now())

    found = scrape(client)

    assert found["vertexar_queue_depth"]["compile",] == 2
    assert found["vertexar_queue_age_seconds"]["compile",] == pytest.approx(420, abs=20)


def test_a_queue_without_workers_is_said_to_be_but_one_that_may_have_none(client: Client) -> None:
    found = scrape(client)["vertexar_workers"]

    assert found["compile",] == 0
    assert ("drill",) not in found


def test_messages_wait_where_there_are_no_rows(client: Client, empty_queues: "redis.Redis") -> None:
    tasks.requeue_lost_markers.delay()
    with patch("vertexar.metrics_asked.time.time", return_value=timezone.now().timestamp() + 60):
        found = scrape(client)

    assert found["vertexar_queue_depth"]["default",] == 1
    assert found["vertexar_queue_age_seconds"]["default",] == pytest.approx(60, abs=20)
    sent = json.loads(empty_queues.lindex("default", 0))  # type: ignore[arg-type]
    assert "ophelia" not in str(sent)


def test_a_clock_is_known_by_what_it_sends_whether_it_is_beat_or_the_clusters(
    client: Client, empty_queues: "redis.Redis"
) -> None:
    name = "vertexar_beat_last_sent_timestamp_seconds"
    empty_queues.delete(presence.BEAT)

    content_tasks.prepare_video.delay("00000000-0000-0000-0000-000000000000")
    before = value(client, name)
    current_app.send_task(tasks.requeue_lost_markers.name)  # as `celery call` does

    assert before == 0
    assert value(client, name) == pytest.approx(timezone.now().timestamp(), abs=60)


def test_events_of_viewers_are_counted(client: Client) -> None:
    content = ready_content()
    before = value(client, "vertexar_viewer_events_total", "played")

    statistics.count(content=content, event=Event.PLAYED)

    assert value(client, "vertexar_viewer_events_total", "played") == before + 1


def test_a_disk_that_refuses_is_counted_and_a_file_that_is_missing_is_not(
    client: Client, media: Path
) -> None:
    saves = value(client, "vertexar_storage_errors_total", "save")
    opens = value(client, "vertexar_storage_errors_total", "open")
    media.parent.mkdir(exist_ok=True)
    with pytest.raises(FileNotFoundError):
        default_storage.open("nothing")
    media.touch()  # a file where the folder should be

    with pytest.raises(NotADirectoryError):
        default_storage.save("a/b", ContentFile(b"x"))

    assert value(client, "vertexar_storage_errors_total", "save") == saves + 1
    assert value(client, "vertexar_storage_errors_total", "open") == opens


@pytest.mark.parametrize(("key", "result"), [("there", "hit"), ("gone", "miss")])
def test_reads_of_the_cache_are_counted(client: Client, key: str, result: str) -> None:
    cache.set("there", 1, 10)
    before = value(client, "vertexar_cache_requests_total", result)

    cache.get(key)

    assert value(client, "vertexar_cache_requests_total", result) == before + 1


@pytest.mark.django_db(transaction=True)  # within one, PostgreSQL goes on telling the same
def test_connections_to_the_database_are_counted(client: Client) -> None:
    name = "vertexar_database_connections"
    where = connection.get_connection_params() | {"cursor_factory": None, "context": None}
    before = value(client, name)

    with ExitStack() as opened:
        for _each in range(10):
            opened.enter_context(psycopg.connect(**where))
        during = value(client, name)

    assert during >= before + 5  # other tests' connections to the same server come and go
    assert value(client, f"{name}_max") > during


def test_disks_are_measured(client: Client, media: Path) -> None:
    media.mkdir()
    found = scrape(client)

    assert found["vertexar_disk_free_bytes"][str(media),] > 0
    assert (
        found["vertexar_disk_free_bytes"][str(media),]
        < found["vertexar_disk_size_bytes"][str(media),]
    )


def test_so_is_the_disk_that_backups_go_to(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    settings.BACKUP_DESTINATIONS = [place.as_uri(), "s3://elsewhere/backups", "file:///nowhere"]

    found = scrape(client)["vertexar_disk_size_bytes"]

    assert found[str(place),] > 0
    assert ("/nowhere",) not in found


def test_failures_are_counted_from_zero(client: Client) -> None:
    name = "arcontent.tasks.of_the_test"

    metrics_tasks.expect([name, "celery.chord"])

    counted = scrape(client)["vertexar_tasks_total"]
    assert counted[labelled(name, "failed")] == 0
    assert labelled("celery.chord", "failed") not in counted


def test_a_source_that_is_away_is_said_to_be_and_hides_nothing(
    client: Client, settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    found = scrape(client)

    assert found["vertexar_collector_answered"]["Queues",] == 0
    assert found["vertexar_collector_answered"]["Database",] == 1
    assert "vertexar_queue_depth" not in found


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda client: client.get("/metrics"), 200),
        (lambda client: client.get("/metrics", REMOTE_ADDR="203.0.113.9"), 403),
        (lambda client: client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}), 403),
    ],
)
def test_without_a_token_only_the_machine_itself_reads_them(
    client: Client, ask: Callable[[Client], object], status: int
) -> None:
    assert ask(client).status_code == status  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("header", "status"),
    [(f"Bearer {TOKEN}", 200), ("Bearer wrong", 403), (TOKEN, 403), ("Bearer ", 403), ("", 403)],
)
def test_with_a_token_whoever_has_it_reads_them(
    client: Client, settings: Settings, header: str, status: int
) -> None:
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = TOKEN, []

    response = client.get("/metrics", headers={"Authorization": header}, REMOTE_ADDR="203.0.113.9")

    assert response.status_code == status


def test_an_unset_token_is_nobodys_password(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", []

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


def test_a_worker_elsewhere_hands_them_out_itself(settings: Settings) -> None:
    from vertexar import metrics_read

    port = metrics_read.serve("127.0.0.1", 0, role="beat")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b"")).decode()

    assert answer.startswith("HTTP/1.0 200")
    assert "vertexar_build_info" in answer
    assert 'vertexar_process_resident_memory_bytes{role="beat"}' in answer
    assert "vertexar_disk_free_bytes{" in answer
