"""Making an account over the API."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import registration
from accounts.api.fields import PasswordField, UsernameField, password_refused_at
from accounts.api.views import SignInView
from vertexar.api.schema import problems


class RegisterSerializer(serializers.Serializer[Any]):
    """What an account is made from."""

    username = UsernameField()
    email = serializers.EmailField(max_length=254)
    password = PasswordField()


class RegisteredSerializer(serializers.Serializer[Any]):
    """What comes next; the same whoever asked."""

    needs_verification = serializers.BooleanField(
        help_text="A mail was sent, and the account opens nothing before its link is followed."
    )


class RegisterView(SignInView):
    """A new account, where the installation allows it."""

    @extend_schema(
        request=RegisterSerializer,
        responses={202: RegisteredSerializer, **problems(HTTPStatus.CONFLICT)},
    )
    def post(self, request: Request) -> Response:
        """Register. Whether the address is known is told by mail, to its owner alone."""
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with password_refused_at("password"):
            registration.register(**serializer.validated_data)
        answer = RegisteredSerializer({"needs_verification": settings.EMAIL_VERIFICATION})
        return Response(answer.data, status=HTTPStatus.ACCEPTED)
