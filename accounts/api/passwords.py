"""Changing a password, and choosing a new one for one that was forgotten."""

from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import passwords
from accounts.api.fields import PasswordField, password_refused_at
from accounts.api.serializers import TokensSerializer
from accounts.api.views import SignInView
from accounts.models import User
from accounts.otp import codes


class ChangeSerializer(serializers.Serializer[Any]):
    """The old one, that it is really they who ask, and the new one."""

    current_password = PasswordField()
    new_password = PasswordField()


class ResetSerializer(serializers.Serializer[Any]):
    """Whose password was forgotten."""

    email = serializers.EmailField(max_length=254)


class ResetConfirmSerializer(serializers.Serializer[Any]):
    """Two parts of the link in the mail, and the new password."""

    uid = serializers.CharField(max_length=64)
    token = serializers.CharField(max_length=128)
    new_password = PasswordField()


class PasswordChangeView(APIView):
    """One's own password."""

    @extend_schema(request=ChangeSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        """Change it. Every session ends, also this one: go on with the tokens in the answer."""
        serializer = ChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        sent, user = serializer.validated_data, cast("User", request.user)
        codes.check_password(request._request, user, sent["current_password"])
        with password_refused_at("new_password"):
            pair = passwords.change_password(
                user, sent["new_password"], user_agent=request.headers.get("User-Agent", "")
            )
        return Response(TokensSerializer(pair).data)


class PasswordResetView(SignInView):
    """A forgotten password."""

    @extend_schema(request=ResetSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        """Ask for a mail with a link. The answer is the same whether the address is known."""
        serializer = ResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        passwords.ask_for_reset(serializer.validated_data["email"])
        return Response(status=HTTPStatus.ACCEPTED)


class PasswordResetConfirmView(SignInView):
    """The link of the mail."""

    @extend_schema(request=ResetConfirmSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Choose a new password. The link is good once; every session ends."""
        serializer = ResetConfirmSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with password_refused_at("new_password"):
            passwords.reset_password(**serializer.validated_data)
        return Response(status=HTTPStatus.NO_CONTENT)
