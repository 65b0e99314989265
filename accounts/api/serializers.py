"""Login in our own words: `{username, password}` in, `{access_token, …}` out."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenRefreshSerializer
from rest_framework_simplejwt.tokens import AccessToken


class TokensSerializer(serializers.Serializer[dict[str, Any]]):
    """What a client sends as `Authorization: Bearer …`, and for how many seconds it holds."""

    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField(default="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")


def tokens(access: str, refresh: str) -> dict[str, Any]:
    """Put a pair of tokens in the shape of `TokensSerializer`."""
    return {
        "access_token": access,
        "refresh_token": refresh,
        "token_type": "Bearer",
        "expires_in": int(settings.SESSION_TIMEOUT.total_seconds()),
    }


class LoginSerializer(TokenObtainPairSerializer):
    """Checks a user name and a password."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Answer with tokens.

        Raises:
            AuthenticationFailed: unknown, wrong or inactive, without saying which.
        """
        pair = super().validate(attrs)
        return tokens(pair["access"], pair["refresh"])


class RefreshSerializer(serializers.Serializer[dict[str, Any]]):
    """Takes a refresh token for a new access token."""

    refresh_token = serializers.CharField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Answer with tokens.

        Raises:
            TokenError: expired, forged or of the wrong kind.
            AuthenticationFailed: its user may not sign in any more.
        """
        inner = TokenRefreshSerializer(data={"refresh": attrs["refresh_token"]})
        inner.is_valid(raise_exception=True)
        # whose user is gone, inactive or has a new password since gets nothing
        JWTAuthentication().get_user(AccessToken(inner.validated_data["access"]))
        return tokens(inner.validated_data["access"], attrs["refresh_token"])
