"""API tokens: signed by the key ring, each bound to a session that can be ended at any moment."""

from typing import Any

import jwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

from accounts import keys

SESSION_CLAIM = "sid"


class KeyRingBackend(TokenBackend):
    """Signs with the newest key and verifies with the one that a token names."""

    def __init__(self) -> None:
        super().__init__(keys.ALGORITHM, issuer=api_settings.ISSUER)

    def encode(self, payload: dict[str, Any]) -> str:
        """Sign a token."""
        key = keys.signing_key()
        claims = payload | {"iss": self.issuer}
        return jwt.encode(claims, key.private, algorithm=self.algorithm, headers={"kid": key.kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
        """Check signature, issuer and time.

        Raises:
            TokenBackendExpiredToken: it was good once.
            TokenBackendError: it was not.
        """
        try:
            key = keys.verifying_key(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise TokenBackendError("the key is not known")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.private.public_key(),
                algorithms=[self.algorithm],
                issuer=self.issuer,
                options={"verify_signature": verify, "require": ["exp", "iat", "iss", "jti"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("it has run out") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenBackendError(str(error)) from error
        return claims


class _SessionToken(Token):
    """A token of a session."""

    @property
    def token_backend(self) -> TokenBackend:
        """Our key ring."""
        return KeyRingBackend()

    def get_token_backend(self) -> TokenBackend:
        """Our key ring."""
        return self.token_backend


class AccessToken(_SessionToken):
    """Opens the API for a while."""

    token_type = "access"  # noqa: S105  a kind, no password
    lifetime = api_settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(_SessionToken):
    """Good for one more pair of tokens, once."""

    token_type = "refresh"  # noqa: S105  a kind, no password
    lifetime = api_settings.REFRESH_TOKEN_LIFETIME
