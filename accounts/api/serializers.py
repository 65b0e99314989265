"""Login in our own words: `{username, password}` in, `{access_token, …}` out."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts.sessions import TokenPair
from vertexar.errors import NotSignedIn


class TokensSerializer(serializers.Serializer[TokenPair]):
    """What a client sends as `Authorization: Bearer …`, and for how many seconds it holds."""

    access_token = serializers.CharField(source="access")
    refresh_token = serializers.CharField(
        source="refresh", help_text="Good for one more pair, once."
    )
    token_type = serializers.SerializerMethodField()
    expires_in = serializers.SerializerMethodField(help_text="Seconds until the access token ends.")

    def get_token_type(self, pair: TokenPair) -> str:
        return "Bearer"

    def get_expires_in(self, pair: TokenPair) -> int:
        return int(settings.SESSION_TIMEOUT.total_seconds())


class LoginSerializer(serializers.Serializer[Any]):
    """Checks a user name and a password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the user.

        Raises:
            NotSignedIn: unknown, wrong or inactive, without saying which.
        """
        request = cast("Request", self.context["request"])
        user = authenticate(request._request, **attrs)
        if user is None:
            raise NotSignedIn(_("User name or password are wrong."), code="wrong_credentials")
        return {"user": user}


class RefreshSerializer(serializers.Serializer[Any]):
    """Takes a refresh token for a new pair."""

    refresh_token = serializers.CharField(write_only=True)


class LogoutSerializer(serializers.Serializer[Any]):
    """Ends this session, or all of them."""

    everywhere = serializers.BooleanField(default=False)
