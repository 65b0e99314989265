"""Uploading a picture and a video over the API, for tests."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from rest_framework.test import APIClient

from arcontent.models import ARContent
from markers.models import Marker

CONTENTS = "/api/v1/contents"


def post(
    api: APIClient, image: bytes | None, video: bytes | None, key: str = "", **fields: str
) -> Any:
    data: dict[str, Any] = {"title": "Harbour", **fields}
    if image is not None:
        data["image"] = SimpleUploadedFile("photo.jpg", image)
    if video is not None:
        data["video"] = SimpleUploadedFile("film.mp4", video)
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(CONTENTS, data, format="multipart", headers=headers)


def assert_refused(response: HttpResponse, code: str, media: Path, status: int = 400) -> None:
    body = response.json()  # type: ignore[attr-defined]
    assert (response.status_code, body["type"]) == (status, f"urn:vertexar:problem:{code}")
    assert response["Content-Type"] == "application/problem+json"
    assert body["instance"] == response["X-Request-ID"]
    assert body["detail"]
    assert not ARContent.objects.exists()
    assert not Marker.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]
