"""Rating and compiling pictures under the paths of version 1.1.0."""

import json
from http import HTTPStatus
from typing import Any, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.services import home_organization
from markers import services
from markers.api.analysis import AnalysisSerializer, AnalyzeSerializer, rated
from markers.api.unavailable import busy_is_not_now
from markers.models import TARGET_FILES, Marker
from markers.options import NAMES, checked_options, no_options
from vertexar.api.schema import problems
from vertexar.api.superseded import SupersededView


class LegacyAnalyzeView(SupersededView):
    """Ratings under the old path."""

    parser_classes = [MultiPartParser]
    successor = "api:marker-analyze"

    @extend_schema(
        operation_id="legacy_marker_analyze",
        deprecated=True,
        request={"multipart/form-data": AnalyzeSerializer},
        responses={200: AnalysisSerializer, **problems(HTTPStatus.SERVICE_UNAVAILABLE)},
    )
    def post(self, request: Request) -> Response:
        """Rate a picture; ask `/api/v1/markers/analyze` instead."""
        return Response(rated(request))


class LegacyGenerateSerializer(serializers.Serializer[Any]):
    """A picture to make a marker of."""

    image = serializers.FileField(allow_empty_file=True)
    marker_name = serializers.CharField(required=False, max_length=200, allow_blank=True)
    config = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="A JSON object. Of its members only the options of this version count.",
    )

    def validate_config(self, config: str) -> dict[str, Any]:
        """Keep what we know; resolutions and levels follow from the picture now."""
        try:
            members = json.loads(config or "{}")
        except (ValueError, RecursionError) as error:
            raise no_options() from error
        if not isinstance(members, dict):
            raise no_options()
        return checked_options({name: members[name] for name in NAMES if name in members})


class LegacyMarkerSerializer(serializers.Serializer[Any]):
    """A marker that is being compiled, and where its files will be."""

    id = serializers.UUIDField()
    marker_name = serializers.CharField()
    status = serializers.CharField()
    status_url = serializers.CharField()
    files = serializers.DictField(child=serializers.CharField())


class LegacyGenerateView(SupersededView):
    """Markers under the old path."""

    parser_classes = [MultiPartParser]
    successor = "api:marker-batches"

    @extend_schema(
        operation_id="legacy_marker_generate",
        deprecated=True,
        request={"multipart/form-data": LegacyGenerateSerializer},
        responses={202: LegacyMarkerSerializer, **problems(HTTPStatus.SERVICE_UNAVAILABLE)},
    )
    def post(self, request: Request) -> Response:
        """Make a marker of a picture; ask `/api/v1/markers/batch` instead."""
        serializer = LegacyGenerateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        user = cast("User", request.user)
        with busy_is_not_now():
            _batch, [item] = services.create_batch(
                organization=home_organization(user),
                user=user,
                images=[asked["image"]],
                options=asked.get("config") or {},
            )
        if item.error is not None:
            item.error.field = "image"
            raise item.error
        name = asked.get("marker_name") or item.name
        made = LegacyMarkerSerializer(_made(cast("Marker", item.marker), name=name))
        return Response(made.data, status=HTTPStatus.ACCEPTED)


def _made(marker: Marker, *, name: str) -> dict[str, Any]:
    return {
        "id": marker.pk,
        "marker_name": name,
        "status": marker.status,
        "status_url": reverse("api:marker", args=[marker.pk]),
        "files": {
            extension: reverse("api:marker-file", args=[marker.pk, extension])
            for extension in TARGET_FILES
        },
    }
