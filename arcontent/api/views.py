"""Content over the API, and the viewers' beacons."""

from http import HTTPStatus
from typing import cast

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from accounts.models import User
from accounts.services import home_organization
from arcontent import services, statistics
from arcontent.api.serializers import (
    ContentSerializer,
    ContentUploadSerializer,
    EventSerializer,
    StatsSerializer,
)
from arcontent.models import ARContent
from arcontent.statistics import Event
from markers.api.unavailable import busy_is_not_now
from markers.services import chosen_options
from vertexar.api.schema import problems
from vertexar.throttles import ViewerThrottle

IDEMPOTENCY_KEY_MAX = 200
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description=f"Up to {IDEMPOTENCY_KEY_MAX} characters. The same key again makes nothing new.",
)


class ContentViewSet(ReadOnlyModelViewSet[ARContent]):
    """Printed pictures that come alive."""

    queryset = ARContent.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = ContentSerializer
    parser_classes = [MultiPartParser]
    filter_backends = [SearchFilter, OrderingFilter]
    search_fields = ["title", "code"]
    ordering_fields = ["created_at", "title"]

    def get_queryset(self) -> QuerySet[ARContent]:
        """Scope to the caller: what one may not see is a 404, not a 403."""
        user = cast("User", self.request.user)
        return ARContent.objects.visible_to(user).with_parts()

    @extend_schema(
        request={"multipart/form-data": ContentUploadSerializer},
        responses={
            202: ContentSerializer,
            **problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Upload a picture and a video; the work on them goes on after the answer."""
        serializer = ContentUploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        user = cast("User", request.user)
        organization = home_organization(user)
        services.check_may_edit(user, organization)  # before the work of reading what was sent
        fields["options"] = chosen_options(
            organization=organization,
            preset=fields.pop("preset", ""),
            options=fields.get("options"),
        )
        with busy_is_not_now():
            upload = services.read_upload(image=fields.pop("image"), video=fields.pop("video"))
        content = services.create_content(
            organization=organization,
            user=user,
            upload=upload,
            idempotency_key=_idempotency_key(request),
            **fields,
        )
        content = self.get_queryset().get(pk=content.pk)
        return Response(self.get_serializer(content).data, status=HTTPStatus.ACCEPTED)

    @extend_schema(responses=StatsSerializer)
    @action(detail=True)
    def stats(self, request: Request, pk: str) -> Response:
        """How often it was opened, found, played and clicked, in all and by day."""
        return Response(StatsSerializer(statistics.summary(self.get_object())).data)


def _idempotency_key(request: Request) -> str:
    key = str(request.headers.get("Idempotency-Key", ""))
    if len(key) > IDEMPOTENCY_KEY_MAX or not key.isprintable():
        message = f"An Idempotency-Key is up to {IDEMPOTENCY_KEY_MAX} printable characters."
        raise ValidationError(message, code="idempotency_key_invalid")
    return key


class EventView(APIView):
    """Beacons of the public viewer."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [ViewerThrottle]

    @extend_schema(request=EventSerializer, responses={204: None, **problems(HTTPStatus.NOT_FOUND)})
    def post(self, request: Request) -> Response:
        """Count one event."""
        serializer = EventSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        code, event = serializer.validated_data["code"], Event(serializer.validated_data["event"])
        if not statistics.count_by_code(code=code, event=event):
            raise Http404
        return Response(status=HTTPStatus.NO_CONTENT)
