"""Signing in over the API."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError

from accounts.api.serializers import LoginSerializer, RefreshSerializer, TokensSerializer
from accounts.models import User


class SignInView(APIView):
    """Open to everybody: this is where one becomes somebody."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        """Make a refusal a 401 rather than a 403."""
        return 'Bearer realm="api"'


class LoginView(SignInView):
    """A user name and a password for a pair of tokens."""

    @extend_schema(request=LoginSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        """Sign in."""
        serializer = LoginSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        return Response(serializer.validated_data)


class RefreshView(SignInView):
    """A refresh token for a new access token."""

    @extend_schema(request=RefreshSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        """Stay signed in."""
        serializer = RefreshSerializer(data=request.data)
        try:
            serializer.is_valid(raise_exception=True)
        except (TokenError, User.DoesNotExist) as error:
            raise InvalidToken(str(error)) from error
        return Response(serializer.validated_data)
