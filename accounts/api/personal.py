"""What is kept of the caller, and its end."""

from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import personal
from accounts.models import User
from accounts.otp import codes
from vertexar.api.schema import problems


class EraseSerializer(serializers.Serializer[Any]):
    """That it is really they who ask."""

    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)


class PersonalDataView(APIView):
    """All that is kept of the caller."""

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Hand it out."""
        user = cast("User", request.user)
        return Response(personal.record_export(user, actor=user))


class EraseView(APIView):
    """The end of what is kept of the caller."""

    @extend_schema(request=EraseSerializer, responses={204: None, **problems(HTTPStatus.CONFLICT)})
    def post(self, request: Request) -> Response:
        """Erase it for ever; the password says that it is meant."""
        serializer = EraseSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = cast("User", request.user)
        codes.check_password(request._request, user, serializer.validated_data["password"])
        personal.erase(user, actor=user)
        return Response(status=HTTPStatus.NO_CONTENT)
