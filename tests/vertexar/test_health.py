"""Alive, ready, which version."""

import os
import socket
import subprocess
import sys

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings


def test_live_asks_for_nothing(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_asks_the_real_database_and_broker(client: Client) -> None:
    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "broker": "ok"}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_without_a_broker_it_still_serves_and_says_so(client: Client, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["broker"] == "unreachable"


@pytest.mark.django_db
def test_a_database_behind_the_code_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'arcontent'")

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["database"] == "not migrated"


MUTE = """
import time, django; django.setup()
from django.test import RequestFactory
from vertexar import health
begun = time.monotonic()
print(health.ready(RequestFactory().get("/")).status_code, time.monotonic() - begun)
"""


def test_a_database_that_takes_connections_and_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://u:p@127.0.0.1:{mute.getsockname()[1]}/x"
        said = subprocess.run(
            [sys.executable, "-c", MUTE],
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    status, took_s = said.stdout.split()
    assert status == "503"
    assert float(took_s) < 10


def test_version_says_which(client: Client) -> None:
    assert client.get("/version").json() == {"name": "Vertex AR", "version": "2.0.0"}
