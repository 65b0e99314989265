"""Requests that say odd things of themselves, through the handler that a server calls."""

import io
import json
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from drf_spectacular.views import SpectacularAPIView
from pytest_django import Settings
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import User
from config.wsgi import application

pytestmark = pytest.mark.django_db


def ask(method: str, path: str, *, content_type: str, query: str = "", body: bytes = b"") -> Any:
    """Call the application as a server does; the status and the body of its answer."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
        "CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    setup_testing_defaults(environ)
    answers: list[str] = []

    def start(status: str, *_rest: object) -> Callable[[bytes], object]:
        answers.append(status)
        return len

    response = application(environ, start)
    content = b"".join(response)
    response.close()
    return int(answers[0].split()[0]), content


CHARSETS = [
    "charset=nope", "charset=%00", "charset=\x00", "charset*=utf-8''%00", "charset=zip",
    "charset=rot13", "charset=undefined", "charset=utf-16", f"charset={'a' * 5000}", "charset=",
]  # fmt: skip


@pytest.mark.parametrize("charset", CHARSETS, ids=lambda value: repr(value[:30]))
@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_no_charset_is_an_error_of_ours(settings: Settings, charset: str, kind: str) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    content_type = f"{kind}; {charset}"

    asked, _page = ask("GET", "/version", content_type=content_type, query="a=%ff&b=%00")
    sent, problem = ask("POST", "/api/v1/auth/login", content_type=content_type, body=b"\xff{")

    assert asked == 200
    assert sent in {400, 415}
    assert json.loads(problem)["type"].startswith("urn:vertexar:problem:")


@pytest.mark.django_db(transaction=True)  # the handler gives connections back
def test_json_is_read_as_utf_8_whatever_it_is_called(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    body = json.dumps({"username": "Łukasz", "password": "слово"}, ensure_ascii=False).encode()

    status, problem = ask(
        "POST", "/api/v1/auth/login", content_type="application/json; charset=latin-1", body=body
    )

    assert status == 401
    assert json.loads(problem)["status"] == 401


@pytest.mark.parametrize("version", ["%00", "%0d%0aX:y", "%22", "v" * 5000])
def test_a_version_that_is_asked_for_gets_into_no_header(version: str) -> None:
    request = APIRequestFactory().get(f"/api/v1/schema?version={version}")
    force_authenticate(request, User(is_superuser=True))

    response = SpectacularAPIView.as_view()(request)

    assert response.status_code == 200
    assert response["Content-Disposition"] == 'inline; filename="Vertex AR.yaml"'
