"""Alive, ready, which version."""

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


def test_version_says_which(client: Client) -> None:
    assert client.get("/version").json() == {"name": "Vertex AR", "version": "2.0.0"}
