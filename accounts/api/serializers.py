"""Login in our own words: `{username, password}` in, `{access_token, …}` out."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import authenticate
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts.otp import codes
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
    """Checks a user name and a password, and the code of a second factor where there is one."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)
    otp = serializers.CharField(
        max_length=32,
        required=False,
        allow_blank=True,
        default="",
        write_only=True,
        help_text="The code that the app shows or that was mailed, or a backup code.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the user.

        Raises:
            NotSignedIn: unknown, wrong or inactive, without saying which.
            OtpRequired, OtpWrong: the password is right, and that is not enough.
            TooManyRequests: too many wrong codes.
        """
        code = attrs.pop("otp")
        request = cast("Request", self.context["request"])
        user = authenticate(request._request, **attrs)
        if user is None:
            raise NotSignedIn(_("User name or password are wrong."), code="wrong_credentials")
        codes.check_sign_in(request._request, user, code)
        return {"user": user}


class RefreshSerializer(serializers.Serializer[Any]):
    """Takes a refresh token for a new pair."""

    refresh_token = serializers.CharField(write_only=True)


class LogoutSerializer(serializers.Serializer[Any]):
    """Ends this session, or all of them."""

    everywhere = serializers.BooleanField(default=False)
