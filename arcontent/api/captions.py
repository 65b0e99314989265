"""Captions of a video over the API."""

from http import HTTPStatus
from typing import cast
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import User
from arcontent import services
from arcontent.api.serializers import CaptionsSerializer, CaptionsUploadSerializer
from arcontent.languages import normal_code
from arcontent.models import Captions, Video
from vertexar.api.schema import problems

LANGUAGE = OpenApiParameter(
    "language",
    location=OpenApiParameter.PATH,
    description="A code of BCP 47, of a language, its script and its region: `ru`, `pt-BR`.",
)


class CaptionsViewSet(ListModelMixin, GenericViewSet[Captions]):
    """What is said in a video, one text for each language."""

    queryset = Captions.objects.none()  # tells OpenAPI the model; get_queryset() answers
    serializer_class = CaptionsSerializer
    parser_classes = [MultiPartParser]

    def get_queryset(self) -> QuerySet[Captions]:
        """Of one video, if the caller may see it."""
        captions = Captions.objects.filter(video=self._video()).order_by("created_at")
        return captions.select_related("video__content__organization").defer("webvtt")

    def get_object(self) -> Captions:
        """Those in a language."""
        return get_object_or_404(self.get_queryset(), language=normal_code(self.kwargs["language"]))

    @extend_schema(
        request={"multipart/form-data": CaptionsUploadSerializer},
        responses={
            200: CaptionsSerializer,
            201: CaptionsSerializer,
            **problems(HTTPStatus.CONFLICT),
        },
        parameters=[LANGUAGE],
    )
    def update(self, request: Request, content_id: UUID, video_id: UUID, language: str) -> Response:
        """Give the video captions in a language, in place of those that it has in it."""
        video, user = self._video(), cast("User", request.user)
        services.check_may_edit(user, video.content.organization)
        serializer = CaptionsUploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        captions, is_new = services.put_captions(
            video=video,
            user=user,
            language=language,
            track=services.read_captions(serializer.validated_data["file"]),
        )
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(self.get_serializer(captions).data, status=status)

    @extend_schema(responses={204: None}, parameters=[LANGUAGE])
    def destroy(
        self, request: Request, content_id: UUID, video_id: UUID, language: str
    ) -> Response:
        """Take the captions in a language away."""
        services.delete_captions(captions=self.get_object(), user=cast("User", request.user))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _video(self) -> Video:
        visible = Video.objects.visible_to(cast("User", self.request.user))
        return get_object_or_404(
            visible.select_related("content__organization"),
            pk=self.kwargs["video_id"],
            content=self.kwargs["content_id"],
        )
