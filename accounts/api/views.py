"""Signing in and out over the API."""

from http import HTTPStatus
from typing import cast

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keys, lockout, sessions
from accounts.api.serializers import (
    LoginSerializer,
    LogoutSerializer,
    RefreshSerializer,
    TokensSerializer,
)
from accounts.models import ApiSession, User
from vertexar.throttles import AuthThrottle, GlobalThrottle

KEYS_MAX_AGE_S = 300


class SignInView(APIView):
    """Open to everybody: this is where one becomes somebody."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [AuthThrottle]


class LoginView(SignInView):
    """A user name and a password for a pair of tokens."""

    @extend_schema(request=LoginSerializer, responses=TokensSerializer)
    @lockout.judging()
    def post(self, request: Request) -> Response:
        """Sign in."""
        serializer = LoginSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user = serializer.validated_data["user"]
        pair = sessions.begin_session(user, user_agent=request.headers.get("User-Agent", ""))
        lockout.forget_failures(request._request, user)
        return Response(TokensSerializer(pair).data)


class RefreshView(SignInView):
    """A refresh token for a new pair of tokens."""

    throttle_classes = [GlobalThrottle]  # nobody guesses one

    @extend_schema(request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        """Stay signed in."""
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        pair = sessions.refresh_session(serializer.validated_data["refresh_token"])
        return Response(TokensSerializer(pair).data)


class LogoutView(APIView):
    """The end of a session: its tokens open nothing from this moment on."""

    open_before_enrolment = True

    @extend_schema(request=LogoutSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign out, here or everywhere."""
        serializer = LogoutSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if serializer.validated_data["everywhere"]:
            user = cast("User", request.user)
            sessions.end_all_sessions(user, actor=user)
        else:
            sessions.end_session(cast("ApiSession", request.auth))
        return Response(status=HTTPStatus.NO_CONTENT)


@require_safe
@cache_control(public=True, max_age=KEYS_MAX_AGE_S)
def jwks(request: HttpRequest) -> JsonResponse:
    """List the public keys by which others can check our tokens (RFC 7517)."""
    return JsonResponse({"keys": [key.as_jwk() for key in keys.key_ring()]})
