"""Markers over the API."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ModelViewSet, ReadOnlyModelViewSet

from accounts import audit
from accounts.models import Capability, Organization, User
from accounts.services import home_organization
from markers import services
from markers.api.serializers import (
    BatchMadeSerializer,
    BatchSerializer,
    BatchUploadSerializer,
    MarkerPresetSerializer,
    MarkerSerializer,
    MergeSerializer,
    RecompileSerializer,
)
from markers.api.unavailable import busy_is_not_now
from markers.files import CONTENT_TYPE, merged_response, target_response
from markers.models import TARGET_FILES, Marker, MarkerBatch, MarkerPreset
from vertexar.api.schema import problems
from vertexar.errors import Conflict, NotThere
from vertexar.throttles import WorkThrottle, count_uploads


class MayEditWhatItChanges(BasePermission):
    """Looking is for members, changing for those who may edit content."""

    def has_object_permission(self, request: Request, view: APIView, obj: object) -> bool:
        """Ask for the capability in the row's own organisation."""
        if request.method in {"GET", "HEAD", "OPTIONS"}:
            return True
        organization = cast("Organization", getattr(obj, "organization"))  # noqa: B009
        return cast("User", request.user).can(Capability.EDIT_CONTENT, organization)


class MarkerViewSet(ReadOnlyModelViewSet[Marker]):
    """What phones recognise."""

    queryset = Marker.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = MarkerSerializer
    permission_classes = [IsAuthenticated, MayEditWhatItChanges]

    def get_queryset(self) -> QuerySet[Marker]:
        """Scope to the caller: what one may not see is a 404, not a 403."""
        visible = Marker.objects.visible_to(cast("User", self.request.user))
        return visible.with_look_alikes().order_by("-created_at")

    def get_throttles(self) -> list[BaseThrottle]:
        """Count compiling again as an upload: it is as much work."""
        more = [WorkThrottle()] if self.action == "recompile" else []
        return [*super().get_throttles(), *more]

    @extend_schema(
        request=RecompileSerializer,
        responses={202: MarkerSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    @action(detail=True, methods=["post"])
    def recompile(self, request: Request, pk: str) -> Response:
        """Compile again; the present target is served until the new one is there.

        Asking again while it still waits for its turn changes nothing.
        """
        serializer = RecompileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        marker = services.recompile_marker(
            marker=self.get_object(),
            actor=cast("User", request.user),
            options=serializer.validated_data.get("options"),
        )
        return Response(self.get_serializer(marker).data, status=HTTPStatus.ACCEPTED)


class AnyFormat(DefaultContentNegotiation):
    """Answers whatever the caller says to accept: a file is what it is."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Take the first renderer; only errors are rendered."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class MarkerFileView(APIView):
    """The files of a marker."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        operation_id="markers_file_retrieve",
        parameters=[OpenApiParameter("extension", str, "path", enum=list(TARGET_FILES))],
        responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID, extension: str) -> FileResponse:
        """Download one; the three NFT files have one name but for their ends."""
        visible = Marker.objects.visible_to(cast("User", request.user))
        return target_response(get_object_or_404(visible, pk=pk), extension)


class MarkerMergeView(APIView):
    """Several markers in one file."""

    content_negotiation_class = AnyFormat

    @extend_schema(
        request=MergeSerializer,
        responses={
            (200, CONTENT_TYPE): OpenApiTypes.BINARY,
            **problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Download one `.mind` file of up to a hundred markers, in the order given."""
        serializer = MergeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data["markers"]
        visible = Marker.objects.visible_to(cast("User", request.user)).in_bulk(wanted)
        for pk in wanted:
            if pk not in visible:
                raise NotThere(_("There is no marker %(id)s.") % {"id": pk})
        return merged_response([visible[pk] for pk in wanted])


class MarkerBatchViewSet(RetrieveModelMixin, GenericViewSet[MarkerBatch]):
    """Many pictures at once."""

    queryset = MarkerBatch.objects.none()
    serializer_class = BatchSerializer
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> QuerySet[MarkerBatch]:
        """Scope to the caller."""
        visible = MarkerBatch.objects.visible_to(cast("User", self.request.user))
        return visible.prefetch_related(Prefetch("markers", Marker.objects.with_look_alikes()))

    @extend_schema(
        request={"multipart/form-data": BatchUploadSerializer},
        responses={
            202: BatchMadeSerializer,
            **problems(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )
    def create(self, request: Request) -> Response:
        """Send up to a hundred pictures; each is answered for by itself.

        It counts as an upload for each ten pictures, or more if they are large.
        """
        serializer = BatchUploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = cast("User", request.user)
        organization = home_organization(user)
        options = services.chosen_options(
            organization=organization,
            preset=serializer.validated_data.get("preset", ""),
            options=serializer.validated_data.get("options"),
        )
        images = serializer.validated_data["images"]
        count_uploads(request, services.uploads_in(images))
        with busy_is_not_now():
            batch, items = services.create_batch(
                organization=organization, user=user, images=images, options=options
            )
        made = BatchMadeSerializer({"id": batch.pk, "items": items})
        return Response(made.data, status=HTTPStatus.ACCEPTED)


class MarkerPresetViewSet(ModelViewSet[MarkerPreset]):
    """Compile options under a name."""

    queryset = MarkerPreset.objects.none()
    serializer_class = MarkerPresetSerializer
    permission_classes = [IsAuthenticated, MayEditWhatItChanges]

    def get_queryset(self) -> QuerySet[MarkerPreset]:
        """Scope to the caller."""
        return MarkerPreset.objects.visible_to(cast("User", self.request.user)).order_by("name")

    def perform_create(self, serializer: BaseSerializer[MarkerPreset]) -> None:
        """Make it in the caller's organisation, if they may edit there."""
        organization = home_organization(cast("User", self.request.user))
        preset = MarkerPreset(organization=organization)
        self.check_object_permissions(self.request, preset)
        self._save(serializer, audit.Action.CREATED, organization=organization)

    def perform_update(self, serializer: BaseSerializer[MarkerPreset]) -> None:
        """Change it."""
        self._save(serializer, audit.Action.CHANGED)

    @transaction.atomic
    def perform_destroy(self, instance: MarkerPreset) -> None:
        """Delete it."""
        user = cast("User", self.request.user)
        audit.record(audit.Action.DELETED, actor=user, target=instance, name=instance.name)
        instance.delete()

    def _save(
        self,
        serializer: BaseSerializer[MarkerPreset],
        action: audit.Action,
        **fields: Organization,
    ) -> None:
        try:
            with transaction.atomic():
                preset = serializer.save(**fields)
                audit.record(
                    action,
                    actor=cast("User", self.request.user),
                    target=preset,
                    name=preset.name,
                    options=preset.options,
                )
        except IntegrityError as error:
            raise Conflict(_("There is a preset of this name."), code="name_taken") from error
