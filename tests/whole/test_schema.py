"""The committed OpenAPI schema is the one the code has."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

SCHEMA = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def test_the_committed_schema_is_current() -> None:
    out = io.StringIO()

    with translation.override("en"):  # a test before may have left another language
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)

    assert out.getvalue().strip() == SCHEMA.read_text().strip(), "run `make schema`"


@pytest.mark.django_db
def test_the_documentation_page_loads_nothing_foreign(client: Client) -> None:
    page = client.get("/api/v1/docs", HTTP_AUTHORIZATION="")

    body = page.content.decode()
    assert page.status_code == 200
    assert "https://" not in body
