"""Who sends a request: the user of the session that its access token belongs to."""

from django.utils.translation import gettext as _
from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.models import ApiSession, User
from accounts.otp.standing import must_enrol
from accounts.sessions import session_of
from accounts.tokens import AccessToken
from vertexar.errors import NotAllowed


class EnrolmentRequired(NotAllowed, PermissionDenied):
    """A second factor is required of the user, who has none. Of DRF's, so that it asks once."""

    code = "otp_enrolment_required"


class SessionAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`; `request.auth` is the session."""

    def authenticate(self, request: Request) -> tuple[User, ApiSession] | None:  # type: ignore[override]
        """Find the session of the token that came, if one came.

        Raises:
            InvalidToken: it is forged or has run out, or its session is over.
            EnrolmentRequired: its user must set up a second factor first. It is asked here and not
                by a permission: a new view is closed unless it says `open_before_enrolment`.
        """
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header else None
        if raw is None:
            return None
        token = self.get_validated_token(raw)
        session = session_of(token) if isinstance(token, AccessToken) else None
        if session is None:
            raise InvalidToken(_("You are not signed in any more."))
        is_open = getattr(request.parser_context.get("view"), "open_before_enrolment", False)
        if not is_open and must_enrol(session.user):
            raise EnrolmentRequired(
                _("You must set up a second factor first."),
                hint=_("Begin with POST /api/v1/auth/2fa/totp."),
            )
        return session.user, session


class SessionScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    """How OpenAPI speaks of it."""

    target_class = "accounts.api.authentication.SessionAuthentication"
    name = "bearer"
